"""The whole denoising loop on an accelerator, one part a call: ``--part steps | policies | batches | long``.

*steps*: milliseconds of a round of the loop at LLaDA-8B's shape (random weights) beside the forward alone, with sets
computed after the forward, beside it, and all of them beside it (``overlap`` False, True, "late").
*policies*: forwards and seconds of a document for every policy, and for every cache, at the same shape. A network that
knows nothing commits little at a time: forwards say what a policy does then, milliseconds a forward what it costs.
*batches*: documents a second of the embedded model, constrained and not, at batches of 1, 8 and 64.
*long*: time and memory of the stages of a step on canvases of 1,024 and 4,096 slots.

``python benchmarks/gpu_all.py`` runs these and the other scripts for accelerators one after the other; ``--device cpu
--small`` tries a part on the CPU.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import RESULTS, machine, reference_schemas, table, vocabulary_of_size, write_result
from example_documents import documents
from step_overhead import GEMMA_WIDTH, LLADA_WIDTH, build_model

import latticework as lw
from latticework.diffusion.caches import cached
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policies.registry import POLICIES, make_policy
from latticework.diffusion.policy import LowConfidence, Threshold
from latticework.diffusion.records import Request
from latticework.errors import LatticeworkError
from latticework.lattice import reduction, scoring_device
from latticework.lattice.constraint import Constraint
from latticework.lattice.scoring import open_logits
from latticework.models.base import Traits
from latticework.models.masked import MaskedModel

SCHEMAS = ("s1_flat5", "s7_arr2_10", "s8_heavy")
CACHES = ("prefix", "dual", "dkv", "freecache", "window")
PROMPT, BLOCK, MASK = 256, 32, 0
_Part = Iterator[tuple[list[str], list[Any]]]


class Wide:
    """What a part needs: the model of LLaDA-8B's shape and constraints over its vocabulary."""

    def __init__(self, given: argparse.Namespace) -> None:
        width = 3000 if given.small else LLADA_WIDTH
        self.vocabulary = vocabulary_of_size(width, given.vocabulary)
        device = torch.device(given.device)
        network = build_model(given.small or given.tiny, width, device)
        traits = Traits(noise="absorbing", logit_offset=0, attention="full", block=None)
        unused: Any = None  # prompts are token ids here
        self.model: Any = MaskedModel(
            "8B", network, unused, self.vocabulary, traits, unused, MASK, device, block_length=None
        )
        self.constraints = {
            name: lw.compile(lw.json_schema(reference_schemas()[name]), self.vocabulary) for name in SCHEMAS
        }

    def rows(self, count: int, slots: int, names: Sequence[str | None]) -> list[Request]:
        """Requests whose constraints go round ``names``; ``None`` is a row without one."""
        return [
            Request.blank((count + 5,) * PROMPT, slots, self.constraints[name] if name else None, (at,))
            for at, name in zip(range(count), list(names) * count, strict=False)
        ]


