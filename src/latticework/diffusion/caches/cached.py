"""A model whose forwards compute part of a row and take the rest from the forward before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from latticework.device_memory import memory_errors
from latticework.diffusion.caches.strategies import BLOCK, Blocks, Strategy, strategy_of
from latticework.errors import InputError

if TYPE_CHECKING:
    import torch

    from latticework.diffusion.caches.reader import Reader
    from latticework.models.base import DiffusionModel


def cached(
    model: DiffusionModel,
    cache: str | Strategy,
    options: Mapping[str, Any] | None = None,
    block_length: int | None = None,
) -> CachedModel:
    """The model behind a cache, by name or as a strategy.

    ``block_length``: of decoding, the block of caches that work by blocks and were given none.

    Raises ``InputError``: there is no such cache or option; the model cannot be read in parts, and why.
    """
    strategy = strategy_of(cache, options, block_length)
    make = getattr(model, "reader", None)
    if make is None:
        raise InputError(
            f"cache={cache!r} needs a network that can be computed in parts; {model.name} has none that this package "
            "can take apart: leave cache= out"
        )
    return CachedModel(model, make(), strategy)


@dataclass(eq=False, slots=True)
class _Kept:
    """One row: hidden states [L, d], keys and values by layer [H, L, D], open slots [N], canvas [N], forwards since all
    was computed."""

    prompt: tuple[int, ...]
    canvas: NDArray[np.int64]
    open_: NDArray[np.bool_]
    hidden: torch.Tensor
    layers: list[tuple[torch.Tensor, torch.Tensor]]
    age: int = 0

    def leads_to(self, prompt: tuple[int, ...], canvas: NDArray[np.int64], open_: NDArray[np.bool_]) -> bool:
        """Whether a canvas is this one with more slots written."""
        if prompt != self.prompt or len(canvas) != len(self.canvas):
            return False
        return not (open_ & ~self.open_).any() and bool((canvas == self.canvas)[~self.open_].all())

    @property
    def bytes(self) -> int:
        return self.hidden.nbytes + sum(keys.nbytes + values.nbytes for keys, values in self.layers)


@dataclass(eq=False, slots=True)
class _Job:
    """What one forward computes of a row: ``places`` [n] beside kept keys and values of ``others`` [m]."""

    prompt: tuple[int, ...]
    canvas: NDArray[np.int64]
    open_: NDArray[np.bool_]
    ids: torch.Tensor
    sees: torch.Tensor | None
    places: torch.Tensor
    others: torch.Tensor
    kept: _Kept | None
    age: int


class CachedModel:
    """A model behind a cache; use it as ``Model(CachedModel(...))``, or see :func:`cached`.

    Unlike other models it remembers the rows of the last forward, each found again by its prompt and by what is written
    there. A canvas from which slots were taken back, or that got another length, is computed in full. Rows of a batch
    are computed together where about as much is to be computed of them. Calls that share one are answered correctly,
    but drop each other's rows: make one for each.

    Attributes:
        computed, seen: positions that were computed so far, and that would have been without a cache.
        most_bytes: of keys, values and hidden states that were kept at a time.
    """

    def __init__(self, model: DiffusionModel, reader: Reader, strategy: Strategy) -> None:
        """
        Args:
            model: whose vocabulary, prompts and ids count.
            reader: its network, read in parts.
            strategy: what is computed when.
        """
        from latticework.models.base import traits_of

        self._model = model
        self._reader = reader
        self._strategy = strategy
        traits = traits_of(model)
        self._block = 1
        if traits.attention == "block_causal" and isinstance(strategy, Blocks):
            self._block = strategy.block or BLOCK  # blocks of such a network count from the start of the prompt
        self._rows: list[_Kept] = []
        self._lock = Lock()
        self.computed = 0
        self.seen = 0
        self.most_bytes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def forward_canvases(
        self, prompts: Sequence[tuple[int, ...]], canvases: Sequence[NDArray[np.int64]]
    ) -> list[torch.Tensor]:
        """Logits [N, V] of canvases [N] behind prompts. Raises ``ModelError`` when the device runs out of memory."""
        import torch

        with self._lock, torch.inference_mode(), memory_errors(f"a forward over {len(canvases)} canvases"):
            left = list(self._rows)
            jobs = [self._job(tuple(prompt), canvas, left) for prompt, canvas in zip(prompts, canvases, strict=True)]
            for some in _alike(jobs):
                self._compute(some)
            rows = [self._settled(job) for job in jobs]
            self._rows = rows
            self.most_bytes = max(self.most_bytes, sum(row.bytes for row in rows))
            return [
                self._reader.logits(row.hidden, job.ids, len(job.prompt)) for row, job in zip(rows, jobs, strict=True)
            ]

    def _job(self, prompt: tuple[int, ...], canvas: NDArray[np.int64], left: list[_Kept]) -> _Job:
        """What to compute of a row; takes the row that it goes on from out of those ``left``."""
        import torch

        open_ = canvas == self._model.mask_id
        fitting = [row for row in left if row.leads_to(prompt, canvas, open_)]
        kept = min(fitting, key=lambda row: int(row.open_.sum()), default=None)
        plan, age = None, 0
        if kept is not None:
            due = self._strategy.refresh is not None and kept.age + 1 >= self._strategy.refresh
            lead = len(prompt) % self._block
            plan = None if due else self._strategy.plan(len(prompt), open_, kept.open_, lead)
        ids = torch.from_numpy(np.concatenate((np.asarray(prompt, dtype=np.int64), canvas))).to(self._model.device)
        sees = self._reader.sees(ids)
        computed = np.ones(len(ids), dtype=np.bool_)
        hidden = ~computed
        if kept is not None and plan is not None:
            changed = np.concatenate((np.zeros(len(prompt), dtype=np.bool_), kept.canvas != canvas))
            computed, hidden, age = plan.computed | changed, plan.hidden, kept.age + 1
            left.remove(kept)
        else:
            kept = self._beginning(prompt, canvas, open_)
            computed[: len(prompt)] = kept is None
        others = ~computed & ~hidden
        if sees is not None:
            others &= sees[torch.from_numpy(computed).to(sees.device)].any(dim=0).cpu().numpy()
        self.computed += int(computed.sum())
        self.seen += len(ids)
        places, beside = (torch.from_numpy(np.flatnonzero(own)).to(ids.device) for own in (computed, others))
        return _Job(prompt, canvas.copy(), open_, ids, sees, places, beside, kept, age)

    def _beginning(self, prompt: tuple[int, ...], canvas: NDArray[np.int64], open_: NDArray[np.bool_]) -> _Kept | None:
        """A row of which the prompt is there already, where that depends on nothing else."""
        if not self._reader.prompt_apart:
            return None
        source = next((row for row in self._rows if row.prompt == prompt), None)
        if source is None:
            return None

        def taken(tensor: torch.Tensor) -> torch.Tensor:
            found = tensor.new_zeros((*tensor.shape[:-2], len(prompt) + len(canvas), tensor.shape[-1]))
            found[..., : len(prompt), :] = tensor[..., : len(prompt), :]
            return found

        layers = [(taken(keys), taken(values)) for keys, values in source.layers]
        return _Kept(prompt, canvas.copy(), open_, taken(source.hidden), layers)

    def _compute(self, jobs: list[_Job]) -> None:
        """One forward for rows of different lengths, padded on the right; leaves its results in the rows kept."""
        import torch
        from transformers import DynamicCache

        places = max(len(job.places) for job in jobs)
        others = max(len(job.others) for job in jobs)
        device = jobs[0].ids.device
        ids = torch.zeros((len(jobs), places), dtype=torch.long, device=device)
        positions = torch.zeros_like(ids)
        # Padding sees itself, so that no row of the mask is empty, and is seen by nobody.
        mask = torch.zeros((len(jobs), places, others + places), dtype=torch.bool, device=device)
        mask[:, :, others:] = torch.eye(places, dtype=torch.bool, device=device)
        for row, job in enumerate(jobs):
            own, beside = len(job.places), len(job.others)
            ids[row, :own] = job.ids[job.places]
            positions[row, :own] = job.places
            if job.sees is None:
                mask[row, :own, :beside] = True
                mask[row, :own, others : others + own] = True
            else:
                rows = job.sees[job.places]
                mask[row, :own, :beside] = rows[:, job.others]
                mask[row, :own, others : others + own] = rows[:, job.places]
        past = DynamicCache(config=self._reader.config)
        if others:
            self._fill(past, jobs, others)
        hidden = self._reader.hidden(ids, mask, positions, past)
        layers = [(layer.keys[:, :, others:], layer.values[:, :, others:]) for layer in cast(Any, past).layers]
        for row, job in enumerate(jobs):
            own = len(job.places)
            _put(job, hidden[row, :own], [(keys[row, :, :own], values[row, :, :own]) for keys, values in layers])

    def _fill(self, past: Any, jobs: list[_Job], others: int) -> None:
        """Put what the jobs see of their kept rows into a cache of transformers, padded on the right."""
        rows = [job.kept.layers for job in jobs if job.kept is not None]

        def together(index: int, kind: int) -> torch.Tensor:
            columns = [layers[index][kind][:, job.others] for layers, job in zip(rows, jobs, strict=True)]
            heads, _, width = columns[0].shape
            padded = columns[0].new_zeros((len(jobs), heads, others, width))
            for row, own in enumerate(columns):
                padded[row, :, : own.shape[1]] = own
            return padded

        for index in range(len(rows[0])):
            past.update(together(index, 0), together(index, 1), index)

    def _settled(self, job: _Job) -> _Kept:
        """The row as it is after the forward."""
        assert job.kept is not None
        row = job.kept
        row.canvas, row.open_, row.age = job.canvas, job.open_, job.age
        return row


def _alike(jobs: list[_Job]) -> list[list[_Job]]:
    """Jobs that go well together: with kept rows or all without, and within a factor of two as long."""
    groups: dict[tuple[bool, int], list[_Job]] = {}
    for job in jobs:
        if len(job.places):
            groups.setdefault((job.kept is None, len(job.places).bit_length()), []).append(job)
    return list(groups.values())


def _put(job: _Job, hidden: torch.Tensor, layers: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Write what was computed of a row into what is kept of it."""
    if job.kept is None:
        copies = [(keys.clone(), values.clone()) for keys, values in layers]
        job.kept = _Kept(job.prompt, job.canvas, job.open_, hidden.clone(), copies)
        return
    job.kept.hidden[job.places] = hidden
    for (keys, values), (new_keys, new_values) in zip(job.kept.layers, layers, strict=True):
        keys[:, job.places] = new_keys
        values[:, job.places] = new_values
