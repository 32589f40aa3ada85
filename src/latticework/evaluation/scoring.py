"""Scores of extracted documents against gold values. Pure functions: no model, no files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from latticework.evaluation.alignment import MISSING, align, same_document
from latticework.evaluation.calibration import expected_calibration_error
from latticework.evaluation.derivable import Source


@dataclass(frozen=True, slots=True)
class Score:
    """How one document was read.

    Attributes:
        valid: it satisfies its schema.
        exact: it equals the gold value.
        right: scalars, null aside, that equal their gold scalar.
        given, wanted: scalars of the output and of the gold value, null aside.
        omitted: scalars of the gold value for which the output has nothing.
        judged: scalars of the output that a text has to state: no booleans and no members of an enumeration.
        hallucinated: pointers of those that the text does not state; what equals the gold scalar is never among them.
        wrong: pointers, in the output, of scalars that do not equal their gold scalar.
        missed: pointers, in the gold value, of scalars that are omitted.
        confidence: (probability, whether right) of every scalar of the output, null included, that has a probability.
    """

    valid: bool
    exact: bool
    right: int
    given: int
    wanted: int
    omitted: int
    judged: int
    hallucinated: tuple[str, ...]
    wrong: tuple[str, ...]
    missed: tuple[str, ...]
    confidence: tuple[tuple[float, bool], ...]


def score(
    output: Any, gold: Any, text: str, schema: Any, *, valid: bool, confidence: Mapping[str, float] | None = None
) -> Score:
    """Score one output (``MISSING`` where it is no JSON) against its gold value; how values are aligned: ``align``."""
    pairs = align(output, gold)
    source = Source(text)
    members = enumerated(schema)
    claims = [
        pair
        for pair in pairs
        if pair.given and not isinstance(pair.value, bool) and json.dumps(pair.value) not in members
    ]
    rated = confidence or {}
    missed = tuple(pair.gold_pointer or "" for pair in pairs if pair.wanted and not pair.given)
    return Score(
        valid=valid,
        exact=output is not MISSING and same_document(output, gold),
        right=sum(pair.given and pair.right for pair in pairs),
        given=sum(pair.given for pair in pairs),
        wanted=sum(pair.wanted for pair in pairs),
        omitted=len(missed),
        judged=len(claims),
        hallucinated=tuple(pair.pointer or "" for pair in claims if not (pair.right or source.holds(pair.value))),
        wrong=tuple(pair.pointer or "" for pair in pairs if pair.given and not pair.right),
        missed=missed,
        confidence=tuple(
            (rated[pair.pointer], pair.right) for pair in pairs if pair.pointer is not None and pair.pointer in rated
        ),
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """Scores of many documents, summed over all of their fields (micro averages); shares of nothing are 0."""

    documents: int
    valid: float
    exact: float
    precision: float
    recall: float
    f1: float
    hallucinated: float  # of the judged scalars
    omitted: float  # of the wanted scalars
    calibration_error: float | None  # None where nothing has a probability


def totals(scores: Sequence[Score]) -> Totals:
    """Micro averages of ``scores``."""
    right, given, wanted = (sum(getattr(one, name) for one in scores) for name in ("right", "given", "wanted"))
    rated = [pair for one in scores for pair in one.confidence]
    return Totals(
        documents=len(scores),
        valid=_share(sum(one.valid for one in scores), len(scores)),
        exact=_share(sum(one.exact for one in scores), len(scores)),
        precision=_share(right, given),
        recall=_share(right, wanted),
        f1=_share(2 * right, given + wanted),
        hallucinated=_share(sum(len(one.hallucinated) for one in scores), sum(one.judged for one in scores)),
        omitted=_share(sum(one.omitted for one in scores), wanted),
        calibration_error=expected_calibration_error(rated) if rated else None,
    )


def enumerated(schema: Any) -> frozenset[str]:
    """All members of enumerations and constants in a schema, as JSON texts."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            listed = node.get("enum")
            members: Iterable[Any] = listed if isinstance(listed, list) else ()
            found.update(map(json.dumps, [*members, *([node["const"]] if "const" in node else [])]))
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return frozenset(found)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
