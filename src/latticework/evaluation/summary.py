"""What a run comes to: a line of figures for every method and group of tasks, calibration, the worst cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from latticework.diffusion.confidence import scaled
from latticework.evaluation.calibration import expected_calibration_error, fit_temperature
from latticework.evaluation.running import Scored
from latticework.evaluation.scoring import Totals, totals

HEADER = (
    *("group", "method", "documents", "valid", "exact", "precision", "recall", "F1", "hallucinated", "omitted"),
    *("calibration error", "canonical", "forwards", "seconds", "errors"),
)
FITTED_ON = "dev"  # the split on which a temperature is fitted; figures after scaling are those of the others


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one method on one group; forwards and seconds per document.

    ``canonical`` is the share of answers cut into tokens as the model's tokenizer cuts them.
    """

    group: str
    method: str
    totals: Totals
    forwards: float
    seconds: float
    errors: int
    canonical: float | None = None

    def cells(self) -> list[str]:
        shares = ("valid", "exact", "precision", "recall", "f1", "hallucinated", "omitted", "calibration_error")
        found = [getattr(self.totals, name) for name in shares]
        return [
            self.group,
            self.method,
            str(self.totals.documents),
            *("-" if share is None else f"{share:.3f}" for share in (*found, self.canonical)),
            f"{self.forwards:.1f}",
            f"{self.seconds:.2f}",
            str(self.errors),
        ]

    def as_dict(self) -> dict[str, Any]:
        own = {"group": self.group, "method": self.method, **asdict(self.totals)}
        return own | {
            "forwards": self.forwards,
            "seconds": self.seconds,
            "errors": self.errors,
            "canonical": self.canonical,
        }


@dataclass(frozen=True, slots=True)
class Scaling:
    """Temperature scaling of a method's confidences: fitted on the dev split, measured on the others."""

    method: str
    temperature: float
    fitted_on: int
    measured_on: int
    before: float
    after: float


def summarise(scored: Sequence[Scored]) -> list[Line]:
    """A line for every method on every split (on all tasks where the data set names none), in order of appearance."""
    return [_line(group, method, some) for group, method, some in grouped(scored, lambda one: one.task.split or "all")]


def grouped(scored: Iterable[Scored], group: Callable[[Scored], str]) -> list[tuple[str, str, list[Scored]]]:
    """The answers of each method in each group."""
    found: dict[tuple[str, str], list[Scored]] = {}
    for one in scored:
        found.setdefault((group(one), one.run), []).append(one)
    order = list(dict.fromkeys(name for name, _ in found))
    return [(name, run, some) for place in order for (name, run), some in found.items() if name == place]


def scalings(scored: Sequence[Scored]) -> list[Scaling]:
    """Temperatures of the methods, where the data set has a dev split and others."""
    found = []
    for _, method, some in grouped(scored, lambda one: ""):
        fitted = rated(one for one in some if one.task.split == FITTED_ON)
        measured = rated(one for one in some if one.task.split != FITTED_ON)
        if not fitted or not measured:
            continue
        temperature = fit_temperature(fitted)
        after = [(scaled(p, temperature), right) for p, right in measured]
        before, after = expected_calibration_error(measured), expected_calibration_error(after)
        found.append(Scaling(method, temperature, len(fitted), len(measured), before, after))
    return found


def rated(scored: Iterable[Scored]) -> list[tuple[float, bool]]:
    """Confidences of all values, with whether each is right."""
    return [pair for one in scored for pair in one.score.confidence]


def worst(scored: Iterable[Scored], count: int) -> list[Scored]:
    """The answers with the most that is wrong: invalid first, then hallucinated, wrong and omitted values."""

    def badness(one: Scored) -> tuple[bool, int, int]:
        found = one.score
        return not found.valid, len(found.hallucinated), len(found.wrong) + len(found.missed)

    ordered = sorted(scored, key=badness, reverse=True)
    return [one for one in ordered if not one.score.exact][:count]


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def scaling_rows(found: Iterable[Scaling]) -> list[list[str]]:
    """Lines of a table of temperatures, under ``SCALING_HEADER``."""
    return [
        [one.method, f"{one.temperature:.2f}", str(one.measured_on), f"{one.before:.3f}", f"{one.after:.3f}"]
        for one in found
    ]


SCALING_HEADER = ("method", f"temperature ({FITTED_ON})", "values elsewhere", "error before", "error after")


def _line(group: str, method: str, some: Sequence[Scored]) -> Line:
    count = len(some)
    cut = [one.answer.canonical for one in some if one.answer.canonical is not None]
    return Line(
        group,
        method,
        totals([one.score for one in some]),
        sum(one.answer.forwards for one in some) / count,
        sum(one.answer.seconds for one in some) / count,
        sum(one.answer.error is not None for one in some),
        sum(cut) / len(cut) if cut else None,
    )
