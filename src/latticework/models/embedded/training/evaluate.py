"""Accuracy of a model on the held-out splits without a sampler: greedy, left to right, after a correct prefix.

A field counts when every token of its value, and the token that ends it, is the model's first choice given the gold
response before that token and nothing after it. All prefixes of a record share one row, so a record costs one forward
pass. This is the figure to watch while training; ``benchmarks/embedded_quality.py`` measures whole documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import torch
from tokenizers import Tokenizer

from latticework.models.embedded.modeling import EmbeddedModel
from latticework.models.embedded.tokenizer import EOS
from latticework.models.embedded.training.batches import collate
from latticework.models.embedded.training.generator import SPLITS, Generator
from latticework.models.embedded.training.masking import Canvas
from latticework.models.embedded.training.pools import Pools
from latticework.models.embedded.training.tokenize import NO_SOURCE, Encoded, encode

TAIL = 8  # end tokens behind the response: the canvas is a little longer than needed
_CANVASES_PER_ROW = 8


@dataclass
class Score:
    """Right and all fields by kind of value."""

    right: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, right: bool) -> None:
        self.right[kind] += right
        self.total[kind] += 1

    def share(self) -> float:
        return self.right.total() / max(1, self.total.total())

    def null_floor(self) -> float:
        """What a model that always writes null would get."""
        return self.total["null"] / max(1, self.total.total())

    def __str__(self) -> str:
        kinds = "  ".join(f"{kind} {self.right[kind] / n:.2f} ({n})" for kind, n in sorted(self.total.items()))
        return f"{self.share():.3f}  n={self.total.total()}  null floor {self.null_floor():.2f}  |  {kinds}"


def evaluate(model: EmbeddedModel, tokenizer: Tokenizer, pools: Pools, split: str, records: int) -> Score:
    """Scores ``records`` documents of one split."""
    score = Score()
    drawn = list(islice(Generator(pools, SPLITS[split], seed=77), records))
    for record, encoded in zip(drawn, encode(tokenizer, drawn), strict=True):
        for span, right in zip(record.spans, field_matches(model, encoded), strict=True):
            score.add(span.kind, right)
    return score


@torch.no_grad()
def field_matches(model: EmbeddedModel, record: Encoded) -> list[bool]:
    """For every leaf value of a record: whether greedy decoding after the gold prefix writes it."""
    end = len(record.response)
    slots = sorted({slot for first, last in record.spans for slot in range(first, min(last + 1, end))})
    right: dict[int, bool] = {}
    for start in range(0, len(slots), _CANVASES_PER_ROW):
        part = slots[start : start + _CANVASES_PER_ROW]
        right.update(zip(part, _first_choices(model, record, part), strict=True))
    return [all(right[slot] for slot in range(first, min(last + 1, end))) for first, last in record.spans]


def _first_choices(model: EmbeddedModel, record: Encoded, slots: Sequence[int]) -> list[bool]:
    """Whether the most probable token of each slot, given what precedes it, is the gold one."""
    tokens = np.concatenate([record.response, np.full(TAIL, EOS, np.int64)])
    unused = np.full(len(tokens), NO_SOURCE, np.int64)
    canvases = [
        Canvas(tokens, np.arange(len(tokens)) >= slot, unused, np.ones(len(tokens), np.float32)) for slot in slots
    ]
    prompt = len(record.prompt)
    batch = collate([(record, canvases)], prompt + len(canvases) * len(tokens))
    seen = batch.ids.masked_fill(batch.masked, model.config.mask_token_id)
    sees = batch.sees()
    hidden = model.encode(seen, sees, batch.positions)
    at = torch.tensor([prompt + i * len(tokens) + slot for i, slot in enumerate(slots)])
    best = model.log_probs(hidden[:, at], hidden, seen, model.readable(seen, sees)[:, at])[0].argmax(-1)
    return [bool(token == record.response[slot]) for token, slot in zip(best.tolist(), slots, strict=True)]
