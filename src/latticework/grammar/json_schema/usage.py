"""Which keywords a schema uses, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticework.grammar.json_schema import keywords
from latticework.grammar.json_schema.document import Document


@dataclass(frozen=True, slots=True)
class KeywordUse:
    """``status``: ``"enforced"``, ``"annotation"``, ``"refused"`` or ``"unknown"`` (an annotation by the standard).

    ``pointers``: the schemas that hold the keyword, in document order.
    """

    keyword: str
    status: str
    pointers: tuple[str, ...]


def keyword_uses(schema: Any) -> list[KeywordUse]:
    """The keywords of a schema document by name, those in ``enum`` and other instances left out."""
    found: dict[str, list[str]] = {}
    for sub in Document(schema).schemas():
        for keyword in sub.schema:
            found.setdefault(keyword, []).append(sub.pointer)
    return [KeywordUse(keyword, status_of(keyword), tuple(found[keyword])) for keyword in sorted(found)]


def status_of(keyword: str) -> str:
    """The table of :mod:`.keywords` that holds a keyword."""
    if keyword in keywords.ENFORCED:
        return "enforced"
    if keyword in keywords.ANNOTATIONS:
        return "annotation"
    return "refused" if keyword in keywords.REFUSED else "unknown"
