"""The ways of answering that are compared: with the constraint, without it, and by rejecting and resampling."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from latticework.diffusion.canonical import Segmentation
from latticework.diffusion.confidence import value_confidence
from latticework.errors import InputError, LatticeworkError
from latticework.evaluation.alignment import MISSING
from latticework.evaluation.dataset import Task
from latticework.evaluation.resampling import reject_and_resample

if TYPE_CHECKING:
    from latticework.diffusion.records import Request
    from latticework.models.model import Model


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method made of one task.

    Attributes:
        text: what was written; empty where ``error`` says why there is nothing.
        confidence: probability by JSON Pointer; empty where the text is no JSON.
        forwards: forwards of the model.
        seconds: wall time; that of a batch is shared equally.
        rejections: tokens that were taken back by "resample".
        canonical: whether the model's tokenizer cuts the text into the tokens that were written.
    """

    text: str
    confidence: Mapping[str, float] = field(default_factory=dict)
    forwards: int = 0
    seconds: float = 0.0
    rejections: int = 0
    error: str | None = None
    canonical: bool | None = None


Method: TypeAlias = Callable[["Model", Sequence[Task], Mapping[str, Any]], list[Answer]]


def parse(text: str) -> Any:
    """The JSON value of a text, ``MISSING`` where it is not strict JSON (RFC 8259)."""

    def refuse(literal: str) -> Any:
        raise ValueError(f"{literal} is no JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return MISSING


def constrained(model: Model, tasks: Sequence[Task], options: Mapping[str, Any]) -> list[Answer]:
    """``Model.generate`` with the schema of each task; the option ``whitespace`` is that of ``json_schema``."""
    from latticework.grammar import json_schema

    begun = perf_counter()
    own = dict(options)
    schemas: list[Any] = [task.schema for task in tasks]
    if "whitespace" in own:
        whitespace = own.pop("whitespace")
        schemas = [json_schema(schema, whitespace=whitespace) for schema in schemas]
    results = model.generate([task.text for task in tasks], schemas, **own)
    seconds = (perf_counter() - begun) / len(tasks)
    return [
        Answer(
            one.text,
            dict(one.confidence),
            one.forwards,
            seconds,
            error=None if one.error is None else f"{type(one.error).__name__}: {one.error}",
            canonical=one.canonical,
        )
        for one in results
    ]


def unconstrained(model: Model, tasks: Sequence[Task], options: Mapping[str, Any]) -> list[Answer]:
    """The same prompts, canvases, policy and blocks without the constraint; adaptive blocks if the options say so."""
    from latticework.diffusion.loop import denoise
    from latticework.diffusion.options import Options
    from latticework.diffusion.policy import choose_policy

    how = Options(
        policy=choose_policy(options.get("policy")),
        temperature=options.get("temperature", 0.0),
        block_length=_block_length(model, options),
        guidance=options.get("guidance", 0.0),
        adaptive_blocks=options.get("adaptive_blocks") or 1.0,
    )
    begun = perf_counter()
    requests = [_request(model, task, options) for task in tasks]
    ready = [one for one in requests if not isinstance(one, str)]
    outcomes = iter(denoise(model.backend, [replace(one, constraint=None) for one in ready], how))
    answers = []
    for one in requests:
        if isinstance(one, str):
            answers.append(Answer("", error=one))
            continue
        outcome = next(outcomes)
        if outcome.error is not None:
            answers.append(Answer("", error=f"{type(outcome.error).__name__}: {outcome.error}"))
            continue
        body = slice(0, outcome.body)
        answers.append(_written(model, outcome.tokens[body], outcome.log_prob[body], outcome.forwards))
    seconds = (perf_counter() - begun) / len(tasks)
    return [replace(answer, seconds=seconds) for answer in answers]


def resample(model: Model, tasks: Sequence[Task], options: Mapping[str, Any]) -> list[Answer]:
    """Unconstrained with a check of every token; see ``resampling``. One token a forward, at temperature 0.

    Raises ``InputError`` for models that rate canvases in their own way or denoise from random tokens.
    """
    if getattr(model.backend, "forward_canvases", None) is not None:
        raise InputError(f"resample needs a masked model; {model.name} rates canvases in its own way")
    answers = []
    for task in tasks:
        request = _request(model, task, options)
        if isinstance(request, str) or request.constraint is None:
            answers.append(Answer("", error=str(request)))
            continue
        try:
            found = reject_and_resample(
                model.backend,
                request.prompt,
                len(request.tokens),
                request.constraint,  # pyright: ignore[reportArgumentType]
                block_length=_block_length(model, options),
            )
        except LatticeworkError as error:
            answers.append(Answer("", error=f"{type(error).__name__}: {error}"))
            continue
        answer = _written(model, found.tokens, found.log_prob, found.forwards)
        answers.append(replace(answer, seconds=found.seconds, rejections=found.rejections))
    return answers


CONSTRAINED = "constrained"
METHODS: dict[str, Method] = {
    CONSTRAINED: constrained,
    "unconstrained": unconstrained,
    "resample": resample,
}


def _block_length(model: Model, options: Mapping[str, Any]) -> int | None:
    given = options.get("block_length")
    return model.backend.block_length if given is None else given


def _request(model: Model, task: Task, options: Mapping[str, Any]) -> Request | str:
    """The row that ``Model.generate`` starts from, or why there is none."""
    from latticework.models.rows import Rows
    from latticework.models.wishes import Wishes

    try:
        rows = Rows(model.backend, model.compile, options.get("seed") or 0)
        return rows.blank(task.text, task.schema, Wishes(options.get("max_tokens"), "soft")).request
    except LatticeworkError as error:
        return f"{type(error).__name__}: {error}"


def _written(model: Model, tokens: Any, log_prob: Any, forwards: int) -> Answer:
    pieces = [model.vocabulary.bytes(int(token)) for token in tokens]
    text = b"".join(pieces).decode("utf-8", errors="replace")
    is_json = parse(text) is not MISSING
    rated = value_confidence(pieces, np.asarray(log_prob), json_document=True) if is_json else {}
    canonical = Segmentation(model.vocabulary, model.backend.encode_text).is_canonical(list(map(int, tokens)))
    return Answer(text, rated, forwards, canonical=canonical)
