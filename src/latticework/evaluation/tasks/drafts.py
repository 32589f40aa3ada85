"""What a task is about before it becomes a text: a schema, the gold value, and statements from which that follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the text says.

    Attributes:
        label: of what, in words: what a form prints before the value.
        said: the values in the words of the text; none where the clause says all.
        clause: a sentence with ``{v}`` in place of the values.
        short: what a form prints where there are no values ("yes", "n/a").
    """

    label: str
    said: tuple[str, ...]
    clause: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class Entries:
    """Rows of the same statements, each of which is an object of an array."""

    title: str
    rows: tuple[tuple[Statement, ...], ...]


@dataclass(slots=True)
class Draft:
    """A task without its text; ``statements`` in the order of the schema."""

    opening: str
    schema: dict[str, Any]
    gold: dict[str, Any]
    statements: list[Statement] = field(default_factory=list)
    entries: Entries | None = None
