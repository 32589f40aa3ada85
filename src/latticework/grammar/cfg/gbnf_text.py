"""Text in the GBNF dialect of llama.cpp -> rules with places.

``name ::= ...`` with alternatives, groups, texts in double quotes, classes ``[a-z]`` and ``[^a-z]``, ``.`` for any
character, ``* + ? {m} {m,} {m,n}`` and comments from ``#`` on. A rule goes on over line breaks within parentheses,
behind ``::=`` and ``|``, and where the next line begins with ``|``.
"""

from __future__ import annotations

import re
from typing import NoReturn

from latticework.grammar import ir
from latticework.grammar.cfg.expressions import CharSet, Choice, Expression, Name, Repeat, Sequence, Source, Span, Text
from latticework.grammar.ranges import complement_ranges, normalise_ranges

_BLANKS = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_BLANKS_AND_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_BOUNDS = re.compile(r"\{\s*([0-9]{1,9})\s*(,?)\s*([0-9]{0,9})\s*\}")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([tnr\\\"\[\]-]))")
_PLAIN_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}
_MAX_NESTING = 100


def parse(source: Source) -> dict[str, tuple[Expression, Span]]:
    """The body of every rule, and where its name stands. Linear.

    Raises:
        GrammarError: the text is not in the language; with a caret.
    """
    return _Parser(source).rules()


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.depth = 0

    def fail(self, wanted: str, hint: str = "") -> NoReturn:
        char = self.text[self.at : self.at + 1]
        what = f"{char!r} stands" if char.strip() else "the line ends" if char else "the text ends"
        self.source.fail(f"{what} where {wanted} is wanted", (self.at, self.at + 1), hint)

    def skip(self, lines: bool) -> None:
        match = (_BLANKS_AND_LINES if lines else _BLANKS).match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def take(self, prefix: str) -> bool:
        if not self.text.startswith(prefix, self.at):
            return False
        self.at += len(prefix)
        return True

    def rules(self) -> dict[str, tuple[Expression, Span]]:
        found: dict[str, tuple[Expression, Span]] = {}
        self.skip(lines=True)
        while self.at < len(self.text):
            name = self.name("the name of a rule")
            self.skip(lines=False)
            if not self.take("::="):
                self.fail("'::='")
            if name.name in found:
                self.source.fail(f"the rule {name.name!r} is defined twice", name.span, "put | between the two")
            self.skip(lines=True)
            found[name.name] = (self.choice(), name.span)
            if self.at < len(self.text) and self.text[self.at] not in "\r\n":
                self.fail("the end of the rule")
            self.skip(lines=True)
        return found

    def name(self, wanted: str) -> Name:
        match = _NAME.match(self.text, self.at)
        if match is None:
            self.fail(wanted)
        self.at = match.end()
        return Name(match[0], match.span())

    def choice(self) -> Expression:
        start = self.at
        options = [self.sequence()]
        while self.next_alternative():
            self.skip(lines=True)
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options), (start, self.at))

    def next_alternative(self) -> bool:
        before = self.at
        self.skip(lines=True)
        if self.take("|"):
            return True
        if not self.depth:
            self.at = before
        return False

    def sequence(self) -> Expression:
        start = end = self.at
        parts: list[Expression] = []
        while (atom := self.atom()) is not None:
            parts.append(self.repeated(atom))
            end = self.at
            self.skip(lines=self.depth > 0)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts), (start, end))

    def repeated(self, atom: Expression) -> Expression:
        while True:
            before = self.at
            self.skip(lines=self.depth > 0)
            bounds = self.bounds()
            if bounds is None:
                self.at = before
                return atom
            atom = Repeat(atom, *bounds, (atom.span[0], self.at))

    def bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return bounds
        if not self.text.startswith("{", self.at):
            return None
        match = _BOUNDS.match(self.text, self.at)
        if match is None:
            self.source.fail("malformed bounds", (self.at, self.at + 1), "write {m}, {m,} or {m,n}")
        self.at = match.end()
        low, comma, high = match.groups()
        if not comma and high:
            self.source.fail("malformed bounds", match.span(), "write {m}, {m,} or {m,n}")
        upper = int(high) if high else None if comma else int(low)
        if upper is not None and upper < int(low):
            self.source.fail(f"impossible number of copies: {low} to {high}", match.span())
        return int(low), upper

    def atom(self) -> Expression | None:
        start = self.at
        char = self.text[start : start + 1]
        if char == '"':
            return self.literal()
        if char == "[":
            return self.char_class()
        if self.take("."):
            return CharSet(ir.ANY_CHAR.ranges, (start, self.at))
        if self.take("("):
            self.depth += 1
            if self.depth > _MAX_NESTING:
                self.source.fail(f"parentheses nest deeper than {_MAX_NESTING}", (start, self.at))
            self.skip(lines=True)
            inner = self.choice()
            if not self.take(")"):
                self.fail("')'")
            self.depth -= 1
            return inner
        if char and char in "<!":
            self.source.fail("tokens by name or number are not supported", (start, start + 1), "write their text")
        return self.name("a name") if _NAME.match(self.text, self.at) else None

    def literal(self) -> Text:
        start = self.at
        self.at += 1
        chars: list[str] = []
        while not self.take('"'):
            if self.text[self.at : self.at + 1] in ("", "\n"):
                self.source.fail(
                    "this text does not end in its line", (start, start + 1), r"write \n, and \" for a quote"
                )
            chars.append(self.character())
        return Text("".join(chars), False, (start, self.at))

    def char_class(self) -> CharSet:
        start = self.at
        self.at += 1
        negated = self.take("^")
        ranges: list[tuple[int, int]] = []
        while not self.take("]"):
            if self.text[self.at : self.at + 1] in ("", "\n"):
                self.source.fail("this class does not end in its line", (start, start + 1), r"write \n, and \] for ]")
            first = self.at
            low = high = ord(self.character())
            if self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
                self.at += 1
                high = ord(self.character())
                if low > high:
                    self.source.fail("this range is empty", (first, self.at))
            ranges.append((low, high))
        found = complement_ranges(ranges) if negated else normalise_ranges(ranges)
        if not found:
            self.source.fail("no character is in this class", (start, self.at))
        return CharSet(found, (start, self.at))

    def character(self) -> str:
        start = self.at
        if start == len(self.text):
            self.source.fail("this class has no end", (start, start))
        if not self.text.startswith("\\", start):
            self.at += 1
            return self.text[start]
        match = _ESCAPE.match(self.text, start)
        if match is None:
            hint = r"known are \xHH, \uHHHH, \UHHHHHHHH, \n, \r, \t, \\, \" , \[ and \]"
            self.source.fail("unknown escape", (start, start + 2), hint)
        self.at = match.end()
        digits = match[1] or match[2] or match[3]
        if not digits:
            return _PLAIN_ESCAPES.get(match[4], match[4])
        value = int(digits, 16)
        if value > ir.MAX_CODE_POINT or ir.SURROGATES[0] <= value <= ir.SURROGATES[1]:
            self.source.fail("this is no character", match.span())
        return chr(value)
