"""Reductions for logits on devices, against the CPU kernels on the same numbers: torch operations, Triton kernels."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw
from latticework.lattice import reduction_torch, scoring_device, session
from latticework.lattice.reduction import TILE, DeviceTable, Pieces, Reduction
from latticework.lattice.scoring import ClassTable, Logits

DEVICE = torch.device("cpu" if os.environ.get("TRITON_INTERPRET") == "1" else "cuda")
Reduce = Callable[..., Reduction]


@pytest.fixture(params=["torch", "triton"])
def reduce_rows(request: pytest.FixtureRequest) -> Reduce:
    if request.param == "torch":
        return reduction_torch.reduce_rows
    pytest.importorskip("triton", reason="Triton is not installed (it is for Linux only)")
    from latticework.lattice import reduction_triton

    return reduction_triton.reduce_rows


def table_of(kind: np.ndarray, classes: int) -> ClassTable:
    labels = np.arange(classes + 1, dtype=np.int32)
    return ClassTable(kind, classes - 2, classes - 1, labels, labels[:-1])


def random_table(rng: np.random.Generator, tokens: int, classes: int) -> ClassTable:
    """Classes of very unequal sizes, some perhaps empty."""
    shares = rng.dirichlet(np.full(classes, 0.1))
    return table_of(rng.choice(classes, tokens, p=shares).astype(np.int32), classes)


def check(
    reduce_rows: Reduce, logits: torch.Tensor, free: np.ndarray, table: ClassTable, temperature: float = 1.0
) -> None:
    """Equal to the CPU kernels; nearest tokens are of their class and as near as can be, the first of equals."""
    host = Logits(logits.float().contiguous(), free, table)
    expected = host.classes(sums=True, means=True, temperature=temperature)
    assert expected.mass is not None
    assert expected.mean is not None
    there = logits.to(DEVICE)
    rows = torch.from_numpy(host.rows).to(DEVICE)
    copy = DeviceTable.of(table, DEVICE)
    scale = float(np.float32(1 / temperature))
    found = reduce_rows(there, rows, copy, table.classes, scale, True)
    shorter = reduce_rows(there, rows, copy, table.classes, scale, False)
    filled = table.sizes() > 0
    for result in (found, shorter):
        least, mass = result.least.cpu().numpy(), result.mass.cpu().numpy()
        np.testing.assert_array_equal(least[:, filled], expected.least[:, filled])
        assert (least[:, ~filled] >= 1e30).all()
        np.testing.assert_allclose(mass[:, filled], expected.mass[:, filled], rtol=2e-5)
        np.testing.assert_array_equal(mass[:, ~filled], 0)
        np.testing.assert_array_equal(result.largest.cpu().numpy(), host.largest)
        normaliser = result.high.double() + result.low.double()
        np.testing.assert_allclose(normaliser.cpu().numpy(), expected.normaliser, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(
        found.mean.cpu().numpy()[:, filled], expected.mean[:, filled], rtol=2e-5, atol=1e-4 / temperature
    )
    values = np.nan_to_num(logits.float().numpy()[host.rows], nan=-np.inf)
    near = found.near.cpu().numpy()
    for kind in np.flatnonzero(filled):
        members = table.members(kind)
        np.testing.assert_array_equal(near[:, kind], members[np.argmax(values[:, members], axis=1)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("tokens", "classes"), [(7, 3), (300, 12), (2500, 300), (9000, 4)])
def test_random_rows(reduce_rows, dtype, tokens, classes):
    rng = np.random.default_rng(tokens)
    values = torch.from_numpy(rng.normal(0, 4, (2, 5, tokens + 3)).astype(np.float32)).to(dtype)
    free = np.array([True, False, True, True, True])
    check(reduce_rows, values[1, :, 1:-2], free, random_table(rng, tokens, classes), 0.7)


def test_transposed_logits(reduce_rows):
    rng = np.random.default_rng(1)
    logits = torch.from_numpy(rng.normal(0, 2, (500, 4)).astype(np.float32)).T
    assert logits.stride(1) == 4
    check(reduce_rows, logits, np.ones(4, bool), random_table(rng, 500, 20))


def odd_rows(rng: np.random.Generator, width: int) -> np.ndarray:
    """Nothing usable, undefined and infinite values, ties, huge values."""
    plain = rng.normal(0, 3, (8, width)).astype(np.float32)
    plain[0] = -np.inf
    plain[1] = np.nan
    plain[2, rng.random(width) < 0.5] = np.nan
    plain[3, rng.random(width) < 0.95] = -np.inf
    plain[4] = np.round(plain[4])
    plain[5, rng.integers(width, size=2)] = np.inf
    plain[6] *= 1e4
    plain[7] = 0
    return plain


@pytest.mark.parametrize("temperature", [1.0, 0.25, 3.0])
def test_odd_rows(reduce_rows, temperature):
    rng = np.random.default_rng(7)
    for tokens, classes in ((40, 5), (5000, 9)):
        logits = torch.from_numpy(odd_rows(rng, tokens))
        check(reduce_rows, logits, np.ones(8, bool), random_table(rng, tokens, classes), temperature)


def test_classes_without_tokens_and_of_whole_tiles(reduce_rows):
    sizes = [0, TILE, 1, 2 * TILE, 0, 129, 128, 9, 8, 0]
    kind = np.random.default_rng(3).permutation(np.repeat(np.arange(len(sizes)), sizes)).astype(np.int32)
    logits = torch.from_numpy(np.random.default_rng(4).normal(0, 3, (3, len(kind))).astype(np.float32))
    check(reduce_rows, logits, np.ones(3, bool), table_of(kind, len(sizes)))


def test_no_free_row(reduce_rows):
    table = random_table(np.random.default_rng(0), 30, 4)
    check(reduce_rows, torch.zeros(3, 30), np.zeros(3, bool), table)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_pieces_cover_every_class_once(sizes):
    offset = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    pieces = Pieces.of(offset)
    covered = [
        np.arange(first, first + size) for first, size in zip(pieces.first, pieces.size, strict=True) if size > 0
    ]
    np.testing.assert_array_equal(np.concatenate([*covered, []]), np.arange(offset[-1]))
    for kind, (begin, end) in enumerate(zip(pieces.offset[:-1], pieces.offset[1:], strict=True)):
        assert pieces.size[begin:end].sum() == sizes[kind]
        assert (pieces.first[begin:end] >= offset[kind]).all()
    tiles, counts = pieces.tiles()
    assert sorted(tiles[tiles >= 0].tolist()) == list(range(len(pieces.first)))
    assert sum(counts) * TILE >= offset[-1]


@pytest.fixture
def on_device(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sessions take CPU tensors for tensors of a device; returns what they copied to the host, by number of values."""
    copies: list[int] = []
    to_host = scoring_device.to_host

    def counted(values: torch.Tensor) -> np.ndarray:
        copies.append(values.numel())
        return to_host(values)

    monkeypatch.setattr(session, "open_logits", scoring_device.DeviceLogits)
    monkeypatch.setattr(scoring_device, "to_host", counted)
    return copies


