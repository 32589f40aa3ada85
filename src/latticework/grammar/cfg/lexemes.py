"""What a terminal is written as -> its language.

A terminal denotes a language; the order of alternatives does not count. A lazy repetition makes the part it stands in
as short as it can be: of the texts that match from there to the end of the terminal, those that begin with no other
one. What looks around may look within the lexeme only.
"""

from __future__ import annotations

from latticework.errors import GrammarError
from latticework.grammar import ir
from latticework.grammar.cfg import expressions as ex
from latticework.grammar.cfg.expressions import Expression, Source, Span
from latticework.grammar.cfg.lark_text import is_terminal_name
from latticework.grammar.cfg.modules import Entry, Module
from latticework.grammar.combine import alt, repeat, seq
from latticework.grammar.regex import classes, lowered_tree
from latticework.grammar.regex.folding import folded
from latticework.grammar.regex.parser import parse
from latticework.grammar.regex.reach import looks_ahead, looks_back
from latticework.grammar.regex.syntax import (
    Alternation,
    CharSet,
    Concat,
    Pattern,
    Repetition,
    asserts,
    contains,
)

_MORE = ir.Repeat(ir.ANY_CHAR, 1, None)


class Lexemes:
    """Languages of the terminals of some modules, each worked out once."""

    def __init__(self) -> None:
        self._trees: dict[Entry, Pattern] = {}
        self._open: list[Entry] = []

    def language(self, module: Module, body: Expression) -> ir.Node:
        """The language of a body that stands in ``module``.

        Raises:
            GrammarError: it is empty, holds the empty text, looks beyond the lexeme, or is written wrongly.
        """
        source = module.source
        tree = self._tree(module, body)
        if looks_ahead(tree, 0) or looks_back(tree, 0):
            hint = "a lexeme is matched alone: leave the condition out, or make what it looks at a part of the lexeme"
            source.fail("this terminal depends on what stands beside it", body.span, hint)
        try:
            node = _language(tree)
        except GrammarError as error:
            source.fail(error.message, body.span, error.hint)
        if node == ir.NOTHING:
            source.fail("no text matches this terminal", body.span)
        if accepts_nothing(node):
            source.fail("this terminal matches the empty text", body.span, "make it optional where it is used")
        return node

    def has_dialects(self, module: Module, body: Expression) -> bool:
        """Whether a class holds characters in one dialect of regular expressions that it leaves out in another."""
        return contains(self._tree(module, body), lambda part: isinstance(part, CharSet) and part.ranges != part.outer)

    def _tree(self, module: Module, body: Expression) -> Pattern:
        span = body.span
        match body:
            case ex.Text(text, ignore_case):
                parts = tuple(_character(char, ignore_case, span) for char in text)
                return parts[0] if len(parts) == 1 else Concat(parts, span)
            case ex.CharSet(ranges):
                return CharSet(*classes.exact(ranges), span)
            case ex.Regex():
                return _regex(module.source, body)
            case ex.Sequence(parts):
                return Concat(tuple(self._tree(module, part) for part in parts), span)
            case ex.Choice(options):
                return Alternation(tuple(self._tree(module, option) for option in options), span)
            case ex.Repeat(inner, low, high):
                return Repetition(self._tree(module, inner), low, high, span)
            case ex.Name(name):
                return self._named(module, name, span)
            case ex.Use():
                module.source.fail("a terminal is made of terminals, not of rules", span)

    def _named(self, module: Module, name: str, span: Span) -> Pattern:
        entry = module.entry(name, span)
        if not is_terminal_name(name):
            module.source.fail("a terminal is made of terminals, not of rules", span)
        if entry.is_declared:
            module.source.fail(f"{name} is only declared", span, "it may stand in rules, not inside other terminals")
        if entry in self._open:
            module.source.fail(f"the terminal {name} is made of itself", span, "what nests is a rule: in small letters")
        if entry not in self._trees:
            self._open.append(entry)
            options = tuple(self._tree(*body) for body in entry.bodies)
            self._open.pop()
            self._trees[entry] = options[0] if len(options) == 1 else Alternation(options, entry.span)
        return self._trees[entry]


def single_text(entry: Entry) -> ex.Text | None:
    """The text of a terminal that is nothing but one."""
    bodies = [body for _, body in entry.bodies]
    return bodies[0] if len(bodies) == 1 and isinstance(bodies[0], ex.Text) else None


