"""What Latticework adds to a denoising step of a large model: forwards of a LLaDA-8B-shaped model with random weights.

A step is one forward over prompt and canvas, the sets of every row's lattice, and one proposal per row (class
statistics of the logits, best filling, marginals), as the denoising loop does it, with all slots of the canvas free
(the most work) or every other slot fixed. *hidden*: sets computed in worker threads during the forward; otherwise
after it. Then the stages one by one, and a canvas as wide as DiffusionGemma's logits without a forward. ``propose()``
is what a step takes, large lattices on the device of the logits; *host* is the same with the lattice on the host. Run
on a machine with a GPU: ``python benchmarks/step_overhead.py``; ``--small --device cpu`` only checks the script, and
``--stages --device cpu`` measures the stages at both widths on random logits, without a model
(``step_overhead_cpu.md``).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import RESULTS, machine, reference_schemas, table, vocabulary_of_size, write_result
from numpy.typing import NDArray

import latticework as lw
from latticework.lattice import lattice_device
from latticework.lattice.constraint import Constraint
from latticework.lattice.scoring import open_logits
from latticework.lattice.session import Session

SCHEMAS = ("s1_flat5", "s7_arr2_10", "s8_heavy")
LLADA_WIDTH, GEMMA_WIDTH = 126464, 262144
PROMPT, CANVAS = 256, 256
MASK = 0
STAGE_REPEAT = 50
STAGES = ["open + sets", "classes()", "best()", "propose()", "propose(), host"]
STEP_SECONDS = 6.0


def build_model(small: bool, width: int, device: torch.device) -> Any:
    """LLaDA-8B's shape in the stock Llama class, random bfloat16 weights, attention in both directions."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=64 if small else 4096,
        intermediate_size=128 if small else 12288,
        num_hidden_layers=2 if small else 32,
        num_attention_heads=4 if small else 32,
        num_key_value_heads=4 if small else 32,
        vocab_size=width,
        max_position_embeddings=4096,
        rms_norm_eps=1e-5,
        use_cache=False,
    )
    config.is_causal = False
    kept = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            model = LlamaForCausalLM(config).eval()
    finally:
        torch.set_default_dtype(kept)
    for layer in model.model.layers:
        layer.self_attn.is_causal = False
    return model


class Clock:
    """Repeats what is measured, less often once the time is nearly used up."""

    def __init__(self, device: torch.device, seconds: float) -> None:
        self.device = device
        self.begun = time.perf_counter()
        self.end = self.begun + seconds

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def times(self, action: Callable[[], object], repeat: int, seconds: float) -> NDArray[np.float64]:
        """Milliseconds of each call, the device idle before and after; two calls warm up.

        At least 5 calls; no more than ``repeat``, than fit into ``seconds`` and into the time of the whole run.
        """
        action()
        action()
        times: list[float] = []
        end = min(self.end, time.perf_counter() + seconds)
        while len(times) < repeat:
            if len(times) >= 5 and time.perf_counter() > end:
                break
            self.wait()
            begun = time.perf_counter()
            action()
            self.wait()
            times.append(1e3 * (time.perf_counter() - begun))
        return np.array(times)

    def note(self, text: str) -> None:
        print(f"[{time.perf_counter() - self.begun:.1f} s] {text}", flush=True)


def cell(times: NDArray[np.float64]) -> str:
    return f"{np.median(times):.2f} / {np.percentile(times, 99):.2f}"


