"""CPU time of the stages of a decision about a context-free canvas, and the test that settles it.

Functions are wrapped from the outside while a :class:`Stages` is in force; nested calls count for the outer stage.
"""

from __future__ import annotations

import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import latticework as lw
from latticework.lattice.chart import decide as deciding
from latticework.lattice.chart import session
from latticework.lattice.chart.decide import Answer, Budget, Question
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.passage import Passage
from latticework.lattice.chart.windows import Windows

STAGES = ("lexing", "graph", "chart", "derivation", "realise", "window")
_STAGE_OF = {
    "canvas_of_question": "lexing",
    "slots_of_canvas": "lexing",
    "swept": "lexing",
    "lexical_graph": "graph",
    "chart_of": "chart",
    "live_chart": "derivation",
    "spelling_of": "realise",
    "realise_or_fail": "realise",
    "mended": "window",
}
LIMIT = "over the budget"
SLOW = "over the time"
MOST_SECONDS = 20
SETTLED = (
    "no: token or lexer",
    "no: coarse chart",
    "no: refined chart",
    "yes: first derivation",
    "yes: window",
    "yes: another derivation",
    "yes: refinement",
    LIMIT,
    SLOW,
)


@dataclass
class Decision:
    """One question: CPU milliseconds of the stages and in all, and what settled it."""

    stages: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: Counter[str] = field(default_factory=Counter)
    last: str = ""
    milliseconds: float = 0.0
    settled: str = ""

    @property
    def is_yes(self) -> bool:
        return self.settled.startswith("yes")


class Stages:
    """Records the decisions that are asked for while it is in force, by whom ever."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self._now = Decision()
        self._inside = False
        self._own: dict[str, Any] = {}

    def __enter__(self) -> Stages:
        names = [*_STAGE_OF, "Search"]
        self._own = {name: getattr(deciding, name) for name in (*names, "decide", "decide_passage")}
        for name, stage in _STAGE_OF.items():
            setattr(deciding, name, self._timed(self._own[name], name, stage))
        setattr(deciding, "Search", self._search(self._own["Search"]))  # noqa: B010
        session.decide, session.decide_passage = self.decide, self.decide_passage
        return self

    def __exit__(self, *details: object) -> None:
        for name, function in self._own.items():
            setattr(deciding, name, function)
        session.decide, session.decide_passage = self._own["decide"], self._own["decide_passage"]

    def decide(self, language: Language, question: Question, budget: Budget, windows: Windows | None = None) -> Answer:
        """As :func:`latticework.lattice.chart.decide.decide`, recorded."""
        return self._recorded("decide", language, question, budget, windows)

    def decide_passage(
        self, language: Language, passage: Passage, budget: Budget, windows: Windows | None = None
    ) -> Answer:
        """As :func:`latticework.lattice.chart.decide.decide_passage`, recorded."""
        return self._recorded("decide_passage", language, passage, budget, windows)

    def _recorded(self, name: str, *arguments: Any) -> Answer:
        self._now = now = Decision()
        answer = None
        begun = time.process_time()
        try:
            answer = self._own[name](*arguments)
            return answer
        finally:
            now.milliseconds = 1e3 * (time.process_time() - begun)
            now.settled = _settled(now, answer)
            self.decisions.append(now)

    def asked(self, language: Language, question: Question, budget: Budget) -> tuple[Answer | None, Decision]:
        """The answer, ``None`` where the budget or ``MOST_SECONDS`` of CPU time are spent, and its record."""
        before = signal.signal(signal.SIGPROF, _interrupt)
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
        answer, is_late = None, False
        try:
            answer = self.decide(language, question, budget)
        except lw.LimitExceeded:
            pass
        except TimeoutError:
            is_late = True
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)
        if is_late:
            self.decisions[-1].settled = SLOW
        return answer, self.decisions[-1]

    def _timed(self, function: Callable[..., Any], name: str, stage: str) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            if self._inside:
                return function(*arguments)
            self._inside = True
            self._now.calls[name] += 1
            self._now.last = name
            begun = time.process_time()
            try:
                return function(*arguments)
            finally:
                self._now.stages[stage] += 1e3 * (time.process_time() - begun)
                self._inside = False

        return timed

    def _search(self, original: type) -> Callable[..., Any]:
        def search(*arguments: Any) -> Any:
            found = self._timed(original, "Search", "derivation")(*arguments)
            for name in ("cheapest", "avoid"):
                setattr(found, name, self._timed(getattr(found, name), name, "derivation"))
            return found

        return search


def _interrupt(*details: object) -> None:
    raise TimeoutError


def _settled(decision: Decision, answer: Answer | None) -> str:
    rounds, derivations = decision.calls["lexical_graph"], decision.calls["realise_or_fail"]
    if answer is None:
        return LIMIT
    if answer.witness is None:
        return SETTLED[min(rounds, 2)]
    if rounds > 1:
        return "yes: refinement"
    if decision.last == "mended":
        return "yes: window"
    return "yes: first derivation" if derivations == 1 else "yes: another derivation"


def quantiles(values: Any) -> str:
    """Mean / p50 / p90 / p99 / worst, three significant digits."""
    if not len(values):
        return "–"
    return " / ".join(f"{value:.3g}" for value in (np.mean(values), *np.quantile(values, (0.5, 0.9, 0.99, 1.0))))
