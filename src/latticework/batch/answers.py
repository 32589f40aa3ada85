"""Results for all rows of a batch, whatever is wrong with some of them, and results as records in JSON types."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from latticework.errors import LatticeworkError, ModelError
from latticework.models.result import Result

if TYPE_CHECKING:
    from latticework.models.model import Model


def answers(model: Model, prompts: Sequence[Any], grammars: Sequence[Any], options: Mapping[str, Any]) -> list[Result]:
    """One result for each prompt; never raises for one of them.

    What ``Model.generate`` refuses row by row becomes the row's error. Where the batch as a whole fails (a device has
    no memory left, say), its rows are tried one by one, and what fails again has the failure as its error.
    """
    try:
        return model.generate(list(prompts), list(grammars), **options)
    except Exception as error:
        if len(prompts) == 1:
            return [Result.failed(_as_own(error))]
        return [
            result
            for prompt, grammar in zip(prompts, grammars, strict=True)
            for result in answers(model, [prompt], [grammar], options)
        ]


def record(result: Result) -> dict[str, Any]:
    """``status`` (``"ok"`` or ``"error"``), ``value`` in JSON types, ``confidence``, ``finish_reason`` and ``error``
    (``{"type", "message"}`` or ``None``)."""
    known = result.as_dict()
    return {
        "status": "ok" if result.error is None else "error",
        "value": plain_value(result),
        **{name: known[name] for name in ("confidence", "finish_reason", "error")},
    }


def plain_value(result: Result) -> Any:
    """The value in JSON types."""
    if result.error is not None:
        return None
    if isinstance(result.value, str | bool | int | float | None):
        return result.value
    try:
        return json.loads(result.text)
    except ValueError:
        return result.text


def _as_own(error: Exception) -> LatticeworkError:
    return error if isinstance(error, LatticeworkError) else ModelError(f"{type(error).__name__}: {error}")
