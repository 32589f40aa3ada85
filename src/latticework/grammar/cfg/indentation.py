"""Blocks by indentation, as in Python: rules are copied for every level, and once more for the inside of brackets.

A line break is a lexeme together with the blank lines and comments behind it and the indentation of the next line, so
there is one terminal for every level. ``_NEWLINE`` in the copy of a rule for level k is the line break of level k,
``_INDENT`` that of level k + 1 (or of others, see ``steps``), and what follows it up to ``_DEDENT``, which is nothing,
is written at that level. A block ends where the line break of an outer level follows. Only copies that are reached are
made, so the grammar grows with the number of levels by the rules that hold blocks.

Between brackets, any line break may stand before every lexeme. Lines that are joined within a statement are part of the
lexeme behind the joint, so that no text ends in one; at the beginning of a line, where it would be unclear how far the
line is indented, there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Literal, TypeAlias

from latticework.errors import GrammarError, InputError
from latticework.grammar import ir
from latticework.grammar.cfg.checks import refuse_empty
from latticework.grammar.cfg.draft import Draft, Right
from latticework.grammar.cfg.layout_of_text import steps_of
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Terminal
from latticework.grammar.regex import lowered

_LINE_BREAK = ir.Alt((ir.Literal(b"\n"), ir.Literal(b"\r\n")))
_LEVELS = 8
_BLANK = ir.Chars(((0x09, 0x09), (0x0C, 0x0C), (0x20, 0x20)))


def name_of_rule(nonterminal: str) -> str:
    """The rule that a nonterminal stands for, which may be a copy for one place."""
    return _SUFFIX.sub("", nonterminal)


@dataclass(frozen=True, slots=True)
class Indentation:
    """How a grammar with blocks by indentation is laid out.

    Attributes:
        newline, indent, dedent: the terminals that rules use: between statements of a block, before and behind a block
            that is deeper. ``indent`` stands for the line break, too.
        open, close: texts between which line breaks mean nothing; both stand in one alternative of a rule.
        unit: one level of indentation. Lines indented otherwise are refused.
        levels: how many units a line is indented by at most; what nests deeper is left out.
        steps: by how many units a block may be indented more than what is around it.
        comment: regular expression of what may fill a line up to its end.
        joint: regular expression of a line break that is read over, ``None`` for none.
    """

    newline: str = "_NEWLINE"
    indent: str = "_INDENT"
    dedent: str = "_DEDENT"
    open: tuple[str, ...] = ("(", "[", "{")
    close: tuple[str, ...] = (")", "]", "}")
    unit: str = "    "
    levels: int = _LEVELS
    steps: tuple[int, ...] = (1,)
    comment: str = r"#[^\x00\r\n]*"
    joint: str | None = r"\\\r?\n"

    def __post_init__(self) -> None:
        if not self.unit or set(self.unit) - set(" \t"):
            raise InputError(f"a unit of indentation is made of blanks or tabs, not {self.unit!r}")
        if self.levels < 0:
            raise InputError(f"blocks cannot nest {self.levels} deep")
        if not self.steps or min(self.steps) < 1:
            raise InputError(f"blocks are indented by at least one unit, not by {list(self.steps)}")

    @classmethod
    def like(cls, text: str) -> Indentation:
        """The layout of Python as ``text`` has it, which may have gaps: blanks or tabs, and how many.

        Where blocks are indented by different numbers of blanks, all of those are steps; where those are too many, the
        commonest one is the unit. A text without blocks gives the default.
        """
        found = steps_of(text)
        if found is None:
            return cls()
        unit, steps = found
        return cls(unit=unit, steps=steps, levels=_LEVELS * max(steps))

    def described(self) -> str:
        """What a grammar with this layout leaves out."""
        if self.steps == (1,):
            return f"blocks nest up to {self.levels} deep, each indented by {self.unit!r} (choose by lw.Indentation)"
        steps = " or ".join(map(str, self.steps))
        return f"lines are indented by up to {self.levels} times {self.unit!r}, blocks by {steps} more than around them"

    @property
    def names(self) -> frozenset[str]:
        """The terminals that the layout gives."""
        return frozenset((self.newline, self.indent, self.dedent))


_Role: TypeAlias = Literal["newline", "indent", "dedent", "open", "close"]
_BRACKETS = -1
_ANYWHERE = -2
_SUFFIX = re.compile(r" (in brackets|at level [0-9]+)$")
_Place: TypeAlias = int  # a level, or one of these two


@dataclass(frozen=True, slots=True)
class _Step:
    """A symbol of a right side, and where it stands relative to the whole."""

    symbol: int
    role: _Role | None
    blocks: tuple[int, ...]  # those around it, by number within the right side
    in_brackets: bool


def laid_out(draft: Draft, start: int, layout: Indentation, symbols: Mapping[int, str]) -> ContextFreeGrammar:
    """The grammar with its blocks and brackets spelt out.

    Args:
        symbols: the terminals of ``draft`` that stand for ``newline``, ``indent`` and ``dedent``, with their names.

    Raises:
        GrammarError: blocks or brackets do not end in the alternative in which they begin, or all texts nest too deep.
        InputError: a part of the grammar is a JSON string of another one.
    """
    if any(terminal.writing != "plain" for terminal in draft.terminals):
        raise InputError("a grammar with blocks by indentation cannot hold JSON strings of grammars")
    return _Copier(draft, layout, _roles(draft, layout, symbols)).copy(start)


def _roles(draft: Draft, layout: Indentation, symbols: Mapping[int, str]) -> dict[int, _Role]:
    given: dict[str, _Role] = {layout.newline: "newline", layout.indent: "indent", layout.dedent: "dedent"}
    roles: dict[int, _Role] = {symbol: given[name] for symbol, name in symbols.items()}
    opening = {text.encode() for text in layout.open}
    closing = {text.encode() for text in layout.close}
    for symbol, terminal in enumerate(draft.terminals):
        if terminal.is_literal and isinstance(terminal.pattern, ir.Literal):
            if terminal.pattern.data in opening:
                roles[symbol] = "open"
            elif terminal.pattern.data in closing:
                roles[symbol] = "close"
    return roles


class _Copier:
    def __init__(self, draft: Draft, layout: Indentation, roles: dict[int, _Role]) -> None:
        self.old = draft
        self.new = Draft()
        self.layout = layout
        self.roles = roles
        self.steps = {left: [self._steps(left, right) for right in rights] for left, rights in draft.rules}
        self.levelled = self._levelled()
        self.copies: dict[tuple[int, _Place], int] = {}
        self.waiting: list[tuple[int, int, _Place]] = []
        joint = ir.NOTHING if layout.joint is None else lowered(layout.joint)
        self.blanks_and_joints = ir.Repeat(ir.Alt((_BLANK, joint)), 0, None)
        self.joints = ir.Repeat(ir.Seq((joint, ir.Repeat(_BLANK, 0, None))), 0, None)
        self.joint = ir.Seq((joint, self.blanks_and_joints))
        self.terminal = {
            symbol: self.new.terminal(replace(terminal, pattern=ir.Seq((self.joints, terminal.pattern))))
            for symbol, terminal in enumerate(draft.terminals)
            if roles.get(symbol) not in ("newline", "indent", "dedent")
        }
        self.new.ignored = [self.terminal[symbol] for symbol in draft.ignored]
        self.new.competing = [self.terminal[symbol] for symbol in draft.competing]
        self.breaks, self.other_breaks = self._line_breaks()
        self.wrapped: dict[int, int] = {}
        self.any_break: int | None = None

    def copy(self, start: int) -> ContextFreeGrammar:
        text = self.new.nonterminal(self.old.name(start))
        whole = self._copy(start, 0)
        first, last, indented = self._ends()
        self.new.add(text, [(*before, whole, *after) for before in ((), (first,)) for after in ((), (last,))])
        while self.waiting:
            left, nonterminal, place = self.waiting.pop()
            self.new.add(left, [right for steps in self.steps[nonterminal] for right in self._rights(steps, place)])
        self.new.places[text] = self.old.places[start]
        refuse_empty(self.new, text)
        self.new.competing += (*self.other_breaks, indented, *self.breaks)
        return self.new.finish(text)

    def _steps(self, nonterminal: int, right: Right) -> list[_Step]:
        found: list[_Step] = []
        blocks: tuple[int, ...] = ()
        begun = brackets = 0
        for symbol in right:
            role = self.roles.get(symbol)
            if role == "close":
                brackets -= 1
                if brackets < 0:
                    self._fail(nonterminal, f"{self.old.name(symbol)} closes what was not opened")
            elif role == "indent":
                blocks = (*blocks, begun)
                begun += 1
            elif role == "dedent" and not blocks:
                self._fail(nonterminal, f"{self.layout.dedent} stands before {self.layout.indent}")
            # A closing bracket may stand on a line of its own, so it is still inside.
            found.append(_Step(symbol, role, blocks, brackets > 0 or role == "close"))
            if role == "open":
                brackets += 1
            elif role == "dedent":
                blocks = blocks[:-1]
        if blocks or brackets:
            missing = self.layout.dedent if blocks else "a closing bracket"
            self._fail(nonterminal, f"{missing} is missing")
        for left, then in pairwise(found):
            if (left.role, then.role) == ("newline", "indent"):
                self._fail(nonterminal, f"{self.layout.indent} stands for the line break, too: no newline before it")
        return found

    def _fail(self, nonterminal: int, message: str) -> None:
        place = self.old.places.get(nonterminal)
        hint = "brackets and blocks begin and end in one alternative of a rule"
        if place is None:
            raise GrammarError(message, hint=hint)
        place[0].fail(f"{message} in {self.old.name(nonterminal)}", place[1], hint)

    def _levelled(self) -> set[int]:
        """Nonterminals whose texts depend on the level, outside of brackets."""
        users: dict[int, list[int]] = {}
        work: list[int] = []
        for left, rights in self.steps.items():
            outside = [step for steps in rights for step in steps if not step.in_brackets]
            if any(step.role in ("newline", "indent") for step in outside):
                work.append(left)
            for step in outside:
                users.setdefault(step.symbol, []).append(left)
        found: set[int] = set()
        while work:
            symbol = work.pop()
            if symbol not in found:
                found.add(symbol)
                work += users.get(symbol, ())
        return found

    def _line_breaks(self) -> tuple[list[int], list[int]]:
        """The terminals of every level; that of any other indentation, which yields to them, and that with joints."""
        before = ir.Seq((self.joints, _LINE_BREAK, ir.Repeat(self._blank_line(), 0, None)))
        unit = self.layout.unit.encode()
        exact = [
            self.new.terminal(Terminal(f"line break, level {level}", ir.Seq((before, ir.Literal(unit * level))), 1))
            for level in range(self.layout.levels + 1)
        ]
        blanks = ir.Repeat(_BLANK, 0, None)
        other = self.new.terminal(Terminal("line break, other indentation", ir.Seq((before, blanks))))
        joined = Terminal("line break, joined lines", ir.Seq((before, blanks, self.joint)))
        return exact, [other] if self.layout.joint is None else [other, self.new.terminal(joined)]

    def _blank_line(self) -> ir.Node:
        return ir.Seq((ir.Repeat(_BLANK, 0, None), ir.Repeat(lowered(self.layout.comment), 0, 1), _LINE_BREAK))

    def _ends(self) -> tuple[int, int, int]:
        """Blank lines before the first and behind the last lexeme, and what may not stand before the first."""
        before_text = self.old.modes  # what competes before the first lexeme only
        more = ir.Repeat(self._blank_line(), 0, None)
        ending = ir.Seq((more, ir.Repeat(_BLANK, 0, None), lowered(self.layout.comment)))
        lines = ir.Alt((ir.Repeat(self._blank_line(), 1, None), ending))
        first = Terminal("blank lines", lines, 1, mode=before_text)
        joined = ir.Seq((ir.Repeat(_BLANK, 0, None), self.joint, ir.Repeat(ir.ANY_CHAR, 0, None)))
        strange = ir.Seq((more, ir.Alt((ir.Repeat(_BLANK, 1, None), joined))))
        top = 1 + max((terminal.priority for terminal in self.old.terminals), default=1)
        indented = Terminal("indentation of the first line", strange, max(top, 2), mode=before_text)
        comment = self.new.terminal(Terminal("comment at the end", ir.Seq((self.joints, _LINE_BREAK, ending))))
        last = self.new.nonterminal("end")
        self.new.add(last, [(symbol,) for symbol in (*self.breaks, self.other_breaks[0], comment)])
        return self.new.terminal(first), last, self.new.terminal(indented)

    def _copy(self, nonterminal: int, place: _Place) -> int:
        if place != _BRACKETS and nonterminal not in self.levelled:
            place = _ANYWHERE
        key = (nonterminal, place)
        if key not in self.copies:
            self.copies[key] = self.new.nonterminal(self.old.name(nonterminal) + _suffix(place))
            self.waiting.append((self.copies[key], nonterminal, place))
        return self.copies[key]

    def _rights(self, steps: list[_Step], place: _Place) -> Iterator[Right]:
        """A right side at a place, its blocks indented by every number of units that they may be; none if it cannot
        stand there."""
        blocks = sum(step.role == "indent" for step in steps)
        for widths in product(self.layout.steps, repeat=blocks):
            right = self._right(steps, place, widths)
            if right is not None:
                yield right

    def _right(self, steps: list[_Step], place: _Place, widths: tuple[int, ...]) -> Right | None:
        out: list[int] = []
        for step in steps:
            inside = place == _BRACKETS or step.in_brackets
            level = place + sum(widths[block] for block in step.blocks)
            if step.role in ("newline", "indent", "dedent"):
                if inside or level > self.layout.levels:
                    return None
                if step.role != "dedent":
                    out.append(self.breaks[level])
            elif step.symbol >= 0:
                symbol = self.terminal[step.symbol]
                out.append(self._behind_break(symbol) if inside else symbol)
            else:
                out.append(self._copy(step.symbol, _BRACKETS if inside else level))
        return tuple(out)

    def _behind_break(self, terminal: int) -> int:
        """``terminal``, with or without a line break before it."""
        if terminal not in self.wrapped:
            if self.any_break is None:
                self.any_break = self.new.nonterminal("line break")
                self.new.add(self.any_break, [(symbol,) for symbol in (*self.breaks, *self.other_breaks)])
            self.wrapped[terminal] = self.new.nonterminal(f"{self.new.name(terminal)} in brackets")
            self.new.add(self.wrapped[terminal], [(terminal,), (self.any_break, terminal)])
        return self.wrapped[terminal]


def _suffix(place: _Place) -> str:
    """What is added to the name of a rule for its copy at a place; read by :func:`name_of_rule`."""
    return {_BRACKETS: " in brackets", _ANYWHERE: ""}.get(place, f" at level {place}")