class Steps:
    """Steps of a model on a batch of equal canvases, with and without a constraint."""

    def __init__(self, model: Any, clock: Clock, pool: ThreadPoolExecutor, canvas: int) -> None:
        self.model, self.clock, self.pool, self.canvas = model, clock, pool, canvas
        self.width = model.config.vocab_size

    def forward(self, batch: int) -> torch.Tensor:
        ids = torch.full((batch, PROMPT + self.canvas), MASK, device=self.clock.device)
        with torch.inference_mode():
            return self.model(input_ids=ids, logits_to_keep=self.canvas).logits

    def sees_both_ways(self) -> bool:
        """Whether the first row of the logits depends on the last token."""
        ids = torch.randint(0, self.width, (1, 8), device=self.clock.device)
        other = ids.clone()
        other[0, -1] = (other[0, -1] + 1) % self.width
        with torch.inference_mode():
            first, second = self.model(input_ids=ids).logits, self.model(input_ids=other).logits
        return not torch.equal(first[0, 0], second[0, 0])

    def constrained(self, batch: int, open_session: Callable[[], Session], hidden: bool) -> None:
        def prepared() -> Session:
            session = open_session()
            session.prepare()
            return session

        if hidden:
            waiting = [self.pool.submit(prepared) for _ in range(batch)]
            logits = self.forward(batch)
            sessions = [future.result() for future in waiting]
        else:
            logits = self.forward(batch)
            sessions = list(self.pool.map(lambda _: prepared(), range(batch)))
        each = self.pool.map if batch > 1 else map
        list(each(lambda session, own: session.propose(own), sessions, logits))


def canvases(constraint: Constraint, slots: int) -> dict[str, Callable[[], Session]]:
    """Sessions over a canvas that is all free, and one with every other slot of a valid filling fixed."""
    tokens, free = np.zeros(slots, np.int64), np.ones(slots, np.bool_)
    scores = np.random.default_rng(0).normal(0, 2, (slots, len(constraint.vocabulary))).astype(np.float32)
    filled = constraint.session(tokens, free).best(scores).tokens
    half = np.arange(slots) % 2 == 0
    return {
        "all free": lambda: constraint.session(tokens, free),
        "half fixed": lambda: constraint.session(filled, half),
    }


def stages(clock: Clock, open_session: Callable[[], Session], logits: torch.Tensor) -> list[str]:
    """Sets, class statistics, best filling and proposal, each alone; [N, V] logits."""
    session = open_session()
    session.prepare()
    kinds = session.constraint.class_table
    return [
        cell(clock.times(lambda: open_session().prepare(), STAGE_REPEAT, 1.0)),
        cell(clock.times(lambda: open_logits(logits, session.free, kinds).classes(sums=True), STAGE_REPEAT, 1.0)),
        cell(clock.times(lambda: session.best(logits), STAGE_REPEAT, 1.0)),
        cell(clock.times(lambda: session.propose(logits), STAGE_REPEAT, 1.0)),
        cell(clock.times(lambda: host_proposal(session, logits), STAGE_REPEAT, 1.0)),
    ]


def host_proposal(session: Session, logits: torch.Tensor) -> None:
    """A proposal whose lattice stays on the host wherever the logits are."""
    kept = lattice_device.serves
    lattice_device.serves = lambda *_: False
    try:
        session.propose(logits)
    finally:
        lattice_device.serves = kept


def stages_alone(options: argparse.Namespace, device: torch.device) -> None:
    """The stages at LLaDA's and DiffusionGemma's widths on random float32 logits."""
    clock = Clock(device, options.seconds)
    rows = []
    schemas = {name: lw.json_schema(reference_schemas()[name]) for name in SCHEMAS}
    for width in (LLADA_WIDTH, GEMMA_WIDTH):
        vocabulary = vocabulary_of_size(width, options.vocabulary)
        logits = 2 * torch.randn((CANVAS, width), device=device)
        for name, schema in schemas.items():
            for state, make in canvases(lw.compile(schema, vocabulary), CANVAS).items():
                rows.append([name, state, f"{CANVAS} x {width}", *stages(clock, make, logits)[:-1]])
                clock.note(" ".join(map(str, rows[-1])))
    header = ["schema", "canvas", "logits", *STAGES[:-1]]
    title = "# Stages of a denoising step on the CPU, milliseconds (median / 99th percentile)"
    threads = torch.get_num_threads()
    note = (
        f"Random float32 logits, {threads} torch threads. `python benchmarks/step_overhead.py --stages --device cpu`."
    )
    write_result("step_overhead_cpu", "\n\n".join([title, machine(), note, table(header, rows)]), options.out)


