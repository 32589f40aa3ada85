"""The denoising loop for absorbing-mask models: forwards on a batch of canvases, safe parallel commits in between.

Each round, for every row still open: slots the constraint has decided are fixed; one forward over prompt and canvas
gives logits, while the rows' lattices are prepared in worker threads; each row (several at once, in threads, or on a
device by one launch) takes one valid completion and commits the part of it that the policy chooses. Logits on a device
stay there, and a round waits for it once. Every round commits at least one slot of every row (or gives its canvas
another length), so a row of F free slots takes at most F forwards, and what it ends with is valid.
Policies that take commits back or resize the canvas may do so a limited number of times (``row.RETRACTS_PER_SLOT``,
``row.MOST_RESIZES``), so every row ends.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.options import Options, Overlap
from latticework.diffusion.records import Outcome, Request, Step
from latticework.diffusion.row import Row
from latticework.diffusion.turn import EMPTY, Moves, Turn, settle, take_together
from latticework.errors import Infeasible, LatticeworkError
from latticework.lattice.inputs import is_on_device

if TYPE_CHECKING:
    import torch

    from latticework.models.base import DiffusionModel

_WORKERS = min(8, os.cpu_count() or 1)


def denoise(
    model: DiffusionModel,
    requests: Sequence[Request],
    options: Options | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> list[Outcome]:
    """Fill the canvas of every request; outcomes in the order of the requests.

    A row that fails (no document fits, a limit is hit, the model returns NaN) becomes an outcome with ``error`` set and
    leaves the batch; the other rows go on. A row whose start is infeasible takes part in no forward. Results of a row
    do not depend on the other rows, up to the rounding of batched forwards.
    """
    options = options or Options()
    outcomes: list[Outcome | None] = [None] * len(requests)

    def file(row: Row, error: Exception | None) -> None:
        if error is not None and not isinstance(error, LatticeworkError):
            raise error
        outcomes[row.index] = row.outcome(error)

    waiting = deque(enumerate(requests))
    with Batch(model, file, on_step, options.overlap) as batch:
        while waiting or batch.rows:
            while waiting and len(batch.rows) < options.batch_size:
                index, request = waiting.popleft()
                try:
                    row = open_row(model, index, request, options)
                except LatticeworkError as error:
                    outcomes[index] = _refused(request, error)
                else:
                    batch.add(row)
            if batch.rows:
                batch.round()
    return [outcome for outcome in outcomes if outcome is not None]


def open_row(model: DiffusionModel, index: int, request: Request, options: Options) -> Row:
    """The row of a request, for :class:`Batch`; costs its first lattice question and no forward. Thread-safe.

    Beside an accelerator decided slots wait for the next step where ``options`` do not say otherwise: the device would
    wait for the host between forwards.

    Raises ``Infeasible`` when the canvas cannot hold a document, ``LimitExceeded`` where that takes too much to decide.
    """
    if options.overlap is None and model.device.type != "cpu":
        options = replace(options, overlap="late")
    slots = len(request.tokens)
    starts_short = options.policy.first_slots(slots, 1) < slots
    if starts_short and request.tail and bool(np.asarray(request.free).all()):
        # Dear under a context-free grammar, so asked only where it decides something.
        needed: int = getattr(request.constraint, "min_tokens", 1)
        first = max(1, needed, options.policy.first_slots(slots, needed))
        if first < slots:
            shorter = replace(request, tokens=request.tokens[:first], free=request.free[:first])
            with suppress(Infeasible):  # documents may have other lengths than this one
                return Row(index, shorter, model.vocabulary, options, slots)
    return Row(index, request, model.vocabulary, options, max(slots, request.most))


class Batch:
    """Rows that share forwards. They join and leave between rounds, and each goes by its own options.

    Attributes:
        rows: those still open; a caller may take some out between rounds.
    """

    def __init__(
        self,
        model: DiffusionModel,
        on_end: Callable[[Row, Exception | None], None],
        on_step: Callable[[Step], None] | None = None,
        overlap: Overlap = None,
    ) -> None:
        """
        Args:
            model: what rates the canvases.
            on_end: called once with every row that is done or has failed, when it leaves; what it raises passes.
            on_step: called after every step of every row.
            overlap: as in :class:`Options`.
        """
        self.rows: list[Row] = []
        self._model = model
        self._on_end = on_end
        self._on_step = on_step
        self._overlap = _forward_leaves_a_core(model) if overlap is None else bool(overlap)
        self._pool = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="lattice")

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown()

    def add(self, row: Row) -> None:
        """Fix the first forced slots of ``row``; it takes part in the next round unless that leaves nothing open."""
        if self._file(row, settle(row, EMPTY)):
            self.rows.append(row)

    def round(self) -> None:
        """One forward for all rows and what follows from it. Only what the model raises leaves this method, and what
        the callbacks raise."""
        rows = self.rows
        prepared = [self._pool.submit(row.prepare) for row in rows] if self._overlap else [None] * len(rows)
        begun = perf_counter()
        logits = _forward(self._model, rows)
        spent = 1e3 * (perf_counter() - begun)
        for row in rows:
            row.forwards += 1
            row.timings.model += spent
        turns = [Turn(*own) for own in zip(rows, logits, prepared, strict=True)]
        each = self._pool.map if len(rows) > 1 else map
        if is_on_device(logits[0][0]):
            take_together(turns, each)
        else:
            list(each(Turn.take, turns))
        self.rows = [turn.row for turn in turns if self._file(turn.row, turn.moves)]

    def _file(self, row: Row, moves: Moves) -> bool:
        """Tell the hooks; whether the row is still open."""
        for move in moves:
            if isinstance(move, Exception):
                self._on_end(row, move)
                return False
            if self._on_step is not None:
                self._on_step(move)
        if row.done:
            self._on_end(row, None)
        return not row.done


def _forward(model: DiffusionModel, rows: list[Row]) -> list[list[torch.Tensor]]:
    """Logits of every row: [N, V] of its canvas, then of each of its other canvases. One batch holds them all."""
    prompts: list[tuple[int, ...]] = []
    canvases: list[NDArray[np.int64]] = []
    guided: list[tuple[int, float]] = []
    places: list[slice] = []
    for row in rows:
        seen = [np.where(free, model.mask_id, tokens) for tokens, free in row.canvases()]
        places.append(slice(len(canvases), len(canvases) + len(seen)))
        guided += [(len(canvases) + own, row.options.guidance) for own in range(len(seen)) if row.options.guidance]
        prompts += [row.prompt] * len(seen)
        canvases += seen
        row.evaluations += len(seen) * (2 if row.options.guidance else 1)
    own_prompts, own_canvases = list(prompts), list(canvases)
    for place, _ in guided:
        own_prompts.append(_unconditional(model, prompts[place]))
        own_canvases.append(canvases[place])
    logits = _batch(model, own_prompts, own_canvases)
    for (place, weight), without in zip(guided, logits[len(canvases) :], strict=True):
        guidance = without + (weight + 1) * (logits[place] - without)
        logits[place] = guidance.where(guidance.isfinite(), logits[place])  # rows that rule a token out
    return [logits[place] for place in places]


def _unconditional(model: DiffusionModel, prompt: tuple[int, ...]) -> tuple[int, ...]:
    """The prompt with nothing said in it: masks, unless the model makes something else of it."""
    make = getattr(model, "unconditional", None)
    return (model.mask_id,) * len(prompt) if make is None else tuple(make(prompt))


def _batch(
    model: DiffusionModel, prompts: Sequence[tuple[int, ...]], canvases: Sequence[NDArray[np.int64]]
) -> list[torch.Tensor]:
    """Logits [N, V] of canvases [N] behind prompts, in one forward. Prompts are padded on the left."""
    import torch

    by_canvas = getattr(model, "forward_canvases", None)
    if by_canvas is not None:
        return by_canvas(prompts, canvases)
    lengths = [len(prompt) + len(canvas) for prompt, canvas in zip(prompts, canvases, strict=True)]
    longest = max(lengths)
    ids = np.full((len(canvases), longest), model.mask_id, dtype=np.int64)
    attention = np.zeros((len(canvases), longest), dtype=np.bool_)
    for position, (prompt, canvas, length) in enumerate(zip(prompts, canvases, lengths, strict=True)):
        ids[position, longest - length :] = np.concatenate((np.asarray(prompt, dtype=np.int64), canvas))
        attention[position, longest - length :] = True
    keep = max(map(len, canvases))
    with torch.inference_mode():
        logits = model.forward(torch.from_numpy(ids), torch.from_numpy(attention), keep)
    return [logits[position, -len(canvas) :] for position, canvas in enumerate(canvases)]


def _forward_leaves_a_core(model: DiffusionModel) -> bool:
    """Whether a core is idle during a forward: beside an accelerator, or when torch leaves one."""
    import torch

    return model.device.type != "cpu" or torch.get_num_threads() < (os.cpu_count() or 1)


def _refused(request: Request, error: LatticeworkError) -> Outcome:
    slots = len(request.tokens)
    return Outcome(
        tokens=np.array(request.tokens, dtype=np.int64),
        body=slots,
        log_prob=np.zeros(slots),
        forwards=0,
        free_slots=int(np.asarray(request.free).sum()),
        forced_slots=0,
        ended=False,
        error=error,
    )
