"""Text in the Lark grammar language -> statements with places.

The language is the one of the Lark reference manual ("Grammar Reference"): rules, terminals, templates, aliases and
priorities, ``%ignore``, ``%import``, ``%declare``, ``%override`` and ``%extend``. What shapes trees only (``?``, ``!``,
aliases) and the priorities of rules are read over. A line break within brackets means nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from latticework.grammar.cfg.expressions import (
    CharSet,
    Choice,
    Expression,
    Name,
    Regex,
    Repeat,
    Sequence,
    Source,
    Span,
    Text,
    Use,
)

_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\f]+|//[^\n]*|\#[^\n]*|\\[ ]*\r?\n)
    |(?P<line>\r?\n)
    |(?P<regex>/(?!/)(?:\\.|[^/\\])*/[a-z]*)
    |(?P<string>"(?:\\.|[^"\\\n])*"(?:i(?![a-z_A-Z0-9]))?)
    |(?P<rule>_?[a-z][a-z0-9_]*)
    |(?P<terminal>_?[A-Z][A-Z0-9_]*)
    |(?P<number>[+-]?[0-9]+)
    |(?P<directive>%[a-z]+)
    |(?P<symbol>->|\.\.|[()\[\]{}:|,.?*+~!])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_PLAIN_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", '"': '"', "\\": "\\"}
_BOUNDS = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_FLAGS = frozenset("imslux")
_MAX_NESTING = 100


@dataclass(frozen=True, slots=True)
class Definition:
    """A rule or, by its capitals, a terminal; ``how`` is ``"define"``, ``"override"`` or ``"extend"``."""

    name: str
    parameters: tuple[str, ...]
    priority: int
    body: Expression
    how: str
    span: Span

    @property
    def is_terminal(self) -> bool:
        return is_terminal_name(self.name)


@dataclass(frozen=True, slots=True)
class Ignore:
    """``%ignore``."""

    body: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Declare:
    """``%declare``."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """``%import``: ``names`` of the grammar at ``path``, each with the name it gets here."""

    path: tuple[str, ...]
    relative: bool
    names: tuple[tuple[Name, str], ...]
    span: Span


Statement: TypeAlias = Definition | Ignore | Declare | Import


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    span: Span


def is_terminal_name(name: str) -> bool:
    return name.lstrip("_")[:1].isupper()


def parse(source: Source) -> tuple[Statement, ...]:
    """The statements of a grammar text, in order. Linear.

    Raises:
        GrammarError: the text is not in the language; with a caret.
    """
    return _Parser(source).statements()


def _tokens(source: Source) -> list[_Token]:
    """All but blanks, and of the line breaks those only that end a statement."""
    found: list[_Token] = []
    at = depth = 0
    while at < len(source.text):
        match = _TOKEN.match(source.text, at)
        if match is None:
            _unreadable(source, at)
        kind, text, span = match.lastgroup or "", match[0], match.span()
        at = match.end()
        if kind == "blank" or (kind == "line" and (depth > 0 or not found or found[-1].kind == "line")):
            continue
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}") and depth > 0)
        if text == "|" and found and found[-1].kind == "line":
            found.pop()
        found.append(_Token(kind, text, span))
    end = len(source.text)
    return [*found, _Token("line", "", (end, end)), _Token("end", "", (end, end))]


def _unreadable(source: Source, at: int) -> NoReturn:
    char = source.text[at]
    if char == '"':
        source.fail(
            "this string does not end in its line", (at, at + 1), 'write \\" for a quote and \\n for a line feed'
        )
    if char == "/":
        source.fail("this regular expression does not end", (at, at + 1), r"write \/ for a slash")
    hint = 'texts stand in double quotes: "..."' if char in "'`" else ""
    source.fail(f"unexpected character {char!r}", (at, at + 1), hint)


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = _tokens(source)
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def fail(self, wanted: str, hint: str = "") -> NoReturn:
        token = self.next
        what = {"line": "the line ends", "end": "the text ends"}.get(token.kind, f"{token.text!r} stands")
        self.source.fail(f"{what} where {wanted} is wanted", token.span, hint)

    def take(self, text: str) -> bool:
        if self.next.text != text or self.next.kind not in ("symbol", "directive"):
            return False
        self.at += 1
        return True

    def expect(self, text: str) -> None:
        if not self.take(text):
            self.fail(repr(text))

    def word(self, wanted: str, *kinds: str) -> _Token:
        token = self.next
        if token.kind not in kinds:
            self.fail(wanted)
        self.at += 1
        return token

    def number(self) -> int:
        return int(self.word("a number", "number").text)

    def end_of_line(self) -> None:
        if self.next.kind != "line":
            self.fail("the end of the statement")
        self.at += 1

    def statements(self) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while self.next.kind != "end":
            if self.next.kind == "line":
                self.at += 1
                continue
            found.append(self.statement())
            self.end_of_line()
        return tuple(found)

    def statement(self) -> Statement:
        token = self.next
        if token.kind != "directive":
            return self.definition("define")
        self.at += 1
        match token.text:
            case "%ignore":
                return Ignore(self.choice(), (token.span[0], self.tokens[self.at - 1].span[1]))
            case "%import":
                return self.imports(token)
            case "%declare":
                names: list[Name] = []
                while self.next.kind in ("rule", "terminal"):
                    names.append(Name(self.next.text, self.next.span))
                    self.at += 1
                return Declare(tuple(names))
            case "%override" | "%extend":
                return self.definition(token.text[1:])
        hint = "known are %ignore, %import, %declare, %override and %extend"
        self.source.fail(f"unknown directive {token.text}", token.span, hint)

    def definition(self, how: str) -> Definition:
        while self.next.text in ("?", "!"):
            self.at += 1
        name = self.word("the name of a rule or terminal", "rule", "terminal")
        parameters: list[str] = []
        if self.take("{"):
            while True:
                parameters.append(self.word("the name of a parameter", "rule").text)
                if not self.take(","):
                    break
            self.expect("}")
        if parameters and name.kind == "terminal":
            self.source.fail("terminals take no parameters", name.span)
        priority = self.number() if self.take(".") else 0
        self.expect(":")
        return Definition(name.text, tuple(parameters), priority, self.choice(), how, name.span)

    def imports(self, directive: _Token) -> Import:
        relative = self.take(".")
        path = [self.word("the name of a grammar", "rule", "terminal")]
        while self.take("."):
            path.append(self.word("a name", "rule", "terminal"))
        names: list[tuple[Name, str]] = []
        if self.take("("):
            while True:
                token = self.word("a name", "rule", "terminal")
                names.append((Name(token.text, token.span), token.text))
                if not self.take(","):
                    break
            self.expect(")")
        else:
            token = path.pop()
            alias = self.word("a new name", "rule", "terminal").text if self.take("->") else token.text
            names.append((Name(token.text, token.span), alias))
        span = (directive.span[0], self.tokens[self.at - 1].span[1])
        if not path:
            self.source.fail("what is imported names a grammar and a symbol of it", span, "write %import common.NUMBER")
        return Import(tuple(token.text for token in path), relative, tuple(names), span)

    def choice(self) -> Expression:
        start = self.next.span[0]
        options = [self.aliased()]
        while self.take("|"):
            options.append(self.aliased())
        return options[0] if len(options) == 1 else Choice(tuple(options), (start, self.last_end()))

    def last_end(self) -> int:
        return self.tokens[self.at - 1].span[1]

    def aliased(self) -> Expression:
        start = self.next.span[0]
        parts: list[Expression] = []
        while (part := self.repeated()) is not None:
            parts.append(part)
        span = (start, self.last_end()) if parts else (start, start)
        if self.take("->"):
            self.word("an alias", "rule", "terminal")
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts), span)

    def repeated(self) -> Expression | None:
        start = self.next.span[0]
        body = self.atom()
        if body is None:
            return None
        if self.next.kind == "symbol" and self.next.text in _BOUNDS:
            low, high = _BOUNDS[self.next.text]
            self.at += 1
        elif self.take("~"):
            low = high = self.number()
            if self.take(".."):
                high = self.number()
            if not 0 <= low <= high:
                self.source.fail(f"impossible number of copies: {low}..{high}", (start, self.last_end()))
        else:
            return body
        if self.next.kind == "symbol" and self.next.text in (*_BOUNDS, "~"):
            self.fail("something else", "put the inner repetition into brackets")
        return Repeat(body, low, high, (start, self.last_end()))

    def atom(self) -> Expression | None:
        token = self.next
        if token.text in ("(", "[") and token.kind == "symbol":
            return self.group(token)
        if token.kind in ("rule", "terminal"):
            self.at += 1
            name = Name(token.text, token.span)
            return self.template(name) if token.kind == "rule" and self.take("{") else name
        if token.kind == "regex":
            self.at += 1
            return self.regex(token)
        if token.kind == "string":
            self.at += 1
            return self.text_or_range(token)
        return None

    def group(self, token: _Token) -> Expression:
        self.at += 1
        self.depth += 1
        if self.depth > _MAX_NESTING:
            self.source.fail(f"brackets nest deeper than {_MAX_NESTING}", token.span)
        body = self.choice()
        self.depth -= 1
        self.expect(")" if token.text == "(" else "]")
        return body if token.text == "(" else Repeat(body, 0, 1, (token.span[0], self.last_end()))

    def template(self, name: Name) -> Use:
        arguments: list[Expression] = []
        while True:
            argument = self.atom()
            if argument is None:
                self.fail("an argument")
            arguments.append(argument)
            if not self.take(","):
                break
        self.expect("}")
        return Use(name.name, tuple(arguments), (name.span[0], self.last_end()))

    def regex(self, token: _Token) -> Regex:
        pattern, _, flags = token.text[1:].rpartition("/")
        strange = [flag for flag in flags if flag not in _FLAGS]
        if strange:
            self.source.fail(f"unknown flag {strange[0]!r}", token.span, "known are i, m, s, l, u and x")
        if "\n" in pattern and "x" not in flags:
            self.source.fail("a line break in a regular expression without the flag x", token.span, r"write \n")
        return Regex(pattern, flags, token.span)

    def text_or_range(self, token: _Token) -> Expression:
        low = self.text(token)
        if not self.take(".."):
            return low
        high = self.text(self.word("a text", "string"))
        span = (low.span[0], high.span[1])
        if len(low.text) != 1 or len(high.text) != 1 or low.ignore_case or high.ignore_case:
            self.source.fail("a range goes from one character to another", span)
        if low.text > high.text:
            self.source.fail("this range is empty", span)
        return CharSet(((ord(low.text), ord(high.text)),), span)

    def text(self, token: _Token) -> Text:
        ignore_case = token.text.endswith("i")
        content = token.text[1 : -2 if ignore_case else -1]

        def unescape(match: re.Match[str]) -> str:
            body = match[1]
            if len(body) > 1:
                value = int(body[1:], 16)
                if value > 0x10FFFF or 0xD800 <= value < 0xE000:
                    place = token.span[0] + 1 + match.start()
                    self.source.fail("this is no character", (place, place + len(match[0])))
                return chr(value)
            return _PLAIN_ESCAPES.get(body, match[0])

        return Text(_ESCAPE.sub(unescape, content), ignore_case, token.span)
