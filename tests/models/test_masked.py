"""What positions see and which rows score them, against the definitions written out position by position."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from latticework.models.base import Traits
from latticework.models.masked import scoring_positions, visible

BATCHES = st.integers(1, 9).flatmap(
    lambda length: st.tuples(st.just(length), st.lists(st.integers(1, length), min_size=1, max_size=3))
)


def padded(length: int, sizes: list[int]) -> torch.Tensor:
    return torch.tensor([[position >= length - size for position in range(length)] for size in sizes])


@given(batch=BATCHES, block=st.one_of(st.none(), st.integers(1, 5)))
def test_what_a_position_sees(batch, block):
    length, sizes = batch
    attention = padded(length, sizes)
    positions = (attention.long().cumsum(dim=1) - 1).clamp_min(0)
    traits = Traits() if block is None else Traits(attention="block_causal", block=block)
    seen = visible(attention, positions, traits).expand(-1, 1, length, length)[:, 0]
    assert seen.any(dim=-1).all()
    for row, size in enumerate(sizes):
        first = length - size
        for query in range(first, length):
            for key in range(length):
                own = key >= first
                earlier = block is None or (key - first) // block <= (query - first) // block
                assert seen[row, query, key] == (own and earlier)


@given(batch=BATCHES, offset=st.integers(0, 1), data=st.data())
def test_which_row_scores_a_position(batch, offset, data):
    length, sizes = batch
    keep = data.draw(st.integers(1, length))
    found = scoring_positions(padded(length, sizes), keep, offset)
    assert found.shape == (len(sizes), keep)
    for row, size in enumerate(sizes):
        first = length - size
        for place, position in enumerate(range(length - keep, length)):
            if position >= first:
                assert found[row, place] == max(position - offset, first)
            assert 0 <= found[row, place] < length
