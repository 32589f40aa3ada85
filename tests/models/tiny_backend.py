"""A random bag-of-words network over a byte vocabulary with some longer tokens: the model interface, no quality."""

from __future__ import annotations

import torch

from latticework.tokens.vocabulary import Vocabulary

WORDS = [b'{"', b'":', b',"', b'"}', b'":"', b"true", b"false", b"null", b"name", b"the", b" a", b"\xc3\xa9", b"00"]
TOKENS = [b"", b"", b"", *[bytes([byte]) for byte in range(256)], *WORDS]
MASK, EOS, PAD = 0, 1, 2
VOCABULARY = Vocabulary(TOKENS, {MASK: "mask", EOS: "eos", PAD: "pad"})


class TinyBackend:
    """Logits from the token, its place counted from the end, and the mean over all tokens attended to."""

    name = "tiny"
    mask_id = MASK
    vocabulary = VOCABULARY
    device = torch.device("cpu")
    block_length = None

    def __init__(self, seed: int = 0, max_positions: int | None = 512, scale: float = 2.0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.max_positions = max_positions
        self.token = torch.randn(len(VOCABULARY), 16, generator=generator, dtype=torch.float64)
        self.place = torch.randn(1024, 16, generator=generator, dtype=torch.float64)
        self.out = torch.randn(16, len(VOCABULARY), generator=generator, dtype=torch.float64) * scale / 4
        self.forwards = 0
        self.schemas: list[object] = []

    def encode_prompt(self, prompt: str, schema) -> list[int]:
        self.schemas.append(schema)
        return [3 + byte for byte in prompt.encode()]

    def encode_text(self, text: str) -> list[int]:
        return VOCABULARY.encode(text.encode())

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        self.forwards += 1
        weight = attention.double()[..., None]
        hidden = self.token[ids] * weight
        mean = hidden.sum(dim=1, keepdim=True) / weight.sum(dim=1, keepdim=True)
        return torch.tanh(hidden + mean + self.place[: ids.shape[1]].flip(0))[:, -keep:] @ self.out
