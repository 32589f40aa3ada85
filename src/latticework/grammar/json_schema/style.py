"""How a document is written where the schema leaves it open: the bytes between its tokens, as IR."""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

from latticework.errors import InputError
from latticework.grammar import ir
from latticework.grammar.json_schema.scalars import DEFAULT_SCALARS, Scalars

_BLANK = ir.Chars(((0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20)))


@dataclass(frozen=True, slots=True)
class Style:
    """Layout of objects and arrays, spelling of scalars; immutable and hashable.

    Attributes:
        comma_text, colon_text: the separators, without what ``indent`` and ``max_blanks`` add.
        indent: spaces per level on lines of their own (``json.dumps(indent=...)``), ``None`` for one line.
        max_blanks: at most so many blanks (space, tab, line feed, carriage return) in each gap.
        scalars: how strings and numbers are written.
    """

    comma_text: str
    colon_text: str
    indent: int | None = None
    max_blanks: int = 0
    scalars: Scalars = DEFAULT_SCALARS

    @property
    def by_level(self) -> bool:
        """Whether the layout depends on how deep a value stands."""
        return self.indent is not None

    @property
    def gap(self) -> ir.Node:
        return ir.Repeat(_BLANK, 0, self.max_blanks)

    @property
    def colon(self) -> ir.Node:
        if self.max_blanks:
            return ir.Seq((self.gap, ir.Literal(b":"), self.gap))
        return ir.Literal(self.colon_text.encode())

    def comma(self, level: int) -> ir.Node:
        """Between two members that stand at ``level``."""
        if self.max_blanks:
            return ir.Seq((ir.Literal(b","), self.gap))
        return ir.Literal(self.comma_text.encode() + self._line(level))

    def member(self, node: ir.Node) -> ir.Node:
        """A member with the gap that follows it."""
        return ir.Seq((node, self.gap)) if self.max_blanks else node

    def container(self, brackets: str, content: ir.Node, may_be_empty: bool, level: int) -> ir.Node:
        """Brackets around ``content``, whose members stand at ``level + 1``.

        With :attr:`by_level`, ``content`` must not contain the empty string; otherwise it must contain it
        exactly if ``may_be_empty``.
        """
        opening, closing = brackets[0].encode(), brackets[1].encode()
        if self.max_blanks:
            return ir.Seq((ir.Literal(opening), self.gap, content, ir.Literal(closing)))
        inner = ir.Literal(opening + self._line(level + 1)), content, ir.Literal(self._line(level) + closing)
        if may_be_empty and self.by_level:
            return ir.Alt((ir.Literal(opening + closing), ir.Seq(inner)))
        return ir.Seq(inner)

    def empty(self, brackets: str) -> ir.Node:
        """A container without members."""
        if self.max_blanks:
            return ir.Seq((ir.Literal(brackets[0].encode()), self.gap, ir.Literal(brackets[1].encode())))
        return ir.Literal(brackets.encode())

    def _line(self, level: int) -> bytes:
        return b"" if self.indent is None else b"\n" + b" " * (self.indent * level)

    def dumps(self, value: Any, level: int = 0) -> bytes:
        """The text of ``value`` standing at ``level``, without optional blanks.

        Raises:
            UnicodeEncodeError: a string in it holds a lone surrogate.
            ValueError: a number in it is not finite.
        """
        if isinstance(value, str):
            return encode_basestring(value).encode()
        if not isinstance(value, (dict, list)):
            return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        text = json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            separators=(self.comma_text, self.colon_text),
            indent=self.indent,
        )
        return text.encode().replace(b"\n", self._line(level)) if self.by_level else text.encode()


def style_of(whitespace: str | tuple[str, int], indent: int | None = None, max_whitespace: int = 1) -> Style:
    """The style an option names.

    Raises:
        InputError: unknown name, negative indent, or no blanks allowed for ``"any"``.
    """
    if isinstance(whitespace, tuple):
        whitespace, indent = whitespace
    if whitespace not in ("compact", "spaced", "pretty", "any"):
        raise InputError(f"whitespace is 'compact', 'spaced', 'pretty' or 'any', not {whitespace!r}")
    if indent is not None and whitespace != "pretty":
        raise InputError(f"indent goes with whitespace='pretty', not {whitespace!r}")
    if whitespace == "compact":
        return Style(",", ":")
    if whitespace == "spaced":
        return Style(", ", ": ")
    if whitespace == "any":
        if not 1 <= max_whitespace <= 64:
            raise InputError(f"max_whitespace is 1 to 64 blanks, not {max_whitespace}")
        return Style(",", ":", max_blanks=max_whitespace)
    indent = 2 if indent is None else indent
    if not 0 <= indent <= 16:
        raise InputError(f"indent is 0 to 16 spaces, not {indent}")
    return Style(",", ": ", indent=indent)
