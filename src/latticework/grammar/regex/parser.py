r"""Regular expression text -> syntax tree with spans.

The dialect is the common ground of ECMA-262 (``u`` flag) and Python's ``re``. Supported:

* literals; ``.`` (any character but ``\n \r U+2028 U+2029``); ``|``; groups ``(...)``, ``(?:...)``,
  ``(?<name>...)``, ``(?P<name>...)``;
* quantifiers ``* + ? {m} {m,} {m,n}``, also lazy (``*?`` ...: the same language);
* escapes ``\n \r \t \f \v \0 \xHH \uHHHH \u{H...} \UHHHHHHHH \cX``, surrogate pairs ``\uD83D\uDE00``, and a
  backslash before any ASCII punctuation;
* classes ``[...]`` and ``[^...]`` with ranges; ``\d \D \w \W \s \S``; ``\p{L}`` and other general categories;
* anchors ``^ $ \A \Z`` anywhere (``$`` is the very end, as in ECMA-262) and lookahead ``(?=...)``, ``(?!...)``.

Where the two dialects read the same text differently (``[]a]``, ``{,3}``, ``\a``) or beyond regular
languages (back-references, lookbehind, ``\b``, flags, possessive and atomic groups) the pattern is
refused with its place, never guessed at.
"""

from __future__ import annotations

from typing import NoReturn

from latticework.errors import GrammarError
from latticework.grammar.ir import normalise_ranges
from latticework.grammar.regex import classes
from latticework.grammar.regex.classes import ClassSet
from latticework.grammar.regex.syntax import Alternation, Anchor, CharSet, Concat, Lookahead, Pattern, Repetition

_MAX_NESTING = 100
_SIMPLE_ESCAPES = {"n": 0x0A, "r": 0x0D, "t": 0x09, "f": 0x0C, "v": 0x0B}
_HEX_LENGTHS = {"x": 2, "u": 4, "U": 8}


