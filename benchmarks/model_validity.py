"""Validity over every family of checkpoints: tiny random weights of the true architectures, under their own names.

Families x policies x blocks x temperatures x batches x kinds of constraint, in a shuffled order until ``--minutes`` or
``--rounds`` are over; in half of the cells decided slots are written with the next step, not before the next forward.
Documents are judged by strict ``json`` with ``jsonschema``, by ``re`` and by the ``lark`` package; a canvas one token
too short must raise ``Infeasible`` without a forward. Exits 1 on any failure.
Run: ``python benchmarks/model_validity.py [--rounds 3] [--minutes 30] [--device cpu] [--families llada dream ...]``.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import machine, table, write_result
from generations import complaint

import latticework as lw
from latticework.diffusion import loop, row
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.records import Request
from latticework.lattice import scoring_device, session

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "models"))
import tiny_checkpoints

POLICIES: dict[str, dict[str, Any]] = {
    "threshold": {},
    "low-confidence": {"steps": 8},
    "entropy-bound": {"gamma": 0.5},
    "random": {"steps": 8},
    "margin": {"steps": 8},
    "factor": {},
}
BLOCKS = {"the family's": None, "8": 8, "whole canvas": 1 << 16}
TEMPERATURES = (0.0, 1.0)
BATCHES = (1, 16)
OVERLAPS = (True, "late")
SLACKS = (0, 1, 12)  # slots beyond the shortest document
PROMPTS = ("Order 4711 from Ada Byron.", "Kiel", "def area(width):", "Grüße")

FLAT = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "paid": {"type": "boolean"},
        "total": {"type": ["integer", "null"], "minimum": 0, "maximum": 9999},
    },
    "required": ["name", "paid"],
}
TREE = {
    "$ref": "#/$defs/tree",
    "$defs": {
        "tree": {
            "type": "object",
            "properties": {"v": {"enum": [0, 1, 22]}, "next": {"$ref": "#/$defs/tree"}},
            "required": ["v"],
        }
    },
}


@dataclass(frozen=True)
class Case:
    """A constraint and its independent judge: why a text is wrong, or ``None``."""

    kind: str
    grammar: lw.Grammar
    judge: Callable[[str], str | None]


def cases() -> list[Case]:
    date = r"(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    return [
        Case("regular", lw.json_schema(FLAT), lambda text: complaint(text, FLAT)),
        Case("regular", lw.regex(date), lambda text: None if re.fullmatch(date, text, re.ASCII) else "no date"),
        Case("recursive JSON", lw.json_schema(TREE), lambda text: complaint(text, TREE)),
        Case("context-free", lw.lark("json"), lambda text: complaint(text, True)),
        Case("context-free", lw.lark("arithmetic"), arithmetic),
    ]


@cache
def _arithmetic_parser() -> Any:
    import lark

    file = Path(__file__).resolve().parents[1] / "grammars" / "arithmetic.lark"
    return lark.Lark(file.read_text(), parser="earley", lexer="basic")


def arithmetic(text: str) -> str | None:
    import lark

    try:
        _arithmetic_parser().parse(text)
    except lark.LarkError as error:
        return str(error).splitlines()[0]
    return None


class Run:
    """Counts by family, kind and setting."""

    def __init__(self, models: dict[str, lw.Model]) -> None:
        self.models = models
        self.tally: Counter[tuple[str, ...]] = Counter()
        self.cases = cases()
        self.constraints: dict[tuple[str, int], Any] = {}

    def constraint(self, family: str, number: int) -> Any:
        key = (family, number)
        if key not in self.constraints:
            self.constraints[key] = self.models[family].compile(self.cases[number].grammar)
        return self.constraints[key]

    def cell(self, family: str, number: int, setting: tuple[str, str, float, int], seed: int) -> None:
        """Generate one batch and judge it."""
        policy, block, temperature, batch = setting
        model, case, constraint = self.models[family], self.cases[number], self.constraint(family, number)
        slots = constraint.min_tokens + SLACKS[seed % len(SLACKS)]
        overlap: Any = random.Random(seed).choice(OVERLAPS)
        prompts = [f"{PROMPTS[(seed + i) % len(PROMPTS)]} {seed + i}" for i in range(batch)]
        results = model.generate(
            prompts,
            constraint,
            max_tokens=slots,
            policy=policy,
            block_length=BLOCKS[block],
            temperature=temperature,
            batch_size=batch,
            seed=seed,
            overlap=overlap,
            **POLICIES[policy],
        )
        for result in results:
            names = [("family", family), ("constraint", case.kind), ("policy", policy), ("block", block)]
            names += [
                ("temperature", str(temperature)),
                ("batch", str(batch)),
                ("overlap", str(overlap)),
                ("all", "all"),
            ]
            wrong = str(result.error) if result.error is not None else case.judge(result.text)
            for name in names:
                self.tally[*name, "generations"] += 1
                self.tally[*name, "forwards"] += result.forwards
                self.tally[*name, "forced"] += result.forced
                self.tally[*name, "slots"] += result.slots
                self.tally[*name, "failed" if result.error is not None else "invalid"] += wrong is not None
            if wrong is not None:
                print(f"{family} {case.kind} {setting} seed {seed}: {result.text!r}: {wrong}", file=sys.stderr)
        if slots == constraint.min_tokens > 1:
            self.too_few(family, constraint)

    def too_few(self, family: str, constraint: Any) -> None:
        backend = self.models[family].backend
        request = Request.blank((0,), constraint.min_tokens - 1, constraint)
        [outcome] = denoise(backend, [request], Options())
        refused = isinstance(outcome.error, lw.Infeasible) and outcome.forwards == 0
        for name in (("family", family), ("all", "all")):
            self.tally[*name, "too short"] += 1
            self.tally[*name, "not refused"] += not refused

    def report(self) -> str:
        parts = []
        for what in ("family", "constraint", "policy", "block", "temperature", "batch", "overlap", "all"):
            values = dict.fromkeys(key[1] for key in self.tally if key[0] == what)
            header = [what, "generations", "invalid", "failed", "forwards each", "slots decided without the model"]
            header += ["one token too short", "of these not refused"] if what in ("family", "all") else []
            rows = [self.row(what, value, len(header)) for value in values]
            parts.append(table(header, rows))
        return "\n\n".join(parts)

    def row(self, what: str, value: str, width: int) -> list[Any]:
        def count(name: str) -> int:
            return self.tally[what, value, name]

        share = f"{100 * count('forced') / max(1, count('slots')):.0f} %"
        each = f"{count('forwards') / max(1, count('generations')):.1f}"
        cells = [value, count("generations"), count("invalid"), count("failed"), each, share]
        return [*cells, count("too short"), count("not refused")][:width]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="another order of the cells, other samples")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--as-device", action="store_true", help="logits on the CPU go the way of those on a device")
    parser.add_argument("--families", nargs="*", default=list(tiny_checkpoints.FAMILIES))
    parser.add_argument("--name", default="model_validity", help="of the file under results/")
    arguments = parser.parse_args()
    if arguments.as_device:
        session.open_logits = scoring_device.DeviceLogits  # pyright: ignore
        for module in (loop, row):
            module.is_on_device = lambda _: True  # pyright: ignore
    torch.set_num_threads(1)
    np.seterr(all="raise", under="ignore")
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        models = {}
        for family in arguments.families:
            folder = Path(scratch) / family
            folder.mkdir()
            models[family] = lw.load(tiny_checkpoints.FAMILIES[family](folder), device=arguments.device)
        run = Run(models)
        settings = list(itertools.product(POLICIES, BLOCKS, TEMPERATURES, BATCHES))
        cells = list(itertools.product(models, range(len(run.cases)), settings, range(arguments.rounds)))
        random.Random(arguments.seed).shuffle(cells)
        for done, (family, number, setting, turn) in enumerate(cells):
            if time.perf_counter() - begun > 60 * arguments.minutes:
                print(f"stopped after {done} of {len(cells)} cells", file=sys.stderr)
                break
            run.cell(family, number, setting, seed=(arguments.seed * arguments.rounds + turn) * len(cells) + done)
            if done % 200 == 0:
                print(done, len(cells), f"{time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    lines = (__doc__ or "").splitlines()
    head = f"# {lines[0]}\n\n{machine()}; {time.perf_counter() - begun:.0f} s\n\n"
    write_result(arguments.name, head + run.report())
    total = run.tally
    if any(total["all", "all", kind] for kind in ("invalid", "failed", "not refused")):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
