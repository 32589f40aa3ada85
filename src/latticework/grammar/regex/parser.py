r"""Regular expression text -> syntax tree with spans.

The dialect is the common ground of ECMA-262 (``u`` flag) and Python's ``re``. Supported:

* literals; ``.`` (any character but ``\n \r U+2028 U+2029``); ``|``; groups ``(...)``, ``(?:...)``,
  ``(?<name>...)``, ``(?P<name>...)``;
* quantifiers ``* + ? {m} {m,} {m,n}``, also lazy (``*?`` ...: the same language); possessive ones (``*+`` ...) and
  atomic groups ``(?>...)`` where they leave the language as it is (:mod:`.committed`);
* escapes ``\n \r \t \f \v \0 \xHH \uHHHH \u{H...} \UHHHHHHHH \cX``, surrogate pairs ``\uD83D\uDE00``, and a
  backslash before any ASCII punctuation;
* classes ``[...]`` and ``[^...]`` with ranges; ``\d \D \w \W \s \S``; ``\p{...}`` and ``\P{...}`` (:mod:`.properties`);
* anchors ``^ $ \A \Z`` anywhere (``$`` is the very end, as in ECMA-262), word boundaries ``\b \B``, lookahead
  ``(?=...) (?!...)`` and lookbehind ``(?<=...) (?<!...)`` of any length;
* the flags ``i`` (ignore case), ``s`` (``.`` is any character), ``m`` (``^`` and ``$`` at line ends), ``x`` (blanks
  and comments), ``a`` (ASCII classes) and ``u``, for all (``(?i)`` at the start) or for a group (``(?i:...)``,
  ``(?-i:...)``).

Where the two dialects read the same text differently (``[]a]``, ``{,3}``, ``\a``) or beyond regular
languages (back-references, conditional groups) the pattern is refused with its place, never guessed at.
"""

from __future__ import annotations

import re
from dataclasses import replace

from latticework.grammar.regex import classes
from latticework.grammar.regex.characters import CharacterReader, is_digits
from latticework.grammar.regex.committed import without_commitment
from latticework.grammar.regex.syntax import (
    Alternation,
    Anchor,
    Atomic,
    Boundary,
    CharSet,
    Concat,
    Lookahead,
    Lookbehind,
    Pattern,
    Repetition,
)

_MAX_NESTING = 100
_FLAG_NAMES = {"i": "ignore_case", "s": "dot_all", "m": "multiline", "x": "verbose", "a": "ascii"}
_GLOBAL_FLAGS = re.compile(r"\(\?([A-Za-z]+)\)")
_SCOPED_FLAGS = re.compile(r"([A-Za-z]*)(?:-([A-Za-z]+))?:")
_LOOKAROUND = {"=": (Lookahead, False), "!": (Lookahead, True), "<=": (Lookbehind, False), "<!": (Lookbehind, True)}


def parse(text: str) -> Pattern:
    """Syntax tree of ``text``. Linear in its length.

    Raises:
        GrammarError: the text is no pattern of the supported dialect; carries the span and a hint.
    """
    return _Parser(text).parse()


