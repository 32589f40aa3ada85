"""Batches whose logits are on a device: the texts of rows on their own, and one copy to the host for each forward.

There is no device here: tensors of the host stand for its tensors, Triton's kernels run in its interpreter. Whatever
would wait for a device is caught where torch is asked for it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_session import VOCABULARY
from tiny_model import TinyModel
from waiting import Inline, Reads, Waits, counted_copies

import latticework as lw
from latticework.diffusion import loop, row
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import EntropyBound, LowConfidence, Threshold
from latticework.diffusion.records import Request
from latticework.errors import ModelError
from latticework.lattice import reduction, scoring_device, session, together

PATTERNS = ("a(,a)*", "[ab]{2,4}", "ab,(a|b){1,2}")
CONSTRAINTS = {pattern: lw.compile(lw.regex(pattern), VOCABULARY) for pattern in PATTERNS}


@pytest.fixture
def on_device(monkeypatch):
    """Logits of the host count as those of a device."""
    monkeypatch.setattr(session, "open_logits", scoring_device.DeviceLogits)
    for module in (loop, row):
        monkeypatch.setattr(module, "is_on_device", lambda logits: True)


@pytest.fixture
def on_triton(on_device, monkeypatch):
    """Even small lattices are solved there."""
    pytest.importorskip("triton", reason="Triton is not installed (it is for Linux only)")
    from latticework.lattice import lattice_device

    monkeypatch.setattr(lattice_device, "serves", lambda rows, layout, slots: True)


def requests(seed: int, slots: int = 5) -> list[Request]:
    """Rows of three constraints, and one without."""
    own = [CONSTRAINTS[pattern] for pattern in PATTERNS]
    return [Request.blank((3, at), slots + at, given, (seed, at)) for at, given in enumerate((*own, None))]


@pytest.mark.parametrize(
    "policy", [Threshold(0.6), LowConfidence(2), EntropyBound(0.4), Threshold(0.5, scores="model")]
)
@pytest.mark.parametrize("temperature", [0.0, 0.8, 1.0])
def test_rows_of_a_batch_are_the_rows_alone(policy, temperature, on_device):
    for seed in range(5):
        check(TinyModel(seed), requests(seed), Options(policy=policy, temperature=temperature))


def test_likeliest_texts_are_those_of_the_host(on_device, monkeypatch):
    options = Options(policy=Threshold(0.6))
    found = denoise(TinyModel(3), requests(3), options)
    monkeypatch.undo()
    for ours, host in zip(found, denoise(TinyModel(3), requests(3), options), strict=True):
        np.testing.assert_array_equal(ours.tokens, host.tokens)
        np.testing.assert_allclose(ours.log_prob, host.log_prob, atol=1e-4)


def check(model: TinyModel, rows: list[Request], options: Options) -> None:
    together = denoise(model, rows, options)
    alone = denoise(model, rows, replace(options, batch_size=1))
    for ours, own in zip(together, alone, strict=True):
        assert ours.error is None
        np.testing.assert_array_equal(ours.tokens, own.tokens)
        np.testing.assert_allclose(ours.log_prob, own.log_prob, atol=1e-5)
        assert ours.forwards == own.forwards


def test_rows_of_different_options_share_the_copy(on_device, monkeypatch):
    """As in a server, where each request has its own."""
    ended: dict[int, np.ndarray] = {}
    copies = counted_copies(monkeypatch)
    model, kinds = TinyModel(2), [Options(policy=Threshold(0.6)), Options(policy=EntropyBound(0.3))]
    with loop.Batch(model, lambda row, error: ended.update({row.index: row.tokens})) as batch:
        for index, (request, options) in enumerate(zip(requests(2)[:2], kinds, strict=True)):
            batch.add(loop.open_row(model, index, request, options))
        while batch.rows:
            batch.round()
    assert len(copies) == len(model.batches)
    for index, (request, options) in enumerate(zip(requests(2)[:2], kinds, strict=True)):
        [alone] = denoise(model, [request], options)
        np.testing.assert_array_equal(ended[index], alone.tokens)


class Broken(TinyModel):
    """NaN for the rows with this prompt."""

    def forward(self, ids, attention, keep):
        logits = super().forward(ids, attention, keep)
        logits[(ids == 4).any(dim=1), -1, 0] = torch.nan
        return logits


@pytest.mark.parametrize("constraint", [CONSTRAINTS["[ab]{2,4}"], None])
def test_nan_fails_its_own_row(constraint, on_device):
    rows = [Request.blank(prompt, 5, constraint, (at,)) for at, prompt in enumerate(((4,), (3,), (5,)))]
    broken, *others = denoise(Broken(0), rows, Options(policy=Threshold(0.99)))
    assert isinstance(broken.error, ModelError)
    assert all(other.error is None for other in others)


def test_a_device_without_memory_fails_the_rows_that_asked(on_device, monkeypatch):
    def full(*given, **more):
        raise torch.OutOfMemoryError("8 GiB")

    monkeypatch.setattr(scoring_device.DeviceLogits, "reduce", full)
    *asked, free = denoise(TinyModel(0), requests(0), Options(policy=Threshold(0.6)))
    for outcome in asked:
        assert isinstance(outcome.error, ModelError)
        assert "out of memory" in str(outcome.error)
    assert free.error is None


# ---- waiting


@pytest.mark.parametrize("policy", [Threshold(0.6), LowConfidence(2), EntropyBound(0.4)])
def test_the_device_is_waited_for_once_a_forward(policy, on_device, monkeypatch):
    """Forward, lattices and commits of a batch with three constraints."""
    copies = counted_copies(monkeypatch)
    monkeypatch.setattr(loop, "ThreadPoolExecutor", Inline)
    model = TinyModel(4)
    with Reads() as reads, Waits() as waits:
        outcomes = denoise(model, requests(4)[:3], Options(policy=policy))
    assert all(outcome.error is None for outcome in outcomes)
    assert len(copies) == len(model.batches)
    assert reads.found == {}
    assert waits.found == {}


def test_lattices_solved_on_the_device_take_one_launch_and_one_copy(on_triton, monkeypatch):
    """Samples with entropies. What the kernels do is left out: the interpreter reads arguments, launches do not."""
    from triton.runtime import interpreter

    from latticework.lattice import lattice_device

    small = [lw.compile(lw.regex(pattern), VOCABULARY) for pattern in ("a|b", "ab?")]
    copies, launches = counted_copies(monkeypatch), []
    kept, launch = lattice_device.run, interpreter.GridExecutor.__call__

    def run(canvases, *given, **more):
        launches.append(len(canvases))
        return kept(canvases, *given, **more)

    def launched(*given, **more):
        with torch.utils._python_dispatch._disable_current_modes():
            return launch(*given, **more)

    monkeypatch.setattr(loop, "ThreadPoolExecutor", Inline)
    monkeypatch.setattr(lattice_device, "run", run)
    monkeypatch.setattr(interpreter.GridExecutor, "__call__", launched)
    rows, model = [Request.blank((3,), 2, own, (at,)) for at, own in enumerate(small)], TinyModel(4)
    options = Options(policy=EntropyBound(5.0), temperature=0.7)
    with Reads() as reads, Waits() as waits:
        outcomes = denoise(model, rows, options)
    assert len(copies) == len(model.batches)
    assert reads.found == waits.found == {}
    assert max(model.batches) == 2
    assert launches == [size for size in model.batches for _ in range(2)]
    for ours, row_alone in zip(outcomes, rows, strict=True):
        [own] = denoise(TinyModel(4), [row_alone], options)
        np.testing.assert_array_equal(ours.tokens, own.tokens)
        np.testing.assert_allclose(ours.log_prob, own.log_prob, atol=1e-5)


def test_a_sample_takes_one_copy_more_for_each_row(on_device, monkeypatch):
    copies = counted_copies(monkeypatch)
    monkeypatch.setattr(loop, "ThreadPoolExecutor", Inline)
    model = TinyModel(4)
    denoise(model, requests(4)[:3], Options(policy=Threshold(0.6), temperature=0.7))
    assert len(copies) == len(model.batches) + sum(model.batches)


def test_the_counters_count():
    with Reads() as reads, Waits() as waits:
        values = torch.arange(3)
        assert values[values > 0].tolist() == [1, 2]
        assert bool(values.any())
    assert reads.found == {"tolist": 1, "__bool__": 1}
    assert waits.found["aten.index"] == 1
    assert waits.found["aten._local_scalar_dense"] >= 1


def test_one_copy_of_several_types(monkeypatch):
    copies = counted_copies(monkeypatch)
    values = [torch.tensor([True]), torch.arange(3, dtype=torch.float32), torch.arange(2, dtype=torch.float64)]
    found = reduction.all_to_host(values)
    assert len(copies) == 1
    for ours, own in zip(found, values, strict=True):
        np.testing.assert_array_equal(ours, own.numpy())
        assert ours.flags.aligned
    assert together.propose_together([], []) == ([], [])