VOCABULARY = lw.Vocabulary([*(bytes([byte]) for byte in range(128)), b'": "', b'", "', b"true", b""], {131: "eos"})
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"type": "boolean"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}


def canvas() -> tuple[lw.Constraint, torch.Tensor]:
    logits = np.random.default_rng(0).normal(0, 3, (50, len(VOCABULARY))).astype(np.float32)
    return lw.compile(lw.json_schema(SCHEMA), VOCABULARY), torch.from_numpy(logits)


ASK = {
    "best": lambda s, x: s.best(x),
    "propose": lambda s, x: s.propose(x, entropy=True),
    "propose a sample": lambda s, x: s.propose(x, temperature=0.7, generator=3),
    "sample": lambda s, x: s.sample(x, generator=4, temperature=1.5),
}


@pytest.mark.parametrize("question", ASK)
def test_sessions_answer_the_same(question, request):
    constraint, logits = canvas()
    tokens, free = np.zeros(50, np.int64), np.ones(50, np.bool_)
    expected = ASK[question](constraint.session(tokens, free), logits)
    request.getfixturevalue("on_device")
    found = ASK[question](constraint.session(tokens, free), logits)
    np.testing.assert_array_equal(found.tokens, expected.tokens)
    assert found.log_prob == pytest.approx(expected.log_prob, abs=1e-4)
    for name in ("confidence", "entropy", "log_z"):
        if getattr(expected, name, None) is not None:
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-5, atol=1e-5)


def test_marginals_answer_the_same(request):
    constraint, logits = canvas()
    tokens, free = np.zeros(50, np.int64), np.ones(50, np.bool_)
    free[0] = False
    tokens[0] = ord("{")
    expected = constraint.session(tokens, free).marginals(logits)
    request.getfixturevalue("on_device")
    found = constraint.session(tokens, free).marginals(logits)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)


def test_a_proposal_copies_once_and_a_sample_twice_more(on_device):
    """A sample needs the statistics at its temperature and, for its confidences, at 1."""
    constraint, logits = canvas()
    opened = constraint.session(np.zeros(50), np.ones(50, np.bool_))
    opened.propose(logits)
    table = 50 * (3 + 3 * constraint.class_table.classes)
    assert on_device == [table]
    opened.propose(logits, temperature=0.7, generator=1)
    assert on_device[1:] == [table, table, 2 * 50]


def test_draws_follow_the_softmax_inside_the_class():
    rng = np.random.default_rng(11)
    table = table_of(np.array([0, 1, 0, 1, 1, 0, 2], np.int32), 3)
    row = torch.from_numpy(rng.normal(0, 1, 7).astype(np.float32))
    reader = scoring_device.DeviceLogits(row.expand(4000, 7), np.ones(4000, np.bool_), table)
    reader.classes(sums=True)
    drawn = reader.draw(np.ones(4000, np.int32), 0.5, rng)
    members = [1, 3, 4]
    weights = torch.softmax(row[members].double() / 0.5, 0).numpy()
    shares = np.array([(drawn == token).mean() for token in members])
    assert shares.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(shares, weights, atol=0.04)
