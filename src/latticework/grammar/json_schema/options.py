"""Options of :func:`latticework.json_schema`, checked."""

from __future__ import annotations

from dataclasses import dataclass

from latticework.errors import InputError
from latticework.grammar.json_schema.style import Style
from latticework.grammar.limits import Limits


@dataclass(frozen=True, slots=True)
class Options:
    """What the lowering needs to know; see :func:`latticework.grammar.json_schema.json_schema`."""

    style: Style
    on_unsupported: str
    open_objects: bool
    max_depth: int | None
    property_order: str

    def __post_init__(self) -> None:
        if self.on_unsupported not in ("error", "widen"):
            raise InputError(f"on_unsupported is 'error' or 'widen', not {self.on_unsupported!r}")
        if self.property_order not in ("schema", "any"):
            raise InputError(f"property_order is 'schema' or 'any', not {self.property_order!r}")

    def check(self, limits: Limits) -> None:
        """Raises ``InputError`` for a nesting depth outside the limits."""
        if self.max_depth is not None and not 0 <= self.max_depth <= limits.max_any_depth:
            raise InputError(f"max_depth is 0 to {limits.max_any_depth} (limit max_any_depth), not {self.max_depth}")