def accepts_nothing(node: ir.Node) -> bool:
    """Whether the empty text is in the language; builds an automaton where set operations decide it."""
    match node:
        case ir.Literal(data=data):
            return not data
        case ir.Words():
            return b"" in node.words
        case ir.Chars() | ir.JsonChars() | ir.JsonKey() | ir.Multiples():
            return False
        case ir.Seq():
            return all(map(accepts_nothing, node.parts))
        case ir.Alt():
            return any(map(accepts_nothing, node.options))
        case ir.Repeat():
            return node.low == 0 or accepts_nothing(node.body)
        case ir.Join():
            return node.low == 0 or (accepts_nothing(node.item) and (node.low < 2 or accepts_nothing(node.separator)))
        case ir.Located() | ir.Alone():
            return accepts_nothing(node.body)
        case ir.Intersect():
            return all(map(accepts_nothing, node.parts))
        case ir.Except():
            return accepts_nothing(node.body) and not accepts_nothing(node.removed)
    from latticework.automata.build import build_automaton
    from latticework.automata.run import accepts

    return accepts(build_automaton(node), b"")


def _character(char: str, ignore_case: bool, span: Span) -> CharSet:
    klass = classes.exact(((ord(char), ord(char)),))
    if ignore_case and char.isascii():
        klass = classes.exact([(ord(form), ord(form)) for form in (char.lower(), char.upper())])
    elif ignore_case:
        klass = folded(klass)
    return CharSet(*klass, span)


def _regex(source: Source, body: ex.Regex) -> Pattern:
    flags = "".join(flag for flag in "imsux" if flag in body.flags)
    if "l" in body.flags:
        source.fail("the flag l (locale) is not supported", body.span)
    prefix = f"(?{flags})" if flags else ""
    try:
        return parse(prefix + body.pattern)
    except GrammarError as error:
        shift = body.span[0] + 1 - len(prefix)
        source.fail(error.message, (max(error.span[0] + shift, body.span[0]), error.span[1] + shift), error.hint)


def _is_lazy(pattern: Pattern) -> bool:
    return isinstance(pattern, Repetition) and pattern.lazy


def _language(tree: Pattern) -> ir.Node:
    if not contains(tree, _is_lazy):
        return lowered_tree(tree)
    match tree:
        case Alternation(options):
            return alt([_language(option) for option in options])
        case Concat(parts):
            first = next(index for index, part in enumerate(parts) if contains(part, _is_lazy))
            if asserts(tree) and not _may_split(parts[:first], parts[first:]):
                return _shortest(tree)
            head = lowered_tree(Concat(parts[:first], tree.span))
            if first == len(parts) - 1:
                return seq([head, _language(parts[first])])
            return seq([head, _shortest(Concat(parts[first:], tree.span))])
        case Repetition(body, low, high, lazy=False) if low == high:
            return repeat(_language(body), low, high)
    return _shortest(tree)


def _may_split(head: tuple[Pattern, ...], rest: tuple[Pattern, ...]) -> bool:
    """Whether neither part looks at the other."""
    return not (looks_ahead(Concat(head, (0, 0)), 0) or looks_back(Concat(rest, (0, 0)), 0))


def _shortest(tree: Pattern) -> ir.Node:
    """Texts of ``tree`` of which no other one is a beginning.

    Raises:
        GrammarError: a repetition takes as much as it can behind or around one that takes as little.
    """
    if _is_greedy_after_lazy(tree, False)[1]:
        raise GrammarError(
            "a greedy repetition behind or around a lazy one is not supported in a terminal",
            hint="say which characters may be repeated instead: [^x]* for .*? in front of x",
        )
    node = lowered_tree(tree)
    return ir.NOTHING if node == ir.NOTHING else ir.Except(node, ir.Seq((node, _MORE)))


def _is_greedy_after_lazy(pattern: Pattern, after: bool) -> tuple[bool, bool]:
    """Whether a lazy repetition stands before the end of the pattern, and whether a greedy one follows or holds it."""
    match pattern:
        case Concat(parts):
            clash = False
            for part in parts:
                after, found = _is_greedy_after_lazy(part, after)
                clash |= found
            return after, clash
        case Alternation(options):
            results = [_is_greedy_after_lazy(option, after) for option in options]
            return any(seen for seen, _ in results), any(clash for _, clash in results)
        case Repetition(body, low, high, lazy=lazy):
            if lazy:
                return True, contains(body, lambda part: isinstance(part, Repetition) and part.low != part.high)
            seen, clash = _is_greedy_after_lazy(body, after)
            return seen, clash or (low != high and seen)
    return after, False
