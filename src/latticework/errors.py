"""Every error the library raises on purpose; all derive from :class:`LatticeworkError`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class LatticeworkError(Exception):
    """Base class: catch this to catch everything the library refuses."""


@dataclass(frozen=True, slots=True)
class SchemaIssue:
    """One thing wrong in a JSON Schema.

    Attributes:
        pointer: JSON Pointer (RFC 6901) of the schema node, ``""`` for the root.
        keyword: the keyword concerned, or ``""`` when the node itself is wrong.
        message: what is wrong.
        hint: what to do about it.
    """

    pointer: str
    keyword: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = self.pointer or "(root)"
        word = f" [{self.keyword}]" if self.keyword else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"at {place}{word}: {self.message}{hint}"


class SchemaError(LatticeworkError):
    """A JSON Schema cannot be enforced as written. Carries every issue, not the first."""

    def __init__(self, issues: Sequence[SchemaIssue]) -> None:
        self.issues = tuple(issues)
        lines = [str(issue) for issue in self.issues]
        head = "schema refused " if len(lines) == 1 else f"schema refused, {len(lines)} issues:\n  "
        super().__init__(head + "\n  ".join(lines))


class GrammarError(LatticeworkError):
    """A regex or grammar text is wrong; points at the place with a caret.

    Attributes:
        line, column: 1-based position of the first character concerned.
        span: ``(start, end)`` character offsets into ``text``.
    """

    def __init__(self, message: str, text: str = "", span: tuple[int, int] = (0, 0), hint: str = "") -> None:
        self.message = message
        self.hint = hint
        self.text = text
        self.span = span
        start, end = span
        self.line = text.count("\n", 0, start) + 1
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", start)
        shown = text[line_start : line_end if line_end >= 0 else len(text)]
        self.column = start - line_start + 1
        out = f"{message} (line {self.line}, column {self.column})"
        if text:
            width = max(1, min(end, line_start + len(shown)) - start)
            out += f"\n  {shown}\n  {' ' * (start - line_start)}{'^' * width}"
        if hint:
            out += f"\n  {hint}"
        super().__init__(out)


class Infeasible(LatticeworkError):
    """No filling of the canvas is in the language; raised before any model time is spent.

    Attributes:
        needed: fewest tokens a document of the constraint needs, end and pad not counted
            (``None`` when the language is empty or the fixed slots contradict it).
        slots: slots the canvas has.
        slot: first slot at which no valid document can go on, when the fixed slots are at fault.
    """

    def __init__(
        self, message: str, needed: int | None = None, slots: int | None = None, slot: int | None = None
    ) -> None:
        self.needed = needed
        self.slots = slots
        self.slot = slot
        super().__init__(message)


class LimitExceeded(LatticeworkError):
    """A size limit was hit. Never a verdict on the question asked.

    Attributes:
        limit: name of the limit in :class:`latticework.Limits`.
        bound: its value, in the unit documented there.
        where: the node that was being compiled (JSON Pointer or grammar span), ``""`` if unknown.
    """

    def __init__(self, limit: str, bound: int, where: str = "", hint: str = "") -> None:
        self.limit = limit
        self.bound = bound
        self.where = where
        place = f" at {where}" if where else ""
        extra = f"; {hint}" if hint else ""
        super().__init__(f"limit {limit}={bound} exceeded{place}{extra}")


class InputError(LatticeworkError):
    """Input that cannot be used: empty or oversized text, undecodable bytes, wrong shapes."""


class ModelError(LatticeworkError):
    """A model or tokenizer cannot be loaded or lacks what the library needs."""
