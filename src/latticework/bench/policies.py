"""Every policy on held-out documents: forwards, seconds, right fields, slots decided without the model."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latticework.bench.documents import Tally, decode, records_of
from latticework.diffusion.options import Options
from latticework.diffusion.policies.registry import make_policy
from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.models.embedded.training.records import Record
    from latticework.models.model import Model

SPLITS = ("values", "templates", "families", "keys")
HEADER = (
    "policy",
    "constraint",
    "forwards",
    "canvases shown",
    "seconds",
    "fields right",
    "documents valid",
    "slots forced",
)


@dataclass(frozen=True)
class Line:
    """What one policy did, with the constraint or without; all figures per document."""

    policy: str
    constrained: bool
    tally: Tally

    def cells(self) -> list[str]:
        done, count = self.tally, self.tally.documents
        return [
            self.policy,
            "yes" if self.constrained else "no",
            f"{done.forwards / count:.1f}",
            f"{done.evaluations / count:.1f}",
            f"{done.seconds / count:.2f}",
            f"{done.exact():.2f}",
            f"{done.valid / count:.2f}",
            f"{done.forced / max(1, done.free):.2f}",
        ]


def measure(
    model: Model,
    records: Sequence[Record],
    names: Sequence[str],
    block_length: int,
    options: dict[str, dict[str, Any]] | None = None,
    on_line: Callable[[Line], None] | None = None,
) -> list[Line]:
    """Decode all records with every policy, constrained and not, 8 documents per forward."""
    lines = []
    for name in names:
        policy = make_policy(name, **(options or {}).get(name, {}))
        for constrained in (True, False):
            how = Options(policy=policy, block_length=block_length)
            line = Line(name, constrained, decode(model, records, constrained, how))
            lines.append(line)
            if on_line is not None:
                on_line(line)
    return lines


def mixed_records(count: int, pools: Path | None = None) -> list[Record]:
    """``count`` held-out documents, as evenly as possible from all splits."""
    if count < 1:
        raise InputError(f"the number of documents must be at least 1, got {count}")
    shares = [count // len(SPLITS) + (place < count % len(SPLITS)) for place in range(len(SPLITS))]
    return [
        record
        for split, share in zip(SPLITS, shares, strict=True)
        for record in (records_of(split, share, pools) if share else [])
    ]


def report(lines: Sequence[Line], note: str) -> str:
    """A Markdown page with one table."""
    rows = [HEADER, ["---"] * len(HEADER), *(line.cells() for line in lines)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"# Policies on held-out documents\n\n{note}\n\n{table}\n"


def where() -> str:
    """Machine and versions, one line."""
    from importlib.metadata import version

    import torch

    names = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch"))
    place = f"{platform.machine()}, {torch.get_num_threads()} thread(s), Python {platform.python_version()}"
    return f"{place}, {names}; {time.strftime('%Y-%m-%d')}"


def plot(lines: Sequence[Line], file: Path) -> None:
    """Forwards and right fields of every policy; the format follows from the name of the file (.svg, .png).

    Raises ``InputError`` when matplotlib is missing.
    """
    try:
        import matplotlib as mpl
    except ImportError:
        raise InputError("a plot needs matplotlib: install latticework[bench]") from None
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "latticework"
    from matplotlib import pyplot

    names = list(dict.fromkeys(line.policy for line in lines))
    size = (8, 1.5 + 0.22 * len(names))
    figure, (left, right) = pyplot.subplots(1, 2, figsize=size, sharey=True, layout="constrained")
    for constrained, colour, label in ((False, "tab:orange", "unconstrained"), (True, "tab:blue", "constrained")):
        some = [line for line in lines if line.constrained is constrained]
        rows = [names.index(line.policy) for line in some]
        forwards = [line.tally.forwards / line.tally.documents for line in some]
        left.scatter(forwards, rows, s=22, color=colour, label=label)
        right.scatter([line.tally.exact() for line in some], rows, s=22, color=colour)
    left.set_yticks(range(len(names)), names, fontsize=8)
    left.invert_yaxis()
    left.set_xlabel("forwards per document")
    left.set_xlim(left=0)
    right.set_xlabel("share of fields right")
    right.set_xlim(0, 1.03)
    left.legend(fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)
