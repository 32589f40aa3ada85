"""The device's best filling, sums, samples and confidences, against the host's kernels on the same canvases."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw
from latticework.lattice.edges import TILE, Rows

pytest.importorskip("triton", reason="Triton is not installed (it is for Linux only)")

from latticework.lattice import lattice_device, scoring_device, session

DEVICE = torch.device("cpu" if os.environ.get("TRITON_INTERPRET") == "1" else "cuda")
VOCABULARY = lw.Vocabulary(
    [
        *(bytes([byte]) for byte in range(48, 123)),
        b"ab",
        b"12",
        b'{"a":',
        b'"',
        b"{",
        b"}",
        b":",
        b",",
        b"[",
        b"]",
        b"",
    ],
    {85: "eos"},
)
PATTERNS = ("[ab]{2,3}c?|x(yz)*", "a{1,12}b{0,3}", "(x[a-f]{0,30}y){1,4}z?", "([0-9]{1,9}:){2,4}", "z")


def canvas_of(
    pattern: str, slots: int, seed: int, odd: bool = False
) -> tuple[lw.Constraint, np.ndarray, np.ndarray, torch.Tensor]:
    """A feasible canvas, some of its slots fixed to a filling drawn at random, and logits; ``odd`` ones have undefined
    and infinite values, and rows with nothing usable."""
    rng = np.random.default_rng(seed)
    constraint = lw.compile(lw.regex(pattern), VOCABULARY)
    logits = rng.normal(0, 3, (slots, len(VOCABULARY))).astype(np.float32)
    whole = constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
    tokens = whole.sample(torch.from_numpy(logits.copy()), seed).tokens
    free = rng.random(slots) < 0.6
    if odd:
        logits[rng.random(logits.shape) < 0.3] = -np.inf
        logits[0] = -np.inf
        logits[1] = np.nan
        logits[rng.integers(slots), rng.integers(len(VOCABULARY))] = np.inf
        logits[-1] *= 1e4
    return constraint, tokens, free, torch.from_numpy(logits)


@pytest.fixture
def on_device(monkeypatch):
    """Sessions take CPU tensors for tensors of a device, of which even small lattices are worth it."""
    monkeypatch.setattr(session, "open_logits", scoring_device.DeviceLogits)
    monkeypatch.setattr(lattice_device, "serves", lambda rows, layout, slots: True)


def compare(found, expected, entropy: bool = True) -> None:
    assert found.log_prob == pytest.approx(expected.log_prob, rel=1e-5, abs=1e-4)
    np.testing.assert_allclose(found.log_z, expected.log_z, rtol=1e-5, atol=1e-4)
    same = found.tokens == expected.tokens
    # Equally likely fillings may differ, and one token for another of the same weight is as sure.
    if same.all():
        np.testing.assert_allclose(found.confidence, expected.confidence, rtol=2e-4, atol=1e-6)
        np.testing.assert_array_equal(found.tail, expected.tail)
    if entropy:
        np.testing.assert_allclose(found.entropy, expected.entropy, rtol=1e-3, atol=1e-4)


@given(pattern=st.sampled_from(PATTERNS[:4]), slots=st.integers(4, 6), seed=st.integers(0, 1000), odd=st.booleans())
@settings(max_examples=3, deadline=None)
def test_proposals_are_the_hosts(pattern, slots, seed, odd):
    with pytest.MonkeyPatch.context() as patch:
        constraint, tokens, free, logits = canvas_of(pattern, slots, seed, odd)
        expected = constraint.session(tokens, free).propose(logits, entropy=True)
        patch.setattr(session, "open_logits", scoring_device.DeviceLogits)
        patch.setattr(lattice_device, "serves", lambda rows, layout, slots: True)
        opened = constraint.session(tokens, free)
        found = opened.propose(logits, entropy=True)
    compare(found, expected)
    assert (found.tokens[~free] == tokens[~free]).all()
    opened.commit({slot: int(token) for slot, token in enumerate(found.tokens)})


@pytest.mark.usefixtures("on_device")
@pytest.mark.parametrize("pattern", ["([0-9]{1,9}:){2,4}", "(x[a-f]{0,30}y){1,4}z"])
def test_large_lattices_go_level_by_level(pattern, monkeypatch):
    """With counters inside counters, whose exits have a value for every outer count."""
    monkeypatch.setattr(lattice_device, "_TILES_OF_A_PROGRAM", 0)
    constraint, tokens, free, logits = canvas_of(pattern, 6, 4)
    found = constraint.session(tokens, free).propose(logits, entropy=True)
    monkeypatch.setattr(lattice_device, "serves", lambda rows, layout, slots: False)
    compare(found, constraint.session(tokens, free).propose(logits, entropy=True))


@pytest.mark.usefixtures("on_device")
def test_a_session_goes_on_after_commits_and_retractions():
    constraint, tokens, _, logits = canvas_of(PATTERNS[1], 5, 5)
    there, here = (constraint.session(tokens, np.ones(5, np.bool_)) for _ in range(2))
    for change in (lambda s: None, lambda s: s.commit({0: int(tokens[0])}), lambda s: s.retract([0])):
        change(there)
        change(here)
        found = there.propose(logits)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lattice_device, "serves", lambda rows, layout, slots: False)
            expected = here.propose(logits)
        compare(found, expected, entropy=False)


@pytest.mark.usefixtures("on_device")
def test_best_samples_and_marginals_are_the_hosts(monkeypatch):
    constraint, tokens, free, logits = canvas_of(PATTERNS[0], 4, 9)
    there = constraint.session(tokens, free)
    best, marginals = there.best(logits), there.marginals(logits)
    drawn = [there.sample(logits, generator=seed, temperature=2.0) for seed in range(3)]
    assert there.propose(logits, 2.0, 1).tokens.tolist() == drawn[1].tokens.tolist()
    monkeypatch.setattr(lattice_device, "serves", lambda rows, layout, slots: False)
    here = constraint.session(tokens, free)
    expected = here.best(logits)
    np.testing.assert_array_equal(best.tokens, expected.tokens)
    assert best.log_prob == pytest.approx(expected.log_prob, abs=1e-4)
    torch.testing.assert_close(marginals, here.marginals(logits), rtol=1e-5, atol=1e-4)
    rows = torch.log_softmax(logits, 1)
    for path in drawn:
        here.commit({slot: int(path.tokens[slot]) for slot in np.flatnonzero(free)})
        here.retract(np.flatnonzero(free))
        picked = rows[np.flatnonzero(free), path.tokens[free]]
        assert path.log_prob == pytest.approx(float(picked.sum()), abs=1e-4)


def test_a_batch_with_different_constraints_takes_one_launch_and_one_copy(monkeypatch):
    """Canvases of three sizes; also logits that are views with strides, of half precision."""
    parts = []
    for pattern, slots, seed in ((PATTERNS[0], 4, 1), (PATTERNS[2], 6, 2), (PATTERNS[4], 3, 3)):
        constraint, tokens, free, logits = canvas_of(pattern, slots, seed)
        wide = torch.zeros(slots, 2 * len(VOCABULARY)).bfloat16()
        wide[:, ::2] = logits.bfloat16()
        parts.append((constraint, tokens, free, wide[:, ::2].to(DEVICE)))
    expected = [c.session(t, f).propose(x.float().cpu(), entropy=True) for c, t, f, x in parts]
    copies, launches = [], []
    kept = lattice_device.to_host
    monkeypatch.setattr(lattice_device, "to_host", lambda values: copies.append(values.numel()) or kept(values))
    run = lattice_device.run
    monkeypatch.setattr(
        lattice_device, "run", lambda *given, **more: launches.append(len(given[0])) or run(*given, **more)
    )
    opened = [c.session(t, f) for c, t, f, _ in parts]
    readers = [scoring_device.DeviceLogits(x, f, c.class_table) for c, _, f, x in parts]
    placed = [own.on_device(rows) for own, rows in zip(opened, readers, strict=True)]
    found = lattice_device.propose(placed, readers, [own.tokens for own in opened], entropy=True)
    for ours, theirs in zip(found, expected, strict=True):
        compare(ours, theirs)
    assert launches == [3]
    assert copies == [sum(6 * len(rows.rows) + 1 for rows in readers)]


@pytest.mark.usefixtures("on_device")
def test_samples_invert_the_cumulative_sums_of_the_joint_distribution():
    """Of a canvas with six fillings: the first token is one whose share of the whole holds the number drawn."""
    constraint = lw.compile(lw.regex("a[bc]|b{2}|c(a|b)?"), VOCABULARY)
    free = np.ones(2, np.bool_)
    names = {sign: VOCABULARY.encode(sign.encode())[0] for sign in "abc"} | {"$": 85}
    values = np.full((2, len(VOCABULARY)), -80.0, np.float32)
    values[:, list(names.values())] = np.random.default_rng(2).normal(0, 1, (2, 4))
    temperature = 0.7
    weights = {
        tuple(names[sign] for sign in text): float(
            np.exp(sum(values[i, names[sign]] for i, sign in enumerate(text)) / temperature)
        )
        for text in ("ab", "ac", "bb", "c$", "ca", "cb")
    }
    total = sum(weights.values())
    opened = constraint.session(np.zeros(2, np.int64), free)
    first = {name: sum(w for key, w in weights.items() if key[0] == name) / total for name in names.values()}
    for seed in range(5):
        found = tuple(opened.propose(torch.from_numpy(values), temperature, seed).tokens)
        assert found in weights
        drawn = np.random.default_rng(seed).random(2)
        # Whatever the order of the edges: what lies below the number is a sum of shares of other edges.
        others = [share for name, share in first.items() if name != found[0] and share > 0]
        below = [sum(part) for size in range(len(others) + 1) for part in combinations(others, size)]
        assert any(low - 1e-5 <= drawn[0] <= low + first[found[0]] + 1e-5 for low in below)


@given(rows=st.lists(st.integers(0, 12), max_size=60), longest=st.integers(0, 2500))
@settings(max_examples=25, deadline=None)
def test_rows_hold_every_entry_once_in_its_row(rows, longest):
    row = np.array([*rows, *[20] * longest], np.int64)
    entry = np.arange(len(row))
    found = Rows.of(row, entry)
    assert found.row.size % (TILE // 1024) == 0
    seen = []
    for own, begin, end in zip(found.row, found.begin, found.end, strict=True):
        assert own >= 0 or begin == end
        members = found.entries[begin:end, 0]
        assert (row[members] == own).all()
        assert (np.diff(members) > 0).all()
        seen += members.tolist()
    assert sorted(seen) == entry.tolist()


def test_small_lattices_and_hosts_stay_where_they_are():
    constraint, _, free, logits = canvas_of(PATTERNS[0], 6, 1)
    rows = scoring_device.DeviceLogits(logits, free, constraint.class_table)
    assert not lattice_device.serves(rows, constraint.layout(6, True), 6)
    assert not lattice_device.serves(rows, constraint.layout(6, True), 1 << 20)


def test_the_check_before_the_first_use(monkeypatch):
    """Answers like the host's are enough; others, or none, leave lattices on the host with a warning."""
    check = lattice_device._agrees.__wrapped__
    assert check(DEVICE)
    other = lw.compile(lw.regex("z"), VOCABULARY).session([0] * 6, [True] * 6).propose(np.zeros((6, 86)), entropy=True)

    def failing(*given, **more):
        raise RuntimeError("no compiler")

    for broken, message in ((failing, "no compiler"), (lambda *given, **more: [other], "the host's answers")):
        monkeypatch.setattr(lattice_device, "propose", broken)
        with pytest.warns(RuntimeWarning, match=message):
            assert not check(DEVICE)


_COMPILE = """
from triton import compile
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from latticework.lattice import lattice_triton as kernels
from latticework.lattice import paths_triton as paths
for module, name, constants in [
    *((kernels, *own) for own in kernels.VARIANTS), *((paths, *own) for own in kernels.PATH_VARIANTS)
]:
    signature = {"descs": "*i64", **{name: "constexpr" for name in constants}}
    if name.startswith("pass_level"):
        signature["first_pass"] = "i32"
    if name == "pass_level":
        signature["step"] = "i32"
    source = ASTSource(fn=getattr(module, name), signature=signature, constexprs=constants)
    made = compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": kernels.WARPS})
    assert made.asm["cubin"]
    print(name, constants)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Triton's compiler is for Linux")
def test_the_kernels_compile_for_a_gpu():
    """Ahead of time, without one, down to machine code; it is the interpreter that the other tests run."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, "-c", _COMPILE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == 11
