"""Proposals for the rows of a batch whose logits are on a device: all is queued there, and one copy brings it back.

Large lattices are solved on the device, those of one kind of question by one launch of each kernel; of small ones the
statistics of the logits come along and the host solves them, each in the thread of its row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.path import Proposal
from latticework.lattice.reduction import all_to_host
from latticework.lattice.scoring_device import DeviceLogits

if TYPE_CHECKING:
    import torch

    from latticework.lattice.lattice_device import DeviceCanvas
    from latticework.lattice.session import Session


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """What one row asks: the arguments of :meth:`.session.Session.propose`, with a generator where it draws."""

    session: Session
    logits: torch.Tensor
    temperature: float = 0.0
    generator: np.random.Generator | None = None
    entropy: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class _Group:
    """Questions of one kind whose lattices are solved on the device, by their places among all."""

    places: list[int]
    canvases: list[DeviceCanvas]
    rows: list[DeviceLogits]

    @classmethod
    def of(cls, asked: Sequence[Asked], rows: Sequence[DeviceLogits], places: list[int]) -> _Group:
        """Its canvases placed on the device."""
        own = [rows[place] for place in places]
        return cls(places, [asked[at].session.on_device(rows[at]) for at in places], own)

    def queue(self, asked: Sequence[Asked]) -> torch.Tensor:
        """Start what their proposals take."""
        from latticework.lattice.lattice_device import queue_proposals

        first = asked[self.places[0]]
        drawing = [np.random.default_rng(asked[place].generator) for place in self.places if first.temperature]
        return queue_proposals(
            self.canvases, self.rows, temperature=first.temperature, generators=drawing, entropy=first.entropy
        )

    def read(self, numbers: NDArray[np.float64], asked: Sequence[Asked]) -> list[Proposal]:
        """What came of it, which their sessions take note of."""
        from latticework.lattice.lattice_device import read_proposals

        sessions = [asked[place].session for place in self.places]
        tokens = [session.tokens for session in sessions]
        entropy = asked[self.places[0]].entropy
        found = read_proposals(numbers, self.canvases, self.rows, tokens, entropy=entropy)
        for session, proposal in zip(sessions, found, strict=True):
            session.remember(proposal.tokens)
        return found


def propose_together(
    asked: Sequence[Asked], beside: Sequence[torch.Tensor] = ()
) -> tuple[list[Callable[[], Proposal]], list[NDArray[Any]]]:
    """Proposals of rows with any constraints, canvases and options, and ``beside`` (flat tensors) as arrays.

    One copy to the host for everything. Where the host solves the lattice, that happens when the proposal is called
    for, which may be done in several threads; a sample then needs another copy, of the tokens drawn.

    Raises:
        InputError: the shape of logits does not fit.
    """
    rows = [_opened(own) for own in asked]
    kinds: dict[tuple[float, bool], list[int]] = {}
    statistics: list[tuple[DeviceLogits, bool, float]] = []
    for place, (own, opened) in enumerate(zip(asked, rows, strict=True)):
        if own.session.served_by(opened):
            kinds.setdefault((own.temperature, own.entropy), []).append(place)
            continue
        statistics.append((opened, own.entropy, 1.0))
        if own.temperature not in (0.0, 1.0):
            statistics.append((opened, False, own.temperature))
    groups = [_Group.of(asked, rows, places) for places in kinds.values()]
    parcels = [group.queue(asked) for group in groups]
    reduced = [opened.reduce(means=means, temperature=at).buffer for opened, means, at in statistics]
    arrived = all_to_host([*beside, *parcels, *reduced])
    solved, tables = arrived[len(beside) : len(beside) + len(groups)], arrived[len(beside) + len(groups) :]
    for (opened, means, at), numbers in zip(statistics, tables, strict=True):
        opened.receive(numbers, means=means, temperature=at)
    answers: list[Callable[[], Proposal]] = [
        partial(own.session.propose_here, opened, own.temperature, own.generator, own.entropy)
        for own, opened in zip(asked, rows, strict=True)
    ]
    for group, numbers in zip(groups, solved, strict=True):
        for place, proposal in zip(group.places, group.read(numbers, asked), strict=True):
            answers[place] = partial(_known, proposal)
    return answers, arrived[: len(beside)]


def _opened(asked: Asked) -> DeviceLogits:
    rows = asked.session.open(asked.logits)
    assert isinstance(rows, DeviceLogits), "logits on the host need no common copy"
    return rows


def _known(proposal: Proposal) -> Proposal:
    return proposal
