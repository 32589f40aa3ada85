"""Plots of a run with matplotlib, where that is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from latticework.errors import InputError
from latticework.evaluation.summary import Line


def plot(lines: Sequence[Line], file: Path) -> None:
    """F1, share of hallucinated values and forwards of every method, a group of bars for each group of tasks.

    The format follows from the name of the file (.svg, .png). Raises ``InputError`` when matplotlib is missing.
    """
    try:
        import matplotlib as mpl
    except ImportError:
        raise InputError("a plot needs matplotlib: install latticework[bench]") from None
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "latticework"
    from matplotlib import pyplot

    groups = list(dict.fromkeys(line.group for line in lines))
    methods = list(dict.fromkeys(line.method for line in lines))
    panels = (
        ("field F1", lambda line: line.totals.f1),
        ("hallucinated share", lambda line: line.totals.hallucinated),
        ("forwards per document", lambda line: line.forwards),
    )
    width = 0.8 / len(methods)
    figure, axes = pyplot.subplots(1, len(panels), figsize=(11, 3.6), layout="constrained")
    for axis, (title, value) in zip(axes, panels, strict=True):
        for place, method in enumerate(methods):
            own = {line.group: value(line) for line in lines if line.method == method}
            across = [groups.index(group) + (place - (len(methods) - 1) / 2) * width for group in own]
            axis.bar(across, list(own.values()), width, label=method)
        axis.set_xticks(range(len(groups)), groups, rotation=15)
        axis.set_title(title)
        axis.grid(axis="y", alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)
