"""Railroad diagrams of grammars: of the language of a schema or pattern, or of every rule of a context-free grammar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from latticework.grammar import ir
from latticework.grammar.ranges import complement_ranges
from latticework.grammar.tree_size import tree_size
from latticework.viz.automaton import GraphElement, graph_of
from latticework.viz.railroad import Box, Choice, Element, Framed, Loop, Skip, in_rows, optional, picture

if TYPE_CHECKING:
    from latticework.automata.automaton import ByteAutomaton
    from latticework.grammar.cfg.syntax import ContextFreeGrammar
    from latticework.grammar.grammar import Grammar

MOST_OPTIONS = 8  # of one choice; the others are counted
MOST_BOXES = 600  # of one picture
_OWN_DIAGRAM = 40  # nodes of a value that is drawn by itself
_LONGEST = 40  # characters of one box
_VISIBLE = str.maketrans({"\n": "↵", "\t": "⇥", "\r": "␍", " ": "␣"})


def diagram(grammar: Grammar, automaton: ByteAutomaton | None = None) -> str:
    """A grammar as SVG. What occurs again and again has a diagram of its own; what is too much is counted.

    Args:
        automaton: what the grammar has been compiled to, drawn below it where it is small.

    Cost: linear in what is drawn, which is at most some hundred boxes.
    """
    if grammar.context_free is not None:
        return picture(_rules(grammar.context_free))
    drawing = _Drawing()
    found: list[tuple[str, Element]] = [
        ("document" if grammar.kind == "json_schema" else "text", drawing.element(grammar.node))
    ]
    while drawing.waiting:
        name, body = drawing.waiting.pop(0)
        found.append((name, drawing.element(body)))
    graph = None if automaton is None else graph_of(automaton)
    if graph is not None:
        found.append(("automaton", GraphElement(graph)))
    return picture(found)


class _Drawing:
    """Elements of IR nodes; bodies that are compiled once are named and wait for a diagram of their own."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, ir.Node]] = []
        self._names: dict[bytes, str] = {}
        self._boxes = 0

    def element(self, node: ir.Node) -> Element:
        self._boxes += 1
        if self._boxes > MOST_BOXES:
            return Box("…", "rule")
        match node:
            case ir.Located():
                if node.where and self._boxes > 1 and tree_size(node).weight > _OWN_DIAGRAM:
                    return Box(_cut(self._named(node.body, node.where)), "rule")
                return self.element(node.body)
            case ir.Literal():
                return Box(_shown(node.data))
            case ir.Words():
                return _choice([Box(_shown(word)) for word in node.words[: MOST_OPTIONS + 1]], len(node.words))
            case ir.Chars():
                return Box(_ranges(node.ranges), "rule")
            case ir.JsonChars():
                return Box(_ranges(node.ranges), "rule")
            case ir.Seq():
                return in_rows([self.element(part) for part in _joined(node.parts)])
            case ir.Alt():
                return self._union(node.options)
            case ir.Repeat():
                return self._repeated(self.element(node.body), None, node.low, node.high)
            case ir.Join():
                return self._repeated(self.element(node.item), self.element(node.separator), node.low, node.high)
            case ir.Ordered():
                return self._members(node)
            case ir.Counted():
                return Framed(_times(node.low, node.high, "characters"), self.element(node.body))
            case ir.JsonKey():
                excluded = ", ".join(node.excluded)
                return Box(_cut(f"key but {excluded}" if excluded else "any key"), "rule")
            case ir.Multiples():
                return Box(f"multiple of {node.divisor}/10^{node.places}" if node.places else
                           f"multiple of {node.divisor}", "rule")  # fmt: skip
            case ir.Alone():
                return Box(self._named(node.body), "rule")
            case ir.Intersect():
                return Framed("all of these at once", _choice([self.element(part) for part in node.parts]))
            case ir.Except():
                return Framed("the first, but not the second",
                              _choice([self.element(node.body), self.element(node.removed)]))  # fmt: skip
            case ir.Marked():
                return Framed("with conditions on what stands around", self.element(node.body))
            case ir.Distinct():
                note = _times(node.low, node.high, "items, all different")
                return Framed(note, Loop(self.element(node.item), self.element(node.separator)))
        raise TypeError(f"unknown grammar node {type(node).__name__}")

    def _union(self, options: Sequence[ir.Node]) -> Element:
        if not options:
            return Box("nothing at all", "rule")
        some = [option for option in options if option != ir.EMPTY]
        shown = [self.element(option) for option in some[: MOST_OPTIONS + 1]]
        made = _choice(shown, len(some)) if shown else Skip()
        return made if len(some) == len(options) else optional(made)

    def _repeated(self, body: Element, between: Element | None, low: int, high: int | None) -> Element:
        if high == 0:
            return Skip()
        if high == 1:
            return body if low == 1 else optional(body)
        note = "" if high is None and low <= 1 else _times(max(low, 1), high, "times")
        loop = Loop(body, between, note)
        return loop if low else optional(loop)

    def _members(self, node: ir.Ordered) -> Element:
        items: list[Element] = []
        if node.ahead is not None:
            items.append(optional(Loop(self.element(node.ahead))))
        for member, required in node.members:
            made = self.element(member)
            items.append(made if required else optional(made))
        if node.anywhere is not None:
            items.append(optional(Loop(self.element(node.anywhere), note="at any place")))
        row = in_rows(items)
        separator = _cut(_plain(node.separator))
        note = f"separated by {separator}" if separator and len(items) > 1 else ""
        notes = [note] if note else []
        if node.early:
            notes.append("one at a time may come early")
        if node.second:
            notes.append("or required ones first")
        return Framed("; ".join(notes), row) if notes else row

    def _named(self, body: ir.Node, name: str = "") -> str:
        """The name of a diagram of its own; the place in the schema where there is one."""
        known = self._names.get(body.digest)
        if known is None:
            known = name or f"part {len(self._names) + 1}"
            self._names[body.digest] = known
            self._names[body.digest] = name
            self.waiting.append((known, body))
        return known


