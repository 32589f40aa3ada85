"""Trains the filter of the ``learned`` policy: ``python -m latticework.models.embedded.training.filtering``.

Records of the training split are decoded one slot per forward under their constraint; at every forward each open slot
is an example, final or not: whether its token in the completion is the one it ends with. The labels so stand for the
order of the reference, not for what is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray

from latticework.bench.documents import records_of, schema_of
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policies.learned import FEATURES, Filter, features_of
from latticework.diffusion.policies.low_confidence import LowConfidence
from latticework.diffusion.records import Request, Step
from latticework.models.loading import load
from latticework.models.model import Model

HIDDEN = 32
BLOCKS = (3, 16, None)  # block lengths that the examples come from
SPARE = 24  # slots of a canvas beyond the answer


class Collector:
    """A step hook that keeps features and drafts of all open body slots until the rows have ended."""

    def __init__(self, end: NDArray[np.bool_]) -> None:
        self._end = end
        self._seen: list[tuple[int, NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]] = []

    def __call__(self, step: Step) -> None:
        if not step.forwards:
            return
        free = step.free.copy()
        free[step.committed] = free[step.forced] = True
        slots = np.flatnonzero(free & ~self._end[step.tokens])
        if len(slots):
            self._seen.append((step.row, slots, features_of(step.confidence, free, slots), step.tokens[slots]))

    def examples(self, tokens: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """[M, FEATURES] and [M] whether the token is the final one, given the final canvas of every row."""
        features = np.concatenate([found for _, _, found, _ in self._seen])
        labels = np.concatenate([tokens[row][slots] == drafted for row, slots, _, drafted in self._seen])
        return features, labels


def gather(model: Model, count: int, pools: Path | None, seed: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Examples of ``count`` training records; each block length gets a share of them."""
    backend = model.backend
    end = np.zeros(len(backend.vocabulary), dtype=np.bool_)
    end[backend.vocabulary.end_tokens] = True
    records = records_of("train", count, pools, seed)
    parts = []
    for place, block in enumerate(BLOCKS):
        requests = []
        for record in records[place :: len(BLOCKS)]:
            schema = schema_of(record.leaves)
            prompt = tuple(backend.encode_prompt(record.text, schema))
            slots = len(backend.encode_text(record.response)) + SPARE
            requests.append(Request.blank(prompt, slots, model.compile(schema)))
        collector = Collector(end)
        outcomes = denoise(backend, requests, Options(policy=LowConfidence(), block_length=block), collector)
        parts.append(collector.examples([outcome.tokens for outcome in outcomes]))
    return np.concatenate([features for features, _ in parts]), np.concatenate([labels for _, labels in parts])


def train(features: NDArray[np.float32], labels: NDArray[np.bool_], epochs: int = 6, seed: int = 0) -> Filter:
    """A filter by logistic regression with one hidden layer (Adam, batches of 512)."""
    torch.manual_seed(seed)
    first, last = torch.nn.Linear(FEATURES, HIDDEN), torch.nn.Linear(HIDDEN, 1)
    network = torch.nn.Sequential(first, torch.nn.ReLU(), last)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    inputs, targets = torch.from_numpy(features), torch.from_numpy(labels.astype(np.float32))
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs)).split(512):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(inputs[batch])[:, 0], targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return Filter(
        hidden=first.weight.detach().numpy().T.copy(),
        hidden_bias=first.bias.detach().numpy().copy(),
        out=last.weight.detach().numpy()[0].copy(),
        out_bias=last.bias.detach().numpy().copy(),
    )


def main(
    out: Annotated[Path, typer.Argument(help="File of the filter (.npz).")],
    model: Annotated[str, typer.Option(help='"embedded" or a model folder.')] = "embedded",
    records: int = 240,
    pools: Annotated[Path | None, typer.Option(help="File of word lists; drawn where it is missing.")] = None,
    seed: int = 5,
) -> None:
    """Gathers examples, trains on nine tenths of them and says how good the filter is on the rest."""
    torch.set_num_threads(1)
    features, labels = gather(load(model), records, pools, seed)
    held_out = np.random.default_rng(seed).random(len(labels)) < 0.1
    found = train(features[~held_out], labels[~held_out], seed=seed)
    sure = found.final(features[held_out]) >= 0.9
    wrong = 1.0 - float(labels[held_out][sure].mean()) if sure.any() else 0.0
    typer.echo(
        f"{len(labels)} examples, {labels.mean():.1%} final; on the rest {sure.mean():.1%} are taken for final, "
        f"{wrong:.1%} of them wrongly"
    )
    found.save(out)


if __name__ == "__main__":
    typer.run(main)
