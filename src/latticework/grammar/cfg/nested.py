"""Languages of IR nodes that name one another -> a context-free grammar.

A :class:`Rule` stands for a language that is given elsewhere, possibly by nodes that hold the rule again. What holds no
rule is regular: neighbours of that kind are one terminal. No terminal has a priority, so a lexeme is read as every
terminal that matches it, and a terminal may end wherever it matches: the texts of the grammar are exactly those of the
nodes, however the terminals overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from latticework.grammar import ir
from latticework.grammar.cfg.draft import Draft, Right
from latticework.grammar.cfg.emptiness import accepts_nothing
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Terminal
from latticework.grammar.combine import alt, seq
from latticework.grammar.walks import nodes

_LONGEST_NAME = 30


class Rule(ir.Node):
    """The language of the rule ``name``; read here only, never by the builder of automata."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name
        self._seal(name)


class NotContextFree(Exception):
    """A set operation on a language with rules, which need not be context-free. Internal."""


def holds_rule(root: ir.Node) -> bool:
    """Whether there is a rule anywhere inside; linear in the number of different nodes."""
    return any(isinstance(node, Rule) for node in nodes(root))


def grammar_of(
    start: str, rules: Mapping[str, ir.Node], grammars: Mapping[str, ContextFreeGrammar] | None = None
) -> ContextFreeGrammar:
    """The texts of the rule ``start``; every rule that is named must be given. Linear in the number of nodes.

    Args:
        grammars: rules that are whole grammars, each with its own lexemes.

    Raises:
        NotContextFree: a rule inside an intersection, a difference or a count of characters.
    """
    writer = _Writer(rules, grammars or {})
    return writer.draft.finish(writer.rule(start))


