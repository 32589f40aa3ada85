"""Accuracy of a model on the held-out splits without a sampler: greedy, left to right, after a correct prefix.

A field counts when every token of its value, and the token that ends it, is the model's first choice given the gold
response before that token and nothing after it. All prefixes of a record share one row, so a record costs one forward
pass. This is the figure to watch while training; ``benchmarks/embedded_quality.py`` measures whole documents.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

import torch
from tokenizers import Tokenizer

from latticework.models.embedded.modeling import EmbeddedModel
from latticework.models.embedded.training.batches import collate
from latticework.models.embedded.training.generator import SPLITS, Generator
from latticework.models.embedded.training.pools import Pools
from latticework.models.embedded.training.states import prefixes
from latticework.models.embedded.training.tokenize import Encoded, encode


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
    state = prefixes(record)
    start, end = len(record.prompt), len(record.response)
    batch = collate([(record, [state])], start + len(state.tokens))
    sees = batch.sees()
    hidden = model.encode(batch.ids, sees, batch.positions)
    asked = slice(start + end, None)  # one masked slot for every slot of the response and the one behind it
    readable = model.readable(batch.ids, sees)[:, asked]
    best = model.log_probs(hidden[:, asked], hidden, batch.ids, readable)[0].argmax(-1)
    right = (best == batch.target[0, asked]).tolist()
    return [all(right[first : last + 1]) for first, last in record.spans]
