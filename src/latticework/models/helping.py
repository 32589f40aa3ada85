"""What helpers of a diffusion model do for the rows of a call: guide their policy, write the draft they start from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.starting import Start
from latticework.errors import InputError
from latticework.models.autoregressive import AutoregressiveModel, Context, helper_of
from latticework.models.batches import each

if TYPE_CHECKING:
    from latticework.diffusion.policy import Policy
    from latticework.models.base import DiffusionModel
    from latticework.models.rows import PreparedRow

MakeRow = Callable[[], "PreparedRow"]


class Helping:
    """The helpers of one call."""

    def __init__(self, backend: DiffusionModel, guide: str | Path | AutoregressiveModel | None = None) -> None:
        self._backend = backend
        self._guide = None if guide is None else helper_of(guide)
        self._contexts: dict[tuple[int, ...], Context] = {}

    def policy(self, policy: Policy) -> Policy:
        """``policy``, with the guide beside it if there is one."""
        if self._guide is None:
            return policy
        from latticework.diffusion.policies.guided import Guided

        return Guided(policy, partial(self._agreement, self._guide))

    def known(self, make: MakeRow, prompt: str) -> MakeRow:
        """``make``, whose row the guide can be told of."""
        if self._guide is None:
            return make

        def noted() -> PreparedRow:
            row = make()
            self._contexts[row.request.prompt] = context_of(row, prompt)
            return row

        return noted

    def _agreement(
        self, guide: AutoregressiveModel, prompt: tuple[int, ...], draft: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """[N] bool: slots whose text the guide agrees to. What leaves no text is left to the policy."""
        vocabulary = self._backend.vocabulary
        ends = set(vocabulary.end_tokens)
        pieces: list[bytes] = []
        for token in draft.tolist():
            if token in ends:
                break
            pieces.append(vocabulary.bytes(token))
        stops = np.cumsum([0, *map(len, pieces)])
        agreed = guide.agreement(self._contexts[prompt], b"".join(pieces))
        found = np.zeros(len(draft), dtype=np.bool_)
        for slot, piece in enumerate(pieces):
            found[slot] = bool(piece) and bool(agreed[stops[slot] : stops[slot + 1]].all())
        return found


def started(
    makers: Sequence[MakeRow],
    prompts: Sequence[str],
    start: object,
    trust: float,
    backend: DiffusionModel,
    single: bool,
) -> list[MakeRow]:
    """Makers of rows that start from drafts: a text for each prompt, or what a helper writes.

    ``makers`` has as many for every prompt, one after the other.
    """
    count = len(makers) // len(prompts)
    drafts: Sequence[object]
    if isinstance(start, AutoregressiveModel):
        drafts = [start] * len(prompts)
    else:
        drafts = each(start, len(prompts), "start", single) if not isinstance(start, str) else [start] * len(prompts)
        if isinstance(start, str) and not single:
            raise InputError("start takes a list with one text for each prompt, or a helper that writes them")
    for draft in drafts:
        if draft is not None and not isinstance(draft, str | AutoregressiveModel):
            raise InputError(f"start must be a text or an AutoregressiveModel, got {type(draft).__name__}")
    return [
        partial(_started, make, prompts[place // count], drafts[place // count], trust, backend)
        for place, make in enumerate(makers)
    ]


def _started(make: MakeRow, prompt: str, draft: Any, trust: float, backend: DiffusionModel) -> PreparedRow:
    row = make()
    if draft is None:
        return row
    request = row.request
    if request.elastic:
        raise InputError("start goes with scaffold='soft' or 'none': an elastic scaffold has slots of its own")
    slots = len(request.tokens)
    text = draft.write(context_of(row, prompt), slots) if isinstance(draft, AutoregressiveModel) else draft
    tokens = np.full(slots, -1, dtype=np.int64)
    ids = backend.encode_text(_fitted(row, text))[:slots]
    tokens[: len(ids)] = ids
    tokens[tokens >= len(backend.vocabulary)] = -1
    if len(ids) < slots and len(backend.vocabulary.end_tokens):
        tokens[len(ids)] = backend.vocabulary.end_tokens[0]
    return replace(row, request=replace(request, start=Start(tokens, trust)))


def context_of(row: PreparedRow, prompt: str) -> Context:
    schema = getattr(row.grammar, "schema", None)
    return Context(prompt, schema if isinstance(schema, dict) else None)


def _fitted(row: PreparedRow, text: str) -> str:
    """A JSON document in the spelling of the grammar, where that makes it one of its documents."""
    if row.constraint is None or row.grammar is None or row.grammar.kind != "json_schema":
        return text
    if row.constraint.accepts(text):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return text
