"""Properties that may be left out and may also be null, where the ``optional`` option wants one of the two.

A property is concerned where ``required`` does not name it and null satisfies all that is said about its value. With
``"omit"`` its value is lowered beside a schema without null; with ``"null"`` it counts as required. Either way
documents are left out and none is added.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from latticework.grammar.json_schema.document import Subschema

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction
    from latticework.grammar.json_schema.lowering import Lowering

_NULL = Subschema({"type": "null"}, "/~:null")
_NOT_NULL = Subschema({"type": ["array", "boolean", "number", "object", "string"]}, "/~:not null")


def always_written(
    lowering: Lowering, named: Mapping[str, Conjunction | None], required: Collection[str], room: int | None
) -> set[str]:
    """Names of optional properties that are written in any case; none where more than ``room`` would be."""
    if lowering.optional != "null":
        return set()
    names = {
        name
        for name, said in named.items()
        if name not in required and said is not None and _may_be_null(lowering, said)
    }
    if room is not None and len(names) > room:
        return set()
    if names:
        lowering.narrow('optional properties that may be null are always written (optional="null")')
    return names


def value_of_optional(lowering: Lowering, said: Conjunction) -> Conjunction:
    """What a property that is not required must satisfy where it is written."""
    if lowering.optional != "omit" or not _may_be_null(lowering, said):
        return said
    lowering.narrow('optional properties are left out rather than null (optional="omit")')
    return (*said, _NOT_NULL)


def _may_be_null(lowering: Lowering, said: Conjunction) -> bool:
    return lowering.is_possible((*said, _NULL))
