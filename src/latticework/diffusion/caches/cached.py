"""A model whose forwards compute part of a row and take the rest from the forward before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.caches.strategies import Pass, Strategy
from latticework.errors import InputError

if TYPE_CHECKING:
    import torch

    from latticework.models.base import DiffusionModel

ROWS_KEPT = 32


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


class CachedModel:
    """A model of stock transformers layers with full attention behind a cache; use it as ``Model(CachedModel(...))``.

    Unlike other models it remembers rows between forwards: the last ``ROWS_KEPT``, each found again by its prompt and
    by what is written. A canvas from which slots were taken back is computed in full. Rows are computed one by one.

    Args:
        model: whose vocabulary, prompts and ids count. network: a causal-LM class of transformers with ``model`` and
        ``lm_head``, run here with an explicit mask of full
            attention and positions.
        strategy: what is computed when.

    Raises ``InputError`` for block-causal and encoder-decoder models, which keep keys and values by their own rules.
    """

    def __init__(self, model: DiffusionModel, network: Any, strategy: Strategy) -> None:
        from latticework.models.base import traits_of

        self._traits = traits_of(model)
        if self._traits.attention != "full":
            raise InputError(f"caches of rows are for full attention; {model.name} has {self._traits.attention}")
        self._model = model
        self._network = network
        takes = signature(network.model.forward).parameters
        self._past = "cache" if "cache" in takes else "past_key_values"  # the name depends on transformers' version
        self._strategy = strategy
        self._rows: list[_Kept] = []
        self._lock = Lock()
        self.computed = 0  # positions so far, for measurements
        self.seen = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def forward_canvases(
        self, prompts: Sequence[tuple[int, ...]], canvases: Sequence[NDArray[np.int64]]
    ) -> list[torch.Tensor]:
        """Logits [N, V] of canvases [N] behind prompts."""
        import torch

        with self._lock, torch.inference_mode():
            return [self._row(tuple(prompt), canvas) for prompt, canvas in zip(prompts, canvases, strict=True)]

    def _row(self, prompt: tuple[int, ...], canvas: NDArray[np.int64]) -> torch.Tensor:
        open_ = canvas == self._model.mask_id
        fitting = [row for row in self._rows if row.leads_to(prompt, canvas, open_)]
        kept = min(fitting, key=lambda row: int(row.open_.sum()), default=None)
        due = kept is not None and self._strategy.refresh is not None and kept.age + 1 >= self._strategy.refresh
        plan = None if kept is None or due else self._strategy.plan(len(prompt), open_, kept.open_)
        if kept is not None:
            self._rows.remove(kept)
        if kept is None or plan is None:
            kept = self._all(prompt, canvas, open_)
        else:
            self._some(kept, plan, canvas, open_)
        self._rows = [*self._rows[1 - ROWS_KEPT :], kept]
        self.seen += len(prompt) + len(canvas)
        start = len(prompt) - self._traits.logit_offset
        return self._network.lm_head(kept.hidden[max(0, start) : max(0, start) + len(canvas)])

    def _all(self, prompt: tuple[int, ...], canvas: NDArray[np.int64], open_: NDArray[np.bool_]) -> _Kept:
        ids = np.concatenate((np.asarray(prompt, dtype=np.int64), canvas))
        everything = np.arange(len(ids))
        hidden, layers = self._compute(ids, everything, None, everything[:0])
        return _Kept(prompt, canvas.copy(), open_, hidden, layers)

    def _some(self, kept: _Kept, plan: Pass, canvas: NDArray[np.int64], open_: NDArray[np.bool_]) -> None:
        import torch

        changed = np.concatenate((np.zeros(len(kept.prompt), dtype=np.bool_), kept.canvas != canvas))
        computed = plan.computed | changed
        ids = np.concatenate((np.asarray(kept.prompt, dtype=np.int64), canvas))
        places = np.flatnonzero(computed)
        kept.canvas, kept.open_, kept.age = canvas.copy(), open_, kept.age + 1
        if not len(places):
            return
        others = np.flatnonzero(~computed & ~plan.hidden)
        hidden, layers = self._compute(ids, places, kept.layers, others)
        at = torch.from_numpy(places).to(hidden.device)
        kept.hidden[at] = hidden
        for (keys, values), (new_keys, new_values) in zip(kept.layers, layers, strict=True):
            keys[:, at] = new_keys
            values[:, at] = new_values

    def _compute(
        self,
        ids: NDArray[np.int64],
        places: NDArray[np.int64],
        layers: list[tuple[torch.Tensor, torch.Tensor]] | None,
        others: NDArray[np.int64],
    ) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
        """Hidden states [n, d], keys and values [H, n, D] of n places that see each other and the kept others."""
        import torch
        from transformers import DynamicCache

        device = self._model.device
        self.computed += len(places)
        past = DynamicCache(config=self._network.config)
        at = torch.from_numpy(others).to(device)
        for index, (keys, values) in enumerate(layers or ()):
            past.update(keys[None, :, at], values[None, :, at], index)
        mask = torch.ones((1, 1, len(places), len(others) + len(places)), dtype=torch.bool, device=device)
        found = self._network.model(
            input_ids=torch.from_numpy(ids[places])[None].to(device),
            attention_mask=mask,
            position_ids=torch.from_numpy(places)[None].to(device),
            use_cache=True,
            **{self._past: past},
        )
        own = cast(Any, past).layers
        return found.last_hidden_state[0].clone(), [
            (layer.keys[0, :, len(others) :].clone(), layer.values[0, :, len(others) :].clone()) for layer in own
        ]
