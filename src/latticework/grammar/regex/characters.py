"""Single characters of a pattern: literals, escapes and bracketed classes, read at a cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from latticework.errors import GrammarError
from latticework.grammar.ranges import normalise_ranges
from latticework.grammar.regex import classes
from latticework.grammar.regex.classes import ClassSet
from latticework.grammar.regex.folding import folded
from latticework.grammar.regex.properties import property_class
from latticework.grammar.regex.syntax import CharSet

_SIMPLE_ESCAPES = {"n": 0x0A, "r": 0x0D, "t": 0x09, "f": 0x0C, "v": 0x0B}
_HEX_LENGTHS = {"x": 2, "u": 4, "U": 8}


@dataclass(frozen=True, slots=True)
class Flags:
    """What ``(?i)``, ``(?s)``, ``(?m)``, ``(?x)`` and ``(?a)`` switch on."""

    ignore_case: bool = False
    dot_all: bool = False
    multiline: bool = False
    verbose: bool = False
    ascii: bool = False


class CharacterReader:
    """A cursor in a pattern that reads characters and classes under the flags that hold there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.flags = Flags()

    def _fail(self, message: str, start: int, end: int | None = None, hint: str = "") -> NoReturn:
        raise GrammarError(message, self.text, (start, self.at + 1 if end is None else end), hint)

    def _next_is(self, prefix: str) -> bool:
        return self.text.startswith(prefix, self.at)

    def _take(self, prefix: str) -> bool:
        if not self._next_is(prefix):
            return False
        self.at += len(prefix)
        return True

    @property
    def _escapes(self) -> dict[str, ClassSet]:
        return classes.ASCII_ESCAPES if self.flags.ascii else classes.CLASS_ESCAPES

    def _character(self) -> CharSet:
        """A literal, an escape, ``.`` or a bracketed class."""
        start = self.at
        char = self.text[start]
        if char == "[":
            return CharSet(*self._bracketed(), (start, self.at))
        if char == ".":
            self.at += 1
            return CharSet(*(classes.EVERYTHING if self.flags.dot_all else classes.DOT), (start, self.at))
        return CharSet(*self._folded(self._class_atom(in_brackets=False), start), (start, self.at))

    def _folded(self, klass: ClassSet, start: int) -> ClassSet:
        """The class read from ``start`` on, case ignored where the flags say so."""
        if not self.flags.ignore_case:
            return klass
        return folded(klass, by_name=self.text[start] == "\\" and self.text[start + 1] in "dDwWsSpP")

    def _bracketed(self) -> ClassSet:
        start = self.at
        self.at += 1
        negate = self._take("^")
        if self._next_is("]"):
            self._fail("a class that starts with ']' reads differently in different dialects", start, hint=r"write \]")
        items: list[ClassSet] = []
        escapes: set[str] = set()
        while not self._take("]"):
            if self.at >= len(self.text):
                self._fail("missing ']'", start, start + 1)
            first = self.at
            items.append(self._folded(self._class_item(escapes), first))
        if any({letter, letter.upper()} <= escapes for letter in "dws"):
            items.append(classes.EVERYTHING)
        members = ClassSet(
            normalise_ranges(r for item in items for r in item.inner),
            normalise_ranges(r for item in items for r in item.outer),
        )
        return classes.negated(members) if negate else members

    def _class_item(self, escapes: set[str]) -> ClassSet:
        start = self.at
        if self._next_is("\\") and self.text[start + 1 : start + 2] in classes.CLASS_ESCAPES:
            escapes.add(self.text[start + 1])
        low = self._class_atom(in_brackets=True)
        if not self._next_is("-") or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return low
        dash = self.at
        self.at += 1
        high = self._class_atom(in_brackets=True)
        first, last = _single(low), _single(high)
        if first is None or last is None:
            # Not a range but three members, as in ECMA-262 without the u flag: [\w-.] is common in the wild.
            self.at = dash
            if first is not None:
                self._fail("a range cannot end in a class", start, hint=r"write \- for a literal dash")
            self.at += 1
            return ClassSet((*low.inner, (0x2D, 0x2D)), (*low.outer, (0x2D, 0x2D)))
        if first > last:
            self._fail("range is out of order", start, self.at)
        return classes.exact(((first, last),))

    def _class_atom(self, in_brackets: bool) -> ClassSet:
        start = self.at
        if not self._next_is("\\"):
            self.at += 1
            return self._code_point(ord(self.text[start]), start)
        if in_brackets and self.text[start + 1 : start + 2] == "b":
            self.at += 2
            return classes.exact(((0x08, 0x08),))
        return self._escape()

    def _escape(self) -> ClassSet:
        """The class an escape stands for; ``at`` is on its backslash."""
        start = self.at
        if start + 1 >= len(self.text):
            self._fail("pattern ends in a backslash", start, hint=r"write \\ for a literal backslash")
        char = self.text[start + 1]
        self.at += 2
        if char in self._escapes:
            return self._escapes[char]
        if char in "pP":
            return self._property(start, char == "P")
        if char in _SIMPLE_ESCAPES:
            return self._code_point(_SIMPLE_ESCAPES[char], start)
        if char == "0" and not is_digits(self.text[self.at : self.at + 1]):
            return self._code_point(0, start)
        if char in _HEX_LENGTHS:
            return self._code_point(self._hex(start, char), start)
        if char == "c" and self.text[self.at : self.at + 1].isascii() and self.text[self.at : self.at + 1].isalpha():
            self.at += 1
            return self._code_point(ord(self.text[self.at - 1]) % 32, start)
        if char.isascii() and not char.isalnum():
            return self._code_point(ord(char), start)
        self._fail(f"unknown escape \\{char}", start, self.at, "write the character itself, or \\xHH")

    def _hex(self, start: int, kind: str) -> int:
        if kind == "u" and self._take("{"):
            close = self.text.find("}", self.at)
            digits = self.text[self.at : close] if close >= 0 else ""
            self.at = max(close + 1, self.at)
        else:
            digits = self.text[self.at : self.at + _HEX_LENGTHS[kind]]
            self.at += len(digits)
            if len(digits) < _HEX_LENGTHS[kind]:
                digits = ""
        if not digits or len(digits) > 8 or not all(c in "0123456789abcdefABCDEF" for c in digits):
            self._fail("malformed hexadecimal escape", start, self.at)
        value = int(digits, 16)
        if kind == "u" and 0xD800 <= value < 0xDC00 and self._next_is("\\u"):
            low_start = self.at
            self.at += 2
            low = self._hex(low_start, "u") if not self._next_is("{") else 0
            if 0xDC00 <= low < 0xE000:
                return 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00)
            self.at = low_start
        return value

    def _property(self, start: int, negate: bool) -> ClassSet:
        close = self.text.find("}", self.at)
        if not self._take("{") or close < 0:
            self._fail("malformed property escape", start, hint=r"write \p{L}")
        name = self.text[self.at : close]
        self.at = close + 1
        klass = property_class(name)
        if klass is None:
            hint = "known are general categories (L, Lu, Nd, ...), Script=..., and binary properties of ECMA-262"
            self._fail(f"unknown property {name!r}", start, self.at, hint)
        return classes.negated(klass) if negate else klass

    def _code_point(self, value: int, start: int) -> ClassSet:
        if value > 0x10FFFF:
            self._fail("code point is beyond Unicode", start, self.at)
        if 0xD800 <= value < 0xE000:
            self._fail("a lone surrogate is no character", start, self.at, "write the pair, or \\u{...}")
        return classes.exact(((value, value),))


def _single(klass: ClassSet) -> int | None:
    """The code point of a class of one character, else ``None``."""
    if len(klass.inner) == 1 and klass.inner == klass.outer and klass.inner[0][0] == klass.inner[0][1]:
        return klass.inner[0][0]
    return None


def is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
