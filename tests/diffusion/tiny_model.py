"""A random two-layer network over a tiny vocabulary; counts its forwards and remembers their batch sizes."""

from __future__ import annotations

import torch
from fake_session import MASK, VOCABULARY


class TinyModel:
    """Logits depend on the token, its distance from the end of the sequence, and the mean of all tokens attended to."""

    name = "tiny"
    mask_id = MASK
    device = torch.device("cpu")
    block_length = None
    max_positions = None

    def __init__(self, seed: int = 0, scale: float = 3.0, vocabulary=VOCABULARY) -> None:
        generator = torch.Generator().manual_seed(seed)
        size = len(vocabulary)
        self.vocabulary = vocabulary
        self.token = torch.randn(size, 8, generator=generator, dtype=torch.float64)
        self.place = torch.randn(64, 8, generator=generator, dtype=torch.float64)
        self.out = torch.randn(8, size, generator=generator, dtype=torch.float64) * scale
        self.batches: list[int] = []

    def encode_prompt(self, prompt: str, schema) -> list[int]:
        return [3 + (byte % 4) for byte in prompt.encode()]

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        self.batches.append(len(ids))
        weight = attention.double()[..., None]
        hidden = self.token[ids] * weight
        mean = hidden.sum(dim=1, keepdim=True) / weight.sum(dim=1, keepdim=True)
        places = self.place[: ids.shape[1]].flip(0)
        return torch.tanh(hidden + mean + places)[:, -keep:] @ self.out