def parse(text: str) -> Pattern:
    """Syntax tree of ``text``. Linear in its length.

    Raises:
        GrammarError: the text is no pattern of the supported dialect; carries the span and a hint.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.names: set[str] = set()

    def parse(self) -> Pattern:
        pattern = self._alternation()
        if self.at < len(self.text):
            self._fail("unmatched ')'", self.at, hint=r"write \) for a literal parenthesis")
        return pattern

    def _fail(self, message: str, start: int, end: int | None = None, hint: str = "") -> NoReturn:
        raise GrammarError(message, self.text, (start, self.at + 1 if end is None else end), hint)

    def _next_is(self, prefix: str) -> bool:
        return self.text.startswith(prefix, self.at)

    def _take(self, prefix: str) -> bool:
        if not self._next_is(prefix):
            return False
        self.at += len(prefix)
        return True

    def _alternation(self) -> Pattern:
        start = self.at
        options = [self._concat()]
        while self._take("|"):
            options.append(self._concat())
        return options[0] if len(options) == 1 else Alternation(tuple(options), (start, self.at))

    def _concat(self) -> Pattern:
        start = self.at
        parts: list[Pattern] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self._quantified())
        return parts[0] if len(parts) == 1 else Concat(tuple(parts), (start, self.at))

    def _quantified(self) -> Pattern:
        start = self.at
        bare_assertion = self.text[start] in "^$" or self.text.startswith(("\\A", "\\Z", "(?=", "(?!"), start)
        atom = self._atom()
        bounds = self._quantifier()
        if bounds is None:
            return atom
        if bare_assertion:
            self._fail("nothing to repeat: an assertion takes no quantifier", start, self.at)
        low, high = bounds
        if high is not None and low > high:
            self._fail(f"quantifier bounds are out of order: {low} > {high}", start, self.at)
        if not self._take("?") and self._next_is("+"):
            self._fail("possessive quantifiers are not supported", self.at, hint="drop the '+'")
        if self.at < len(self.text) and (self.text[self.at] in "*+?" or self._is_braced_quantifier()):
            self._fail("multiple repeat", self.at, hint="put a group around the inner repetition")
        return Repetition(atom, low, high, (start, self.at))

    def _is_braced_quantifier(self) -> bool:
        """Whether ``{`` here opens a quantifier; any other brace is a literal, as in Python and in browsers."""
        if not self._next_is("{"):
            return False
        close = self.text.find("}", self.at)
        low, comma, high = self.text[self.at + 1 : max(close, self.at + 1)].partition(",")
        if close < 0 or not all(_is_digits(part) for part in (low, high) if part):
            return False
        if comma and not low:
            self._fail("'{,n}' means different things in different dialects", self.at, close + 1, "write '{0,n}'")
        return bool(low)

    def _quantifier(self) -> tuple[int, int | None] | None:
        if self.at >= len(self.text):
            return None
        for symbol, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(symbol):
                return bounds
        if not self._is_braced_quantifier():
            return None
        close = self.text.index("}", self.at)
        low, comma, high = self.text[self.at + 1 : close].partition(",")
        if max(len(low), len(high)) > 9:
            self._fail("repetition bound is too large", self.at, close + 1)
        self.at = close + 1
        if not comma:
            return int(low), int(low)
        return int(low), int(high) if high else None

    def _atom(self) -> Pattern:
        start = self.at
        char = self.text[start]
        if char == "(":
            return self._group()
        if char == "[":
            return self._bracketed()
        if char == "\\":
            return self._escape_atom()
        if char in "*+?" or self._is_braced_quantifier():
            self._fail("nothing to repeat", start, hint=f"write \\{char} for a literal {char!r}")
        self.at += 1
        if char in "^$":
            return Anchor(char == "^", (start, self.at))
        if char == ".":
            return CharSet(*classes.DOT, (start, self.at))
        return CharSet(*self._code_point(ord(char), start), (start, self.at))

    def _group(self) -> Pattern:
        start = self.at
        self.at += 1
        assertion: bool | None = None
        if self._take("?"):
            if self._take("=") or self._take("!"):
                assertion = self.text[self.at - 1] == "!"
            elif not self._take(":"):
                self._group_name(start)
        self.depth += 1
        if self.depth > _MAX_NESTING:
            self._fail(f"groups nest deeper than {_MAX_NESTING}", start)
        body = self._alternation()
        self.depth -= 1
        if not self._take(")"):
            self._fail("missing ')'", start, start + 1)
        if assertion is not None:
            return Lookahead(body, assertion, (start, self.at))
        return body

    def _group_name(self, start: int) -> None:
        if self._next_is("<=") or self._next_is("<!"):
            self._fail("lookbehind is not supported", start, hint="state the whole text as one pattern")
        if self._next_is("P="):
            self._fail("back-references are not supported", start, hint="they are beyond regular languages")
        if not (self._take("P<") or self._take("<")):
            self._fail("this kind of group is not supported", start, hint="use (...), (?:...) or (?<name>...)")
        close = self.text.find(">", self.at)
        name = self.text[self.at : close] if close >= 0 else ""
        if not name.isidentifier():
            self._fail("group name is not an identifier", start)
        if name in self.names:
            self._fail(f"group name {name!r} is used twice", start, close + 1)
        self.names.add(name)
        self.at = close + 1

    def _escape_atom(self) -> Pattern:
        start = self.at
        char = self.text[start + 1 : start + 2]
        if char in ("A", "Z"):
            self.at += 2
            return Anchor(char == "A", (start, self.at))
        if char in ("b", "B"):
            self._fail("word boundaries are not supported", start, start + 2, "state the neighbouring characters")
        if char and char in "k123456789":
            self._fail("back-references are not supported", start, start + 2, "they are beyond regular languages")
        return CharSet(*self._escape(), (start, self.at))

    def _bracketed(self) -> Pattern:
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
            items.append(self._class_item(escapes))
        if any({letter, letter.upper()} <= escapes for letter in "dws"):
            items.append(classes.EVERYTHING)
        members = ClassSet(
            normalise_ranges(r for item in items for r in item.inner),
            normalise_ranges(r for item in items for r in item.outer),
        )
        return CharSet(*(classes.negated(members) if negate else members), (start, self.at))

    def _class_item(self, escapes: set[str]) -> ClassSet:
        start = self.at
        if self._next_is("\\") and self.text[start + 1 : start + 2] in classes.CLASS_ESCAPES:
            escapes.add(self.text[start + 1])
        low = self._class_atom()
        if not self._next_is("-") or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return low
        dash = self.at
        self.at += 1
        high = self._class_atom()
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

    def _class_atom(self) -> ClassSet:
        start = self.at
        if not self._next_is("\\"):
            self.at += 1
            return self._code_point(ord(self.text[start]), start)
        if self.text[start + 1 : start + 2] == "b":
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
        if char in classes.CLASS_ESCAPES:
            return classes.CLASS_ESCAPES[char]
        if char in "pP":
            return self._property(start, char == "P")
        if char in _SIMPLE_ESCAPES:
            return self._code_point(_SIMPLE_ESCAPES[char], start)
        if char == "0" and not _is_digits(self.text[self.at : self.at + 1]):
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
        klass = classes.general_category(name)
        if klass is None:
            self._fail(f"unknown property {name!r}", start, self.at, "general categories such as L, Lu, Nd are known")
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


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
