"""The callable class that actors run: a model loaded and a grammar compiled once, then batch after batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from latticework.batch.answers import answers, record
from latticework.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("value", "status", "error", "confidence", "forwards")


class LatticeworkStage:
    """For ``Dataset.map_batches``; all arguments are plain values that can be pickled.

    Adds to a batch: ``value`` (JSON text, ``None`` where there is none), ``status`` (``"ok"`` or ``"error"``),
    ``error`` (a message, or ``None``), ``confidence`` (JSON text: probability by JSON Pointer) and ``forwards``. Inputs
    are passed on as they came and never written to.

    Args:
        model_source: what ``latticework.load`` takes.
        schema: JSON Schema of all values; ``None`` for plain text.
        schema_options: keyword arguments of ``latticework.json_schema``.
        engine_kwargs: keyword arguments of ``latticework.load``, such as ``{"device": "cuda"}``.
        sampling_params: keyword arguments of ``Model.generate``.
        text_column: the column with the prompts.
        should_continue_on_error: whether a row that cannot be answered is passed on with its ``error``.

    Raises:
        SchemaError, ModelError: on construction.
        InputError: the batch has no such column, or has one of those that are added. Without
            ``should_continue_on_error``, also what ``Model.generate`` raises for the first row that fails.
    """

    def __init__(
        self,
        model_source: str = "embedded",
        schema: dict[str, Any] | bool | None = None,
        *,
        schema_options: Mapping[str, Any] | None = None,
        engine_kwargs: Mapping[str, Any] | None = None,
        sampling_params: Mapping[str, Any] | None = None,
        text_column: str = "text",
        should_continue_on_error: bool = True,
    ) -> None:
        from latticework.grammar import json_schema
        from latticework.models.loading import load

        grammar = None if schema is None else json_schema(schema, **(schema_options or {}))
        self._model = load(model_source, **(engine_kwargs or {}))
        self._constraint = None if grammar is None else self._model.compile(grammar)
        self._options = dict(sampling_params or {})
        self._text_column = text_column
        self._continue = should_continue_on_error

    def __call__(self, batch: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        if self._text_column not in batch:
            raise InputError(f"the dataset has no column {self._text_column!r}; it has {', '.join(batch)}")
        taken = [name for name in COLUMNS if name in batch]
        if taken:
            raise InputError(f"the dataset has a column {taken[0]!r} already; rename it")
        texts = [str(text) if isinstance(text, str) else text for text in batch[self._text_column].tolist()]
        results = answers(self._model, texts, [self._constraint] * len(texts), self._options)
        failed = next((result.error for result in results if result.error is not None), None)
        if failed is not None and not self._continue:
            raise failed
        found = [record(result) for result in results]
        columns = {
            "value": [None if own["status"] == "error" else _json(own["value"]) for own in found],
            "status": [own["status"] for own in found],
            "error": [None if result.error is None else str(result.error) for result in results],
            "confidence": [_json(own["confidence"]) for own in found],
        }
        added: dict[str, NDArray[Any]] = {name: np.array(values, dtype=object) for name, values in columns.items()}
        return {**batch, **added, "forwards": np.array([result.forwards for result in results], dtype=np.int64)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
