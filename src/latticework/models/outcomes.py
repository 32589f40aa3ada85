"""From a filled canvas to what a user gets: the text, its value, and how sure the model was of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.confidence import calibrated, value_confidence
from latticework.errors import Infeasible, LatticeworkError, ModelError
from latticework.models.batches import AnyResult
from latticework.models.rows import PreparedRow

if TYPE_CHECKING:
    from latticework.diffusion.records import Outcome
    from latticework.tokens.vocabulary import Vocabulary


_NOT_CANONICAL = (
    "the text found is not cut as the model's tokenizer cuts it, and no other was found: try a sample, another policy "
    "or canonical=False"
)


def text_slots(vocabulary: Vocabulary, row: PreparedRow, outcome: Outcome) -> NDArray[np.int64]:
    """Slots whose tokens are the text: those before the tail, without the fillers of an elastic canvas."""
    body = np.arange(outcome.body)
    return body[outcome.tokens != vocabulary.filler] if row.request.elastic else body


def result_of(
    vocabulary: Vocabulary, row: PreparedRow, outcome: Outcome, kind: type[AnyResult], seed: int | None
) -> AnyResult:
    """The result of a canvas that is filled or has failed.

    Raises ``RuntimeError`` for a text outside the constraint, which is a bug here and never returned.
    """
    if outcome.error is not None:
        return kind.failed(explained_by_holes(row, outcome.error), seed)
    body = text_slots(vocabulary, row, outcome)
    tokens = tuple(outcome.tokens[body].tolist())
    pieces = [vocabulary.bytes(token) for token in tokens]
    text, value, error = _read(row, b"".join(pieces))
    canonical = None if row.segmentation is None else row.segmentation.is_canonical(tokens)
    if row.request.segmentation is not None and not canonical:
        return kind.failed(ModelError(_NOT_CANONICAL), seed)
    if row.typed is not None and not row.typed.accepts(outcome.tokens):
        raise RuntimeError(f"internal error: the holes hold what they must not hold: {text!r}")
    is_json = row.grammar is not None and row.grammar.kind == "json_schema"
    complete = row.constraint is not None or row.form is not None or outcome.ended
    more: dict[str, Any] = {} if row.form is None else {"holes": row.form.hole_texts(outcome.tokens, vocabulary)}
    return kind(
        value=value,
        text=text,
        tokens=tokens,
        finish_reason="error" if error else "complete" if complete else "length",
        forwards=outcome.forwards,
        confidence=calibrated(value_confidence(pieces, outcome.log_prob[body], json_document=is_json), row.temperature),
        slots=len(outcome.tokens),
        forced=outcome.forced_slots,
        seed=seed,
        timings=outcome.timings,
        error=error,
        canonical=canonical,
        prompt=row.prompt,
        **more,
    )


def _read(row: PreparedRow, data: bytes) -> tuple[str, Any, LatticeworkError | None]:
    """Text and value."""
    if row.constraint is None:
        text = data.decode("utf-8", errors="replace")
        return text, text, None
    if not row.constraint.accepts(data):
        raise RuntimeError(f"internal error: the generated text is not in the language of its constraint: {data!r}")
    text = data.decode("utf-8")
    if row.grammar is None:
        return text, text, None
    try:
        return text, row.grammar.parse(text), None
    except LatticeworkError as error:
        return text, None, error


def explained_by_holes(row: PreparedRow, error: LatticeworkError) -> LatticeworkError:
    """The error in terms of the holes, where it is about them."""
    constraint = row.request.constraint
    if row.form is None or constraint is None or not isinstance(error, Infeasible):
        return error
    from latticework.lattice.arranged.constraint import ArrangedConstraint
    from latticework.lattice.constraint import Constraint
    from latticework.models.infilling import explained
    from latticework.scaffold.constraint import ElasticConstraint

    assert not isinstance(constraint, Constraint | ArrangedConstraint | ElasticConstraint)
    return explained(error, constraint, row.form, row.grammar.narrowings if row.grammar is not None else ())