def wide_canvas(clock: Clock, schemas: dict[str, lw.Grammar], vocabulary: lw.Vocabulary, canvas: int) -> str:
    """Stages on random logits as wide as DiffusionGemma's."""
    shape = canvas, len(vocabulary)
    rows = []
    for name, schema in schemas.items():
        make = canvases(lw.compile(schema, vocabulary), canvas)["all free"]
        for label, dtype in (("bf16", torch.bfloat16), ("fp32", torch.float32)):
            logits = 2 * torch.randn(shape, device=clock.device, dtype=dtype)
            rows.append([name, label, *stages(clock, make, logits)])
    header = ["schema", "type", *STAGES]
    text = f"Logits of DiffusionGemma's width, one canvas, {shape[0]} x {shape[1]}, all free:"
    return f"{text}\n\n{table(header, rows)}"


def step_table(
    clock: Clock, steps: Steps, opened: dict[str, dict[str, Callable[[], Session]]], batch: int, repeat: int
) -> str:
    """Steps of one batch size: without a constraint, and with each in each way."""
    alone = clock.times(lambda: steps.forward(batch), repeat, STEP_SECONDS)
    rows = [["forward alone", "", "", cell(alone), "", "", len(alone)]]
    clock.note(f"batch {batch}: forward alone {cell(alone)}")
    for state, hidden in (("all free", True), ("half fixed", True), ("all free", False)):
        for name, sessions in opened.items():
            make = sessions[state]
            enough = repeat if hidden else repeat // 3
            step = clock.times(lambda m=make, h=hidden: steps.constrained(batch, m, h), enough, STEP_SECONDS)
            added = float(np.median(step) - np.median(alone))
            how = "hidden" if hidden else "after"
            share = 100 * added / float(np.median(alone))
            rows.append([name, state, how, cell(step), f"{added:.2f}", f"{share:.1f}", len(step)])
            clock.note(f"batch {batch}, {name}, {state}, {how}: {cell(step)}")
    header = ["schema", "canvas", "sets", "step", "added (median)", "added, %", "repeats"]
    return f"Steps, batch of {batch}:\n\n{table(header, rows)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="a tiny model and vocabulary")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--vocabulary", type=Path, help="file written by common.py, instead of mistral-common")
    parser.add_argument("--repeat", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=80.0, help="repeat less once so much time has passed")
    parser.add_argument("--stages", action="store_true", help="no model, no steps: the stages on random logits")
    options = parser.parse_args()
    device = torch.device(options.device)
    if options.stages:
        stages_alone(options, device)
        return
    clock = Clock(device, options.seconds)
    canvas = 128 if options.small else CANVAS
    parts = [
        "# Time Latticework adds to a denoising step, milliseconds (median / 99th percentile)",
        machine(),
        f"{PROMPT} prompt tokens and a canvas of {canvas} slots per row.",
    ]

    def keep(part: str) -> None:
        parts.append(part)
        clock.note(part)
        write_result("step_overhead", "\n\n".join(parts), options.out)

    schemas = {name: lw.json_schema(reference_schemas()[name]) for name in SCHEMAS}
    width, wider = (3000, 4000) if options.small else (LLADA_WIDTH, GEMMA_WIDTH)
    with ThreadPoolExecutor(max_workers=8) as pool:
        building = pool.submit(build_model, options.small, width, device)
        vocabulary = vocabulary_of_size(width, options.vocabulary)
        opened = {name: canvases(lw.compile(schema, vocabulary), canvas) for name, schema in schemas.items()}
        clock.note("constraints compiled")
        steps = Steps(building.result(), clock, pool, canvas)
        clock.note("model built")
        if not steps.sees_both_ways():
            parts.append("Warning: the attention of this transformers version stayed causal.")

        keep(step_table(clock, steps, opened, 1, options.repeat))
        logits = steps.forward(1)[0].clone()
        rows = [
            [name, state, *stages(clock, make, logits)]
            for name, sessions in opened.items()
            for state, make in sessions.items()
        ]
        header = ["schema", "canvas", *STAGES]
        keep(f"Stages, one row, {canvas} x {width} bf16 logits:\n\n{table(header, rows)}")
        keep(wide_canvas(clock, schemas, vocabulary_of_size(wider, options.vocabulary), canvas))
        keep(step_table(clock, steps, opened, 8, options.repeat))
    clock.note("done")


if __name__ == "__main__":
    main()
