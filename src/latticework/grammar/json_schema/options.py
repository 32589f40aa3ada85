"""Options of :func:`latticework.json_schema`, checked."""

from __future__ import annotations

from dataclasses import dataclass

from latticework.errors import InputError
from latticework.grammar.json_schema.given_strings import GivenString
from latticework.grammar.json_schema.style import Style
from latticework.grammar.json_schema.unordered import MAX_WEIGHT
from latticework.grammar.limits import Limits

_CHOICES = {
    "on_unsupported": ("error", "widen"),
    "property_order": ("schema", "any"),
    "optional": ("both", "omit", "null"),
    "format": ("assert", "annotation"),
    "distinct": ("refuse", "narrow"),
    "recursion": ("auto", "bounded", "exact"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """What the lowering needs to know; see :func:`latticework.grammar.json_schema.json_schema`."""

    style: Style
    on_unsupported: str
    open_objects: bool
    max_depth: int | None
    property_order: str
    optional: str
    format: str
    distinct: str
    recursion: str = "auto"
    strings: tuple[GivenString, ...] = ()
    arranged: int = MAX_WEIGHT  # of an object with its keys in any order, see :mod:`.unordered`
    lazy: bool = True  # whether larger ones are :class:`.ir.Unordered`
    second_order: bool = True  # whether members may also stand in the order in which they are required
    mixed_depth: int | None = None  # outer levels of any value with arrays directly in arrays; all where ``None``
    ways: int = 60  # combinations of ways to fail negated schemas that are kept, see :mod:`.effort`

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                *others, last = map(repr, choices)
                raise InputError(f"{name} is {', '.join(others)} or {last}, not {value!r}")

    @property
    def needs_rules(self) -> bool:
        """Whether some string follows a context-free grammar."""
        return any(string.context_free is not None for string in self.strings)

    def check(self, limits: Limits) -> None:
        """Raises ``InputError`` for a nesting depth outside the limits, and options that exclude each other."""
        if self.needs_rules and self.recursion == "bounded":
            raise InputError('strings with a context-free grammar need recursion="auto" or "exact"')
        if self.strings and self.style.scalars.max_length is not None:
            raise InputError("max_string_length does not bound strings with a grammar: give one of the two only")
        if self.max_depth is not None and not 0 <= self.max_depth <= limits.max_any_depth:
            raise InputError(f"max_depth is 0 to {limits.max_any_depth} (limit max_any_depth), not {self.max_depth}")
