"""The denoising loop for absorbing-mask models: forwards on a batch of canvases, safe parallel commits in between.

Each round, for every row still open: slots the constraint has decided are fixed; one forward over prompt and canvas
gives logits, while the rows' lattices are prepared in worker threads; each row (several at once, in threads) takes one
valid completion and commits the part of it that the policy chooses. Every round commits at least one slot of every row,
so a row of F free slots takes at most F forwards, and what it ends with is valid.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policy import Policy, Threshold
from latticework.diffusion.records import Outcome, Request, Step
from latticework.diffusion.row import Row
from latticework.errors import InputError, LatticeworkError

if TYPE_CHECKING:
    import torch

    from latticework.models.base import DiffusionModel

_EMPTY = np.empty(0, dtype=np.int64)
_WORKERS = min(8, os.cpu_count() or 1)

_Move: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]] | LatticeworkError  # committed, forced slots; or failure


@dataclass(frozen=True, slots=True)
class Options:
    """How to denoise.

    Attributes:
        policy: which slots to commit after a forward.
        temperature: 0 takes the likeliest valid completion, above 0 a joint sample of the valid completions.
        block_length: semi-autoregressive decoding in blocks of this many slots; ``None`` for the whole canvas at once.
        batch_size: rows per forward; a row that finishes makes room for the next.
        overlap: prepare lattices in a worker thread during the forward; ``None`` decides by the device.
    """

    policy: Policy = field(default_factory=Threshold)
    temperature: float = 0.0
    block_length: int | None = None
    batch_size: int = 8
    overlap: bool | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.temperature < float("inf"):
            raise InputError(f"temperature must be a finite number >= 0, got {self.temperature}")
        if self.block_length is not None and self.block_length < 1:
            raise InputError(f"block_length must be at least 1, got {self.block_length}")
        if self.batch_size < 1:
            raise InputError(f"batch_size must be at least 1, got {self.batch_size}")


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
    loop = _Loop(model, options or Options(), on_step, len(requests))
    return loop.run(requests)


class _Loop:
    """One call of :func:`denoise`."""

    def __init__(
        self, model: DiffusionModel, options: Options, on_step: Callable[[Step], None] | None, requests: int
    ) -> None:
        self.model = model
        self.options = options
        self.overlap = _forward_leaves_a_core(model) if options.overlap is None else options.overlap
        self.on_step = on_step
        self.outcomes: list[Outcome | None] = [None] * requests

    def run(self, requests: Sequence[Request]) -> list[Outcome]:
        waiting = deque(enumerate(requests))
        active: list[Row] = []
        with ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="lattice") as pool:
            while waiting or active:
                while waiting and len(active) < self.options.batch_size:
                    row = self._start(*waiting.popleft())
                    if row is not None:
                        active.append(row)
                if active:
                    active = self._round(active, pool)
        return [outcome for outcome in self.outcomes if outcome is not None]

    def _start(self, index: int, request: Request) -> Row | None:
        """A row with its first forced slots fixed; ``None`` when it failed or needs no forward."""
        try:
            row = Row(index, request, self.model.vocabulary, self.options.block_length)
        except LatticeworkError as error:
            self.outcomes[index] = _refused(request, error)
            return None
        return row if self._file(row, _settle(row, _EMPTY)) else None

    def _round(self, rows: list[Row], pool: ThreadPoolExecutor) -> list[Row]:
        """One forward for ``rows`` and what follows from it; returns the rows still open."""
        prepared = [pool.submit(row.prepare) for row in rows] if self.overlap else [None] * len(rows)
        begun = perf_counter()
        logits = _forward(self.model, rows)
        spent = 1e3 * (perf_counter() - begun)
        for row in rows:
            row.forwards += 1
            row.timings.model += spent
        own = [logits[position, -len(row.tokens) :] for position, row in enumerate(rows)]
        each = pool.map if len(rows) > 1 else map
        moves = list(each(self._advance, rows, own, prepared))
        return [row for row, move in zip(rows, moves, strict=True) if self._file(row, move)]

    def _advance(self, row: Row, logits: torch.Tensor, prepared: Future[float] | None) -> _Move:
        """What one row makes of its logits. Rows share nothing, so several may run this at once."""
        try:
            if prepared is not None:
                _await(row, prepared)
            committed = row.advance(logits, self.options.policy, self.options.temperature)
        except LatticeworkError as error:
            return error
        return _settle(row, committed)

    def _file(self, row: Row, move: _Move) -> bool:
        """Tell the hook, keep the outcome of a row that ended; whether the row is still open."""
        if isinstance(move, LatticeworkError):
            self.outcomes[row.index] = row.outcome(move)
            return False
        if self.on_step is not None:
            self.on_step(row.step(*move))
        if row.done:
            self.outcomes[row.index] = row.outcome()
        return not row.done


def _settle(row: Row, committed: NDArray[np.int64]) -> _Move:
    """Fix what follows from ``committed`` without the model."""
    try:
        return committed, _EMPTY if row.done else row.settle()
    except LatticeworkError as error:
        return error


def _await(row: Row, prepared: Future[float]) -> None:
    begun = perf_counter()
    spent = prepared.result()
    waited = 1e3 * (perf_counter() - begun)
    row.timings.constraint += waited
    row.timings.hidden += max(0.0, spent - waited)


def _forward(model: DiffusionModel, rows: list[Row]) -> torch.Tensor:
    """Logits [B, N_max, V]; the canvas of a row of N slots is its last N positions. Prompts are padded on the left."""
    import torch

    lengths = [len(row.prompt) + len(row.tokens) for row in rows]
    longest = max(lengths)
    ids = np.full((len(rows), longest), model.mask_id, dtype=np.int64)
    attention = np.zeros((len(rows), longest), dtype=np.bool_)
    for position, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        canvas = np.where(row.free, model.mask_id, row.tokens)
        ids[position, longest - length :] = np.concatenate((np.asarray(row.prompt, dtype=np.int64), canvas))
        attention[position, longest - length :] = True
    keep = max(len(row.tokens) for row in rows)
    with torch.inference_mode():
        return model.forward(torch.from_numpy(ids), torch.from_numpy(attention), keep)


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