def timed(model: Any, rows: Sequence[Request], options: Options) -> tuple[float, int, int]:
    """Seconds, the forwards of the longest row, and failed rows."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    begun = time.perf_counter()
    outcomes = denoise(model, rows, options)
    failed = sum(outcome.error is not None for outcome in outcomes)
    return time.perf_counter() - begun, max(outcome.forwards for outcome in outcomes), failed


def waits(model: Any, rows: Sequence[Request], options: Options) -> list[str]:
    """Copies to the host a forward, and other calls a forward that torch notices to wait for the device."""
    copies: list[int] = []
    kept = reduction.to_host

    def to_host(values: torch.Tensor) -> Any:
        copies.append(values.numel())
        return kept(values)

    reduction.to_host = scoring_device.to_host = to_host
    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            torch.cuda.set_sync_debug_mode("warn")
        try:
            _, forwards, _ = timed(model, rows, options)
        finally:
            reduction.to_host = scoring_device.to_host = kept
            if torch.cuda.is_available():
                torch.cuda.set_sync_debug_mode("default")
    others = sum("synchroniz" in str(own.message) for own in noticed)
    return [f"{count / max(forwards, 1):.1f}" for count in (len(copies), others)]


def steps(given: argparse.Namespace) -> _Part:
    """A fixed number of forwards, so that rows with and without a constraint have equally many."""
    header = [
        "batch",
        "constraints",
        "overlap",
        "forwards",
        "ms a round",
        "added, ms",
        "copies",
        "other waits",
        "failed",
    ]
    wide, slots, rounds = Wide(given), 128 if given.small else 256, 4 if given.small or given.tiny else 16
    policy = LowConfidence(steps=rounds)
    for batch in (1,) if given.tiny else (1, 8):
        ids = torch.full((batch, PROMPT + slots), MASK)
        alone = milliseconds(
            wide.model.device,
            lambda i=ids: wide.model.forward(i, torch.ones_like(i, dtype=torch.bool), slots),
            rounds,
        )
        yield header, [batch, "forward alone", "", rounds, f"{alone:.2f}", "", "", "", ""]
        for names in ((None,), *((name,) for name in SCHEMAS), SCHEMAS):
            for overlap in (True,) if names == (None,) else (False, True, "late"):
                options = Options(policy=policy, batch_size=batch, overlap=overlap)
                rows = wide.rows(batch, slots, names)
                timed(wide.model, rows, options)
                seconds, forwards, failed = timed(wide.model, rows, options)
                each = 1e3 * seconds / max(forwards, 1)
                shown = ", ".join(name or "none" for name in names)
                counted = waits(wide.model, rows, options)
                figures = [f"{each:.2f}", f"{each - alone:.2f}", *counted]
                yield header, [batch, shown, str(overlap), forwards, *figures, failed]


def policies(given: argparse.Namespace) -> _Part:
    header = ["policy", "cache", "constraint", "forwards", "s a document", "ms a forward", "failed"]
    wide, slots = Wide(given), 128
    cells = [*((name, "") for name in POLICIES), *(("threshold", cache) for cache in CACHES)]
    if given.small:
        cells = [("threshold", ""), ("low-confidence", ""), ("threshold", "dual")]
    timed(wide.model, wide.rows(1, slots, (SCHEMAS[0],)), Options(policy=Threshold(0.0)))
    for name, cache in cells:
        model = cached(wide.model, cache, block_length=BLOCK) if cache else wide.model
        for constraint in (SCHEMAS[0], None):
            options = Options(policy=make_policy(name), block_length=BLOCK)
            try:
                seconds, forwards, failed = timed(model, wide.rows(1, slots, (constraint,)), options)
            except (LatticeworkError, RuntimeError) as error:  # the other cells are worth having
                yield header, [name, cache, constraint or "none", type(error).__name__, "", "", 1]
                continue
            each = 1e3 * seconds / max(forwards, 1)
            yield header, [name, cache, constraint or "none", forwards, f"{seconds:.2f}", f"{each:.1f}", failed]


def batches(given: argparse.Namespace) -> _Part:
    header = ["batch", "constraint", "documents", "documents a second", "forwards a document", "failed"]
    model = lw.load("embedded", device=given.device)
    texts, schemas = zip(*documents(4 if given.small else 64, 3), strict=True)
    constraints = [model.compile(schema) for schema in schemas]
    for batch in (1, 4) if given.small else (1, 8, 64):
        for grammars in (constraints, None):

            def run(count: int, batch: int = batch, grammars: Any = grammars) -> list[Any]:
                own = None if grammars is None else grammars[:count]
                return model.generate(list(texts[:count]), own, max_tokens=96, batch_size=batch)

            run(min(2, len(texts)))
            count = min(len(texts), 16 * batch)
            begun = time.perf_counter()
            results = run(count)
            seconds = time.perf_counter() - begun
            failed = sum(result.error is not None for result in results)
            forwards = sum(result.forwards for result in results) / count
            kind = "none" if grammars is None else "its schema"
            yield header, [batch, kind, count, f"{count / seconds:.2f}", f"{forwards:.1f}", failed]


def long(given: argparse.Namespace) -> _Part:
    header = ["schema", "logits", "open + sets, ms", "classes(), ms", "best(), ms", "propose(), ms", "most memory, MB"]
    device = torch.device(given.device)
    widths = (3000,) if given.small else (LLADA_WIDTH, GEMMA_WIDTH)
    for width in widths:
        vocabulary = vocabulary_of_size(width, given.vocabulary)
        for slots in (128, 256) if given.small else (1024, 4096):
            logits = 2 * torch.randn((slots, width), device=device, dtype=torch.bfloat16)
            for name in SCHEMAS[:1] if given.small else SCHEMAS:
                constraint = lw.compile(lw.json_schema(reference_schemas()[name]), vocabulary)
                assert isinstance(constraint, Constraint)
                tokens, free = np.zeros(slots, np.int64), np.ones(slots, np.bool_)
                if device.type == "cuda":
                    torch.cuda.reset_peak_memory_stats()
                held = torch.cuda.memory_allocated() if device.type == "cuda" else 0
                session = constraint.session(tokens, free)
                session.prepare()
                times = [
                    milliseconds(device, lambda c=constraint, t=tokens, f=free: c.session(t, f).prepare()),
                    milliseconds(
                        device,
                        lambda f=free, c=constraint, x=logits: open_logits(x, f, c.class_table).classes(sums=True),
                    ),
                    milliseconds(device, lambda s=session, x=logits: s.best(x)),
                    milliseconds(device, lambda s=session, x=logits: s.propose(x)),
                ]
                most = (torch.cuda.max_memory_allocated() - held) / 1e6 if device.type == "cuda" else 0.0
                yield header, [name, f"{slots} x {width}", *(f"{own:.2f}" for own in times), f"{most:.0f}"]


def milliseconds(device: torch.device, action: Any, repeat: int = 5) -> float:
    """Median of a few calls after one that warms up, the device idle before and after each."""
    times = []
    for _ in range(repeat + 1):
        if device.type == "cuda":
            torch.cuda.synchronize()
        begun = time.perf_counter()
        action()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - begun))
    return float(np.median(times[1:]))


PARTS = {"steps": steps, "policies": policies, "batches": batches, "long": long}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=list(PARTS), required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="a tiny model and vocabulary, few rows")
    parser.add_argument("--tiny", action="store_true", help="a tiny model with logits of the true width, one row")
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--name", help="of the file of results")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--vocabulary", type=Path, help="file written by common.py, instead of mistral-common")
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    lines: list[list[Any]] = []
    for header, line in PARTS[given.part](given):
        lines.append(line)
        command = f"`python benchmarks/gpu_loop.py {' '.join(sys.argv[1:])}`"
        parts = [f"# The denoising loop on a device: {given.part}", machine(), command, table(header, lines)]
        write_result(
            given.name or f"gpu_{given.part}", "\n\n".join(parts), given.out
        )  # a run that is cut off keeps its lines


if __name__ == "__main__":
    main()
