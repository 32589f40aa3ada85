"""Every policy on held-out documents: forwards, seconds, right fields, slots decided without the model."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from latticework.bench.documents import decode, records_of
from latticework.bench.lines import Line
from latticework.diffusion.caches import cached
from latticework.diffusion.options import Options
from latticework.diffusion.policies.registry import BY_NAME, make_policy
from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.models.base import DiffusionModel
    from latticework.models.embedded.training.records import Record
    from latticework.models.model import Model

SPLITS = ("values", "templates", "families", "keys")


def cells(names: Sequence[str], caches: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Policy, cache (``""`` for none) and whether constrained, for all that makes sense.

    Policies that take commits back or change lengths are measured without a cache, which would compute nearly all anew.
    """
    for cache in caches:
        for name in names:
            if not (cache and BY_NAME[name].revises):
                yield from ((name, cache, constrained) for constrained in (True, False))


def measure(
    model: Model,
    records: Sequence[Record],
    cell: tuple[str, str, bool],
    block_length: int,
    options: Mapping[str, Any] | None = None,
) -> Line:
    """Decode all records in one way of :func:`cells`, 8 documents per forward; ``options`` are the policy's."""
    name, cache, constrained = cell
    how = Options(policy=make_policy(name, **(options or {})), block_length=block_length)
    behind = cached(model.backend, cache, block_length=block_length) if cache else None
    tally = decode(model, records, constrained, how, through=cast("DiffusionModel | None", behind))
    return Line.of(name, cache, constrained, tally, behind.most_bytes if behind else 0)


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

    names = list(dict.fromkeys(_label(line) for line in lines))
    size = (9, 1.5 + 0.2 * len(names))
    figure, axes = pyplot.subplots(1, 3, figsize=size, sharey=True, layout="constrained")
    figures = (lambda line: line.forwards, lambda line: line.seconds, lambda line: line.fields_right)
    for constrained, colour, label in ((False, "tab:orange", "unconstrained"), (True, "tab:blue", "constrained")):
        some = [line for line in lines if line.constrained is constrained]
        rows = [names.index(_label(line)) for line in some]
        for own, figure_of in zip(axes, figures, strict=True):
            own.scatter([figure_of(line) for line in some], rows, s=18, color=colour, label=label)
    axes[0].set_yticks(range(len(names)), names, fontsize=7)
    axes[0].invert_yaxis()
    axes[0].legend(fontsize=8)
    for own, label in zip(
        axes, ("forwards per document", "seconds per document", "share of fields right"), strict=True
    ):
        own.set_xlabel(label)
        own.set_xlim(left=0)
        own.grid(alpha=0.3)
    axes[2].set_xlim(0, 1.03)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)


def _label(line: Line) -> str:
    return f"{line.policy}, {line.cache}" if line.cache else line.policy