class _Writer:
    def __init__(self, rules: Mapping[str, ir.Node], grammars: Mapping[str, ContextFreeGrammar]) -> None:
        self.draft = Draft()
        self._rules = rules
        self._grammars = grammars
        self._symbols: dict[str, int] = {}
        self._names: list[str] = []
        self._known: dict[bytes, Right] = {}
        self._terminals: dict[bytes, Right] = {}
        self._is_nested: dict[bytes, bool] = {}
        self._symbol_of_nothing = self.draft.nonterminal("nothing")

    def rule(self, start: str) -> int:
        """The nonterminal of a rule, and of all that it leads to."""
        found = self._symbol(start)
        for name in self._names:  # grows while it is walked
            if name in self._grammars:
                # Modes from 1 on, also where no terminal of mode 0 is there yet.
                right = (self.draft.embed(self._grammars[name], max(self.draft.modes, 1)),)
            else:
                right = self._right(self._rules[name])
            self.draft.add(self._symbol(name), [right])
        return found

    def _symbol(self, name: str) -> int:
        if name not in self._symbols:
            self._symbols[name] = self.draft.nonterminal(name)
            self._names.append(name)
        return self._symbols[name]

    def _nests(self, node: ir.Node) -> bool:
        """Whether there is a rule inside."""
        found = self._is_nested.get(node.digest)
        if found is None:
            found = isinstance(node, Rule) or any(map(self._nests, ir.children(node)))
            self._is_nested[node.digest] = found
        return found

    def _right(self, node: ir.Node) -> Right:
        """How ``node`` is written as symbols; equal nodes that are more than a sequence share theirs."""
        found = self._known.get(node.digest)
        if found is None:
            found = self._known[node.digest] = self._written(_bare(node))
        return found

    def _written(self, node: ir.Node) -> Right:
        if not self._nests(node):
            return self._lexeme([node])
        match node:
            case Rule():
                return (self._symbol(node.name),)
            case ir.Seq():
                return self._sequence(self._flat(node))
            case ir.Alt():
                regular = alt(option for option in node.options if not self._nests(option))
                options = [self._right(option) for option in node.options if self._nests(option)]
                return self.draft.one_of([*([] if regular == ir.NOTHING else [self._lexeme([regular])]), *options])
            case ir.Repeat():
                return self.draft.copies(self._right(node.body), node.low, node.high)
            case ir.Join():
                return self._joined(node)
            case ir.Ordered():
                return self._ordered(node)
        raise NotContextFree(type(node).__name__)

    def _flat(self, node: ir.Seq) -> list[ir.Node]:
        """The parts with those of sequences inside that hold rules."""
        parts: list[ir.Node] = []
        for part in map(_bare, node.parts):
            parts += self._flat(part) if isinstance(part, ir.Seq) and self._nests(part) else [part]
        return parts

    def _sequence(self, parts: Sequence[ir.Node]) -> Right:
        found: Right = ()
        regular: list[ir.Node] = []
        for part in parts:
            if self._nests(part):
                found += (*self._lexeme(regular), *self._right(part))
                regular = []
            else:
                regular.append(part)
        return found + self._lexeme(regular)

    def _joined(self, node: ir.Join) -> Right:
        if node.high == 0:
            return ()
        item = self._right(node.item)
        more = self._right(node.separator) + item
        items = item + self.draft.copies(more, max(node.low - 1, 0), None if node.high is None else node.high - 1)
        return items if node.low else self.draft.optional(items)

    def _ordered(self, node: ir.Ordered) -> Right:
        """Members behind others, each with its separator; then what may come first."""
        draft = self.draft
        if node.second or node.ahead is not None:
            return self._in_two_orders(node)
        separator = self._right(node.separator)
        further = () if node.anywhere is None else self._right(node.anywhere)
        more = draft.copies(separator + further, 0, None) if further else ()
        members = [self._right(member) + more for member, _ in node.members]
        required = [is_required for _, is_required in node.members]
        pieces = [
            separator + member if is_required else draft.optional(separator + member)
            for member, is_required in zip(members, required, strict=True)
        ]

        def in_order(low: int, high: int) -> Right:
            return tuple(symbol for piece in pieces[low:high] for symbol in piece)

        count = len(members)
        after = [in_order(index, count) for index in range(count + 1)]
        if node.early:
            for index in range(count - 1, -1, -1):
                options = [
                    separator + members[early] + in_order(index, early) + after[early + 1]
                    for early in range(index, count)
                ]
                after[index] = draft.one_of([*options, *([] if any(required[index:]) else [()])])
        first = count if node.early or not any(required) else required.index(True) + 1
        options = [
            members[index] + (in_order(0, index) if node.early else ()) + after[index + 1] for index in range(first)
        ]
        if further:
            options.append(further + more + after[0])
        return draft.one_of(options if any(required) else [(), *options])

    def _in_two_orders(self, node: ir.Ordered) -> Right:
        orders = [node.members, *([[node.members[index] for index in node.second]] if node.second else [])]
        if node.ahead is not None:
            further = ir.Join(node.ahead, node.separator, 1, None), False
            orders = [[further, *order] for order in orders]
        return self.draft.one_of([self._right(ir.Ordered(order, node.separator)) for order in orders])

    def _lexeme(self, parts: list[ir.Node]) -> Right:
        """One terminal, left out where the empty text is meant."""
        node = seq(parts) if len(parts) != 1 else parts[0]
        if node == ir.EMPTY:
            return ()
        if node == ir.NOTHING:
            return (self._symbol_of_nothing,)
        found = self._terminals.get(node.digest)
        if found is None:
            may_be_empty = accepts_nothing(node)
            pattern = ir.Except(node, ir.EMPTY) if may_be_empty else node
            found = (self.draft.terminal(Terminal(_name(node), pattern, munch=False)),)
            found = self._terminals[node.digest] = self.draft.optional(found) if may_be_empty else found
        return found


def _bare(node: ir.Node) -> ir.Node:
    while isinstance(node, ir.Located | ir.Alone):
        node = node.body
    return node


def _name(node: ir.Node) -> str:
    """What a terminal begins with."""
    found = b""
    parts = [node]
    while parts and len(found) < _LONGEST_NAME:
        part = parts.pop(0)
        if isinstance(part, ir.Literal):
            found += part.data
        elif isinstance(part, ir.Seq | ir.Located | ir.Alone):
            parts = [*ir.children(part), *parts]
        else:
            return found.decode(errors="replace") + "..."
    return found.decode(errors="replace")