def _rules(grammar: ContextFreeGrammar) -> list[tuple[str, Element]]:
    """A diagram for every nonterminal, the start first."""
    count = len(grammar.terminals)
    of_left: dict[int, list[Element]] = {}
    for production in grammar.productions:
        row = [Box(_cut(grammar.name(s)), "text" if s < count else "rule") for s in production.right]
        of_left.setdefault(production.left, []).append(in_rows(row))
    order = sorted(of_left, key=lambda left: (left != grammar.start, left))
    return [(grammar.name(left), _alternatives(of_left[left])) for left in order]


def _alternatives(rows: list[Element]) -> Element:
    some = [row for row in rows if row.width]
    made = _choice(some, len(some)) if some else Skip()
    return made if len(some) == len(rows) else optional(made)


def _choice(shown: Sequence[Element], count: int | None = None) -> Element:
    """``count``: how many there are in all, if not all of them are in ``shown``."""
    count = len(shown) if count is None else count
    options = list(shown)
    if count > MOST_OPTIONS:
        options = [*options[: MOST_OPTIONS - 1], Box(f"… {count - MOST_OPTIONS + 1} more", "rule")]
    return options[0] if len(options) == 1 else Choice(options)


def _joined(parts: Sequence[ir.Node]) -> list[ir.Node]:
    """The parts, with literals that stand side by side as one."""
    found: list[ir.Node] = []
    for part in parts:
        bare = part
        while isinstance(bare, ir.Located):
            bare = bare.body
        if isinstance(bare, ir.Literal) and found and isinstance(found[-1], ir.Literal):
            found[-1] = ir.Literal(found[-1].data + bare.data)
        else:
            found.append(bare if isinstance(bare, ir.Literal) else part)
    return found


def _plain(node: ir.Node) -> str:
    """What a node says if it is one literal."""
    while isinstance(node, ir.Located):
        node = node.body
    return _shown(node.data) if isinstance(node, ir.Literal) else ""


def _times(low: int, high: int | None, what: str) -> str:
    if high is None:
        return f"{low} or more {what}" if low else f"any number of {what}"
    return f"{low} {what}" if low == high else f"{low} to {high} {what}"


def _shown(data: bytes) -> str:
    return _cut(data.decode("utf-8", errors="replace").translate(_VISIBLE)) or "(empty)"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _ranges(ranges: ir.Ranges) -> str:
    """Characters in words where they are many, by range where they are few."""
    size = sum(high - low + 1 for low, high in ranges)
    if size > 0x10FFFF - 0x900:
        return "any character"
    if size > 0x8000 and len(ranges) > 3:
        outside = complement_ranges(ranges)
        return _cut("any character but " + "".join(_range(low, high) for low, high in outside[:6]))
    return _cut("[" + "".join(_range(low, high) for low, high in ranges[:10]) + ("…" if len(ranges) > 10 else "") + "]")


def _range(low: int, high: int) -> str:
    ends = [chr(point).translate(_VISIBLE) if 0x20 <= point < 0x7F or 0xA0 < point < 0x3000 else f"U+{point:04X}"
            for point in (low, high)]  # fmt: skip
    return ends[0] if low == high else f"{ends[0]}-{ends[1]}"
