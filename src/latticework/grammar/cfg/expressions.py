"""What rules and terminals are written as: expressions with places, common to the grammar languages read here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from latticework.errors import GrammarError

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """A grammar text; ``name`` tells it from others in messages, ``""`` for the text that was given."""

    text: str
    name: str = ""

    def fail(self, message: str, span: Span, hint: str = "") -> NoReturn:
        """Raises :class:`GrammarError` with a caret at ``span``."""
        raise GrammarError(f"{self.name}: {message}" if self.name else message, self.text, span, hint)


@dataclass(frozen=True, slots=True)
class Name:
    """A rule, a terminal or a parameter of a template."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """Exactly this text, in any case with ``ignore_case``."""

    text: str
    ignore_case: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression; its first character stands one behind the start of ``span``."""

    pattern: str
    flags: str
    span: Span


@dataclass(frozen=True, slots=True)
class CharSet:
    """One character out of ``ranges`` of code points."""

    ranges: tuple[tuple[int, int], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Sequence:
    """``parts`` one after the other; none is the empty text."""

    parts: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of ``options``."""

    options: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Repeat:
    """``low`` to ``high`` copies of ``body``, ``None`` for no upper bound."""

    body: Expression
    low: int
    high: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Use:
    """A template with arguments."""

    template: str
    arguments: tuple[Expression, ...]
    span: Span


Expression: TypeAlias = Name | Text | Regex | CharSet | Sequence | Choice | Repeat | Use
