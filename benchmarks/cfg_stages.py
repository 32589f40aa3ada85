"""What settles the questions of a decoding run: ``python benchmarks/cfg_stages.py FOLDER --canvases N``.

The canvases, the noisy model and the policies of ``infilling.py``. Every question of a step is counted by the test that
settled it: the same terminals with other tokens (``respelt``), what the lexer refuses, the chart in which a gap is one
node, its first derivation, a window mended, another derivation of the chart, refinement; proposals give up early where
these do not help. A step whose wishes the filling at hand holds asks nothing. Times are CPU milliseconds: of the
constraint for one filled slot, logits already read (mean; worst canvas), and of the stages of all decisions.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import machine, table, tekken_vocabulary, write_result
from ground_truth import sources
from infilling import NoisyModel, canvases, one, tekken
from stages import LIMIT, SETTLED, STAGES, Stages

import latticework as lw
from latticework.lattice.chart.constraint import ContextFreeConstraint
from latticework.lattice.chart.session import ContextFreeSession

LANGUAGES = ("json", "cpp", "python", "sql")
RESPELT = "yes: respelt"
_ENTRIES = ("__init__", "led_by", "commit")


class Run:
    """CPU milliseconds of sessions, and the checks they make."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._depth = 0
        self.milliseconds = 0.0
        self.steps = 0
        self.quiet_steps = 0
        self.checks = 0
        self.respelt = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count while it is in force."""
        own = {name: getattr(ContextFreeSession, name) for name in (*_ENTRIES, "_near")}
        for name in _ENTRIES:
            setattr(ContextFreeSession, name, self._entry(name, own[name]))
        setattr(ContextFreeSession, "_near", self._check(own["_near"]))  # noqa: B010
        try:
            yield
        finally:
            for name, method in own.items():
                setattr(ContextFreeSession, name, method)

    def _entry(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def entry(*arguments: Any, **named: Any) -> Any:
            before, begun = self.checks, time.process_time()
            self._depth += 1
            try:
                return method(*arguments, **named)
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self.milliseconds += 1e3 * (time.process_time() - begun)
                if name == "led_by":
                    self.steps += 1
                    self.quiet_steps += before == self.checks

        return entry

    def _check(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def check(*arguments: Any) -> Any:
            self.checks += 1
            before = len(self._stages.decisions)
            found = method(*arguments)
            self.respelt += found[0] is not None and before == len(self._stages.decisions)
            return found

        return check


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--canvases", type=int, default=20, help="for each language")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU time for each language")
    parser.add_argument("--only", choices=LANGUAGES, action="append")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    vocabulary, encode = tekken_vocabulary(), tekken()
    model = NoisyModel(vocabulary, arguments.seed)
    shares, costs, parts = [], [], []
    for language in arguments.only or LANGUAGES:
        constraint = lw.compile(lw.lark(language), vocabulary)
        assert isinstance(constraint, ContextFreeConstraint)
        texts = [
            tokens
            for _, tokens in zip(range(60), sources(arguments.folder, language, constraint, encode, 200), strict=False)
        ]
        draw = random.Random(arguments.seed)
        warm = np.array(texts[0])
        constraint.session(warm, np.arange(len(warm)) % 3 == 0, tail=False, elastic=True)
        filled, forwards, limits, done, by_canvas = 0, 0, 0, 0, []
        begun = time.process_time()
        with Stages() as stages:
            run = Run(stages)
            with run.watched():
                for number, (_, canvas) in enumerate(canvases(texts, arguments.canvases, arguments.seed)):
                    before = run.milliseconds
                    outcome, _ = one(model, constraint, canvas, number, draw)
                    done += 1
                    if isinstance(outcome.error, lw.LimitExceeded):
                        limits += 1
                    else:
                        filled += outcome.free_slots
                        forwards += outcome.forwards
                        by_canvas.append((run.milliseconds - before) / max(1, outcome.free_slots))
                    if time.process_time() - begun > arguments.seconds:
                        break
        settled = Counter(decision.settled for decision in stages.decisions)
        settled[RESPELT] = run.respelt
        count = sum(settled.values())
        shares.append([language, count, *(f"{settled[name] / max(1, count):.1%}" for name in (RESPELT, *SETTLED[:-1]))])
        costs.append(
            [
                language,
                done,
                limits,
                filled,
                forwards,
                f"{run.quiet_steps / max(1, run.steps):.0%}",
                round(run.checks / max(1, run.steps), 2),
                float(np.mean(by_canvas or [0.0])),
                float(max(by_canvas or [0.0])),
            ]
        )
        spent = {name: sum(decision.stages[name] for decision in stages.decisions) for name in STAGES}
        total = sum(decision.milliseconds for decision in stages.decisions)
        parts.append([language, round(total), *(f"{spent[name] / max(total, 1e-9):.0%}" for name in STAGES)])
        print(language, done, "canvases", round(time.process_time() - begun), "s", flush=True)
    explained = str(__doc__).partition("\n\n")[2].rstrip()
    command = (
        f"`python benchmarks/cfg_stages.py FOLDER --canvases {arguments.canvases} --seconds {arguments.seconds:g}`"
    )
    costs_header = ["language", "canvases", f"{LIMIT} at the start", "slots filled", "forwards"]
    costs_header += ["steps without a question", "checks a step", "ms a token", "worst canvas"]
    text = [
        "# Stages of context-free decisions",
        explained,
        command,
        machine(),
        table(["language", "questions", RESPELT, *SETTLED[:-1]], shares),
        table(costs_header, costs),
        table(["language", "decisions ms", *STAGES], parts),
    ]
    write_result("cfg_stages", "\n\n".join(text))


if __name__ == "__main__":
    main()
