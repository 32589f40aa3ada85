"""``python -m latticework.evaluation.tasks OUT``: a data set for ``latticework eval``."""

from __future__ import annotations

import tempfile
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from latticework.cli.inputs import refusals
from latticework.errors import InputError
from latticework.evaluation.dataset import write_tasks
from latticework.evaluation.tasks.generator import tasks
from latticework.evaluation.tasks.splits import SPLITS
from latticework.models.embedded.training.pools import Pools, load_pools


def main(
    out: Annotated[Path, typer.Argument(help="File of JSON lines to write.")],
    count: Annotated[int, typer.Option(min=1, help="Tasks of each split.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same tasks.")] = 0,
    split: Annotated[list[str] | None, typer.Option(help="Only this split; repeat. All of them by default.")] = None,
    pools: Annotated[Path | None, typer.Option(help="File of word lists; drawn with Faker if missing.")] = None,
) -> None:
    """Generate extraction tasks with gold values."""
    names = [one.name for one in SPLITS]
    for name in split or ():
        if name not in names:
            raise typer.BadParameter(f"unknown split {name!r}; known: {', '.join(names)}")
    with refusals():
        words = _words(pools or Path(tempfile.gettempdir()) / "latticework-pools.json")
        wanted = [one for one in SPLITS if one.name in (split or names)]
        written = write_tasks(out, chain.from_iterable(tasks(words, one, count, seed) for one in wanted))
    typer.echo(f"{out}: {written} tasks", err=True)


def _words(file: Path) -> Pools:
    try:
        return load_pools(file)
    except ImportError as error:
        raise InputError(f"drawing the word lists needs Faker: install latticework[train] ({error})") from None


if __name__ == "__main__":
    typer.run(main)