class _Parser(CharacterReader):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.names: set[str] = set()

    def parse(self) -> Pattern:
        found = _GLOBAL_FLAGS.match(self.text)
        if found:
            self.at = found.end()
            self._switch(found[1], True, 0)
        pattern = self._alternation()
        if self.at < len(self.text):
            self._fail("unmatched ')'", self.at, hint=r"write \) for a literal parenthesis")
        return without_commitment(pattern, self.text)

    def _switch(self, letters: str, on: bool, start: int) -> None:
        for letter in letters:
            if letter == "u" and on:
                continue
            if letter not in _FLAG_NAMES or (letter == "a" and not on):
                self._fail(f"the flag {letter!r} is not supported here", start, self.at, "i, s, m, x, a and u are")
            self.flags = replace(self.flags, **{_FLAG_NAMES[letter]: on})

    def _skip_blanks(self) -> None:
        """Moves over what means nothing under the flag ``x``."""
        while self.flags.verbose and self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end + 1
            elif self.text[self.at] in " \t\n\r\f\v":
                self.at += 1
            else:
                break

    def _alternation(self) -> Pattern:
        start = self.at
        options = [self._concat()]
        while self._take("|"):
            options.append(self._concat())
        return options[0] if len(options) == 1 else Alternation(tuple(options), (start, self.at))

    def _concat(self) -> Pattern:
        start = self.at
        parts: list[Pattern] = []
        self._skip_blanks()
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self._quantified())
            self._skip_blanks()
        return parts[0] if len(parts) == 1 else Concat(tuple(parts), (start, self.at))

    def _quantified(self) -> Pattern:
        start = self.at
        bare_assertion = self.text[start] in "^$" or self.text.startswith(
            ("\\A", "\\Z", "\\b", "\\B", "(?=", "(?!", "(?<=", "(?<!"), start
        )
        atom = self._atom()
        self._skip_blanks()
        bounds = self._quantifier()
        if bounds is None:
            return atom
        if bare_assertion:
            self._fail("nothing to repeat: an assertion takes no quantifier", start, self.at)
        low, high = bounds
        if high is not None and low > high:
            self._fail(f"quantifier bounds are out of order: {low} > {high}", start, self.at)
        lazy = self._take("?")
        possessive = not lazy and self._take("+")
        if self.at < len(self.text) and (self.text[self.at] in "*+?" or self._is_braced_quantifier()):
            self._fail("multiple repeat", self.at, hint="put a group around the inner repetition")
        repetition = Repetition(atom, low, high, (start, self.at), lazy)
        return Atomic(repetition, repetition.span) if possessive else repetition

    def _is_braced_quantifier(self) -> bool:
        """Whether ``{`` here opens a quantifier; any other brace is a literal, as in Python and in browsers."""
        if not self._next_is("{"):
            return False
        close = self.text.find("}", self.at)
        low, comma, high = self.text[self.at + 1 : max(close, self.at + 1)].partition(",")
        if close < 0 or not all(is_digits(part) for part in (low, high) if part):
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
        if char == "\\":
            return self._assertion() or self._character()
        if char in "*+?" or self._is_braced_quantifier():
            self._fail("nothing to repeat", start, hint=f"write \\{char} for a literal {char!r}")
        if char in "^$":
            self.at += 1
            return self._line_anchor(char == "^", start)
        return self._character()

    def _line_anchor(self, at_start: bool, start: int) -> Pattern:
        span = (start, self.at)
        anchor = Anchor(at_start, span)
        if not self.flags.multiline:
            return anchor
        line_end = CharSet(*classes.LINE_END, span)
        beside = Lookbehind(line_end, False, span) if at_start else Lookahead(line_end, False, span)
        return Alternation((anchor, beside), span)

    def _assertion(self) -> Pattern | None:
        r"""``\A``, ``\Z``, ``\b`` or ``\B``; back-references are refused."""
        start = self.at
        char = self.text[start + 1 : start + 2]
        if char and char in "k123456789":
            self._fail("back-references are not supported", start, start + 2, "they are beyond regular languages")
        if char not in ("A", "Z", "b", "B"):
            return None
        self.at += 2
        span = (start, self.at)
        if char in "AZ":
            return Anchor(char == "A", span)
        word = classes.ASCII_WORD if self.flags.ascii else classes.WORD
        return Boundary(CharSet(*word, span), char == "B", span)

    def _group(self) -> Pattern:
        start = self.at
        outer_flags = self.flags
        self.at += 1
        kind = self._group_kind(start) if self._take("?") else ""
        self.depth += 1
        if self.depth > _MAX_NESTING:
            self._fail(f"groups nest deeper than {_MAX_NESTING}", start)
        body = self._alternation()
        self.depth -= 1
        self.flags = outer_flags
        if not self._take(")"):
            self._fail("missing ')'", start, start + 1)
        span = (start, self.at)
        if kind in _LOOKAROUND:
            look, negative = _LOOKAROUND[kind]
            return look(body, negative, span)
        return Atomic(body, span) if kind == ">" else body

    def _group_kind(self, start: int) -> str:
        """What follows ``(?``: a lookaround, ``>``, or ``""`` for a plain group whose name or flags are read here."""
        for kind in ("<=", "<!", "=", "!", ">"):
            if self._take(kind):
                return kind
        if self._take(":"):
            return ""
        flags = _SCOPED_FLAGS.match(self.text, self.at)
        if flags:
            self.at = flags.end()
            self._switch(flags[1], True, start)
            self._switch(flags[2] or "", False, start)
            return ""
        if _GLOBAL_FLAGS.match(self.text, start):
            self._fail("flags for the whole pattern stand at its start", start, hint="write (?i:...) for a part")
        self._group_name(start)
        return ""

    def _group_name(self, start: int) -> None:
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
