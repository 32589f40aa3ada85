"""Logits to class statistics on a GPU: checked against the CPU kernels, then timed against reading the logits once.

*kernels*: device time of the reduction alone, caches flushed before each run. *floor*: the bytes of the logits at the
bandwidth of a large copy on the same device. *classes*: wall time of ``Logits.classes`` with the copy to the host.
Run on a machine with a GPU: ``python benchmarks/gpu_scoring.py``;
``--device cpu`` only checks the script.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from common import RESULTS, machine, reference_schemas, table, vocabulary_of_size, write_result

import latticework as lw
from latticework.lattice import reduction_torch, scoring_device
from latticework.lattice.constraint import Constraint
from latticework.lattice.scoring import ClassTable, Logits
from latticework.lattice.scoring_device import DeviceLogits

SCHEMAS = ("s1_flat5", "s6_nested", "s7_arr2_10", "s8_heavy")
DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
FLUSHED = 256 << 20


def random_table(rng: np.random.Generator, tokens: int, classes: int) -> ClassTable:
    """Classes of very unequal sizes, some perhaps empty; one label per class."""
    kind = rng.choice(classes, tokens, p=rng.dirichlet(np.full(classes, 0.1))).astype(np.int32)
    labels = np.arange(classes + 1, dtype=np.int32)
    return ClassTable(kind, classes - 2, classes - 1, labels, labels[:-1])


def odd_rows(rng: np.random.Generator, logits: np.ndarray) -> None:
    """Rows without a usable logit, with infinite, undefined, tied and huge ones."""
    rows = rng.permutation(len(logits))[:6]
    fillings: list[Callable[[np.ndarray], np.ndarray]] = [
        lambda row: np.full_like(row, -np.inf),
        lambda row: np.full_like(row, np.nan),
        lambda row: np.where(rng.random(len(row)) < 0.3, np.nan, row),
        lambda row: np.where(rng.random(len(row)) < 0.9, -np.inf, row),
        lambda row: np.round(row),
        lambda row: np.where(np.arange(len(row)) == len(row) // 2, np.inf, row),
    ]
    for row, fill in zip(rows, fillings, strict=False):
        logits[row] = fill(logits[row])


def inputs(rng: np.random.Generator, device: torch.device) -> Iterator[tuple[ClassTable, torch.Tensor, np.ndarray]]:
    """Random tables, logits of all types and strides, and free slots."""
    for tokens, classes in ((7, 3), (300, 12), (5000, 900), (32000, 40), (126464, 2000), (262144, 180)):
        for dtype in (torch.float32, torch.bfloat16, torch.float16):
            kinds = random_table(rng, tokens, classes)
            slots = int(rng.integers(1, 19))
            values = rng.normal(0, 4, (2, slots, tokens + 3)).astype(np.float32)
            odd_rows(rng, values[1])
            logits = torch.from_numpy(values).to(device, dtype)[1, :, 1 : tokens + 1]
            if classes == 12 and dtype == torch.float32:
                logits = logits.T.contiguous().T
            yield kinds, logits, rng.random(slots) < 0.8


def check(device: torch.device, rounds: int) -> str:
    """Compare with the CPU kernels on the same numbers; returns the largest differences."""
    rng = np.random.default_rng(1)
    worst: dict[str, float] = dict.fromkeys(("mass", "mean", "normaliser"), 0.0)
    cases = 0
    for _ in range(rounds):
        for kinds, logits, free in inputs(rng, device):
            temperature = float(rng.choice([1.0, 0.3, 2.5]))
            host = Logits(logits.float().cpu().contiguous(), free, kinds)
            expected = host.classes(sums=True, means=True, temperature=temperature)
            there = DeviceLogits(logits, free, kinds)
            found = there.classes(sums=True, means=True, temperature=temperature)
            assert expected.mass is not None
            assert expected.mean is not None
            assert found.mass is not None
            assert found.mean is not None
            filled = kinds.sizes() > 0
            np.testing.assert_array_equal(found.least[:, filled], expected.least[:, filled])
            assert (found.least[:, ~filled] >= 1e30).all()
            np.testing.assert_array_equal(there.largest, host.largest)
            np.testing.assert_allclose(found.mass[:, filled], expected.mass[:, filled], rtol=2e-5)
            np.testing.assert_allclose(found.mean[:, filled], expected.mean[:, filled], rtol=2e-5, atol=2e-5)
            np.testing.assert_allclose(found.normaliser, expected.normaliser, rtol=1e-6, atol=1e-5)
            relative = np.abs(found.mass[:, filled] / expected.mass[:, filled] - 1)
            worst["mass"] = max(worst["mass"], float(relative.max(initial=0)))
            apart = np.abs(found.mean[:, filled] - expected.mean[:, filled]) / np.maximum(expected.mean[:, filled], 1)
            worst["mean"] = max(worst["mean"], float(apart.max(initial=0)))
            apart = np.abs(found.normaliser - expected.normaliser) / np.maximum(np.abs(expected.normaliser), 1)
            worst["normaliser"] = max(worst["normaliser"], float(apart.max(initial=0)))
            _check_tokens(rng, kinds, host, there)
            cases += 1
    _check_fallback(rng, device)
    errors = ", ".join(f"{name} {value:.1e}" for name, value in worst.items())
    return f"{cases} random inputs equal to the CPU kernels; largest relative differences: {errors}."


def _check_tokens(rng: np.random.Generator, kinds: ClassTable, host: Logits, there: DeviceLogits) -> None:
    """Nearest and drawn tokens of random classes are of the class, and as near as on the host."""
    filled = np.flatnonzero(kinds.sizes())
    wanted = rng.choice(filled, len(host.rows)).astype(np.int32)
    near = there.closest(wanted)
    assert (kinds.kind[near] == wanted).all()
    gaps = there.gaps(near)
    np.testing.assert_allclose(gaps, host.gaps(host.closest(wanted)), rtol=1e-6, atol=1e-6)
    seed = int(rng.integers(1 << 30))
    drawn = there.draw(wanted, 0.8, np.random.default_rng(seed))
    assert (kinds.kind[drawn] == wanted).all()
    expected = host.draw(wanted, 0.8, np.random.default_rng(seed))
    assert (drawn == expected).sum() > 0.9 * len(drawn) - 1
    ratio = rng.normal(size=(len(host.rows), kinds.classes)).astype(np.float32)
    expanded, plain = there.expand(ratio), host.expand(ratio)
    assert isinstance(plain, torch.Tensor)
    torch.testing.assert_close(expanded.cpu(), plain, rtol=1e-6, atol=1e-5)


def _check_fallback(rng: np.random.Generator, device: torch.device) -> None:
    """The implementation by torch operations gives the same on this device."""
    for kinds, logits, free in inputs(rng, device):
        there = DeviceLogits(logits, free, kinds)
        found = there.classes(sums=True)
        result = reduction_torch.reduce_rows(logits, there._own_rows, there._copy, kinds.classes, 1.0, False)
        np.testing.assert_array_equal(result.least.cpu().numpy(), found.least)
        np.testing.assert_allclose(result.mass.cpu().numpy(), found.mass, rtol=2e-5)


def bandwidth(device: torch.device) -> float:
    """Bytes per second of a large copy, read and written bytes counted."""
    source = torch.zeros(FLUSHED * 4, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    times = device_times(lambda: target.copy_(source), device, 20)
    return 2 * len(source) / (float(np.median(times)) / 1e3)


def device_times(action: Callable[[], object], device: torch.device, repeat: int) -> np.ndarray:
    """Milliseconds on the device of each of ``repeat`` calls, by events, caches flushed before each."""
    if device.type == "cpu":
        return wall_times(action, device, 2)
    action()
    action()
    flush = torch.empty(FLUSHED, dtype=torch.uint8, device=device)
    pairs = []
    for _ in range(repeat):
        flush.zero_()
        # Keeps the device busy while the host queues the launches, so that only the device is timed.
        torch.cuda._sleep(500_000)
        pair = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        pair[0].record()
        action()
        pair[1].record()
        pairs.append(pair)
    torch.cuda.synchronize()
    return np.array([first.elapsed_time(second) for first, second in pairs])


def wall_times(action: Callable[[], object], device: torch.device, repeat: int) -> np.ndarray:
    """Milliseconds of each of ``repeat`` calls that wait for the device themselves."""
    action()
    times = []
    for _ in range(repeat):
        if device.type == "cuda":
            torch.cuda.synchronize()
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return 1e3 * np.array(times)


def summary(times: np.ndarray) -> str:
    return f"{np.median(times):.3f} / {np.percentile(times, 99):.3f}"


def waits(constraint: Constraint, logits: torch.Tensor) -> str:
    """How often one proposal waits for the device: by its own copies, and by others that torch notices."""
    slots = len(logits)
    session = constraint.session(np.zeros(slots), np.ones(slots, bool))
    copies = []
    kept = scoring_device.to_host
    scoring_device.to_host = lambda values: copies.append(1) or kept(values)
    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            session.propose(logits)
        finally:
            torch.cuda.set_sync_debug_mode("default")
            scoring_device.to_host = kept
    return f"One proposal waits for the device {len(copies)} times; other synchronising calls: {len(noticed)}."


def timed_rows(options: argparse.Namespace, device: torch.device, speed: float) -> Iterator[list]:
    shapes = ((256, 126464), (512, 126464), (256, 262144)) if device.type == "cuda" else ((128, 4000),)
    kernels = scoring_device._implementation
    for slots, width in shapes:
        vocabulary = vocabulary_of_size(width, options.vocabulary)
        for name in SCHEMAS:
            constraint = lw.compile(lw.json_schema(reference_schemas()[name]), vocabulary)
            kinds = constraint.class_table
            for label, dtype in DTYPES.items():
                logits = torch.randn((slots, width), device=device, dtype=dtype) * 2
                free = np.ones(slots, np.bool_)
                reader = DeviceLogits(logits, free, kinds)
                reduce_rows = kernels(logits)
                arguments = logits, reader._own_rows, reader._copy, kinds.classes, 1.0, False
                alone = device_times(lambda f=reduce_rows, a=arguments: f(*a), device, options.repeat)
                whole = wall_times(lambda r=reader: r.classes(sums=True), device, options.repeat)
                floor = logits.nbytes / speed * 1e3
                factor = float(np.median(alone)) / floor
                yield [
                    name,
                    kinds.classes,
                    f"{slots} x {width}",
                    label,
                    floor,
                    summary(alone),
                    factor,
                    summary(whole),
                ]


def shown(rows: Iterator[list]) -> Iterator[list]:
    for row in rows:
        print(*row, sep=" | ", flush=True)
        yield row


def batch_rows(options: argparse.Namespace, device: torch.device, speed: float) -> Iterator[list]:
    """Eight canvases, one after the other: class statistics of each, on the host."""
    shapes = ((256, 126464), (512, 126464), (256, 262144)) if device.type == "cuda" else ((128, 4000),)
    for slots, width in shapes:
        vocabulary = vocabulary_of_size(width, options.vocabulary)
        kinds = lw.compile(lw.json_schema(reference_schemas()["s7_arr2_10"]), vocabulary).class_table
        for label, dtype in DTYPES.items():
            logits = torch.randn((8, slots, width), device=device, dtype=dtype)
            readers = [DeviceLogits(canvas, np.ones(slots, np.bool_), kinds) for canvas in logits]

            def run(readers: list[DeviceLogits] = readers) -> None:
                for reader in readers:
                    reader.classes(sums=True)

            times = wall_times(run, device, options.repeat)
            yield [f"8 x {slots} x {width}", label, logits.nbytes / speed * 1e3, summary(times)]
            del logits, readers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--vocabulary", type=Path, help="file written by common.py, instead of mistral-common")
    parser.add_argument("--repeat", type=int, default=50)
    parser.add_argument("--checks", type=int, default=1, help="rounds of random inputs")
    options = parser.parse_args()
    device = torch.device(options.device)
    begun = time.perf_counter()
    parts = [f"# Reducing logits on the device, milliseconds (median / 99th percentile of {options.repeat})", machine()]

    def keep(part: str) -> None:
        parts.append(part)
        print(f"[{time.perf_counter() - begun:.1f} s] {part}", flush=True)
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "gpu_scoring.md").write_text("\n\n".join(parts) + "\n")

    used = scoring_device._implementation(torch.zeros((1, 8), dtype=torch.bfloat16, device=device)).__module__
    keep(f"Reduced by `{used}`.")
    keep(check(device, options.checks))
    if device.type == "cuda":
        vocabulary = vocabulary_of_size(126464, options.vocabulary)
        constraint = lw.compile(lw.json_schema(reference_schemas()["s1_flat5"]), vocabulary)
        logits = torch.randn((256, 126464), device=device, dtype=torch.bfloat16)
        constraint.session(np.zeros(256), np.ones(256, bool)).propose(logits)
        keep(waits(constraint, logits))
        copied = wall_times(
            lambda: Logits(logits.float().cpu(), np.ones(256, bool), constraint.class_table).classes(sums=True),
            device,
            3,
        )
        keep(f"For comparison, 256 x 126464 bf16 copied to the host and reduced there, s1_flat5: {summary(copied)} ms.")
    speed = bandwidth(device) if device.type == "cuda" else 1e10
    keep(f"Bandwidth of a large copy: {speed / 1e9:.0f} GB/s.")
    header = ["schema", "classes", "logits", "type", "floor", "kernels", "kernels / floor", "classes()"]
    keep(table(header, list(shown(timed_rows(options, device, speed)))))
    header = ["logits", "type", "floor", "classes() of all"]
    keep(
        "Eight canvases one after the other, s7_arr2_10:\n\n" + table(header, list(batch_rows(options, device, speed)))
    )
    write_result("gpu_scoring", "\n\n".join(parts), options.out)


if __name__ == "__main__":
    main()
