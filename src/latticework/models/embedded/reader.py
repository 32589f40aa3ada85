"""The embedded model read in parts, for caches of keys and values."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from latticework.diffusion.caches.reader import Reader


class EmbeddedReader(Reader):
    """Its prompt never sees the canvas, and nobody sees a masked slot: only visible tokens matter to others."""

    prompt_apart = True

    def sees(self, ids: Tensor) -> Tensor:
        return self.network.layout(ids[None], None)[0][0]

    def hidden(self, ids: Tensor, sees: Tensor, positions: Tensor, past: Any) -> Tensor:
        return self.network.encode(ids, sees, positions, past)

    def logits(self, hidden: Tensor, ids: Tensor, prompt: int) -> Tensor:
        readable = self.network.readable(ids[None], self.sees(ids)[None])[:, prompt:]
        return self.network.log_probs(hidden[None, prompt:], hidden[None], ids[None], readable)[0]
