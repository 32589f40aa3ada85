"""Tasks by number: the same seed, split and number give the same task."""

from __future__ import annotations

import random
from collections.abc import Iterator

from latticework.evaluation.dataset import Task
from latticework.evaluation.tasks.drafting import draft
from latticework.evaluation.tasks.splits import Split
from latticework.evaluation.tasks.styles import write_marked
from latticework.models.embedded.training.pools import Pools
from latticework.models.embedded.training.values import Values

_FEWEST_STATEMENTS = 2  # where every field is left out there is nothing to read


def tasks(pools: Pools, split: Split, count: int, seed: int = 0) -> Iterator[Task]:
    """The first ``count`` tasks of a split: its families and styles in turn, all else drawn at random.

    A task depends on nothing but its split, its number and the seed, so a longer data set starts with a shorter one.
    """
    for number in range(count):
        yield marked_task(pools, split, number, seed)[0]


def marked_task(pools: Pools, split: Split, number: int, seed: int = 0) -> tuple[Task, list[tuple[int, int]]]:
    """Task ``number`` of :func:`tasks`, and where in its text values stand: first and past-last characters."""
    rng = random.Random(f"{seed}/{split.name}/{number}")
    family = split.families[number % len(split.families)]
    style = split.styles[number // len(split.families) % len(split.styles)]
    values = Values(pools, rng, split.values)
    found = draft(family, values)
    while len(found.statements) < _FEWEST_STATEMENTS:
        found = draft(family, values)
    text, marks = write_marked(style, found, values)
    task = Task(f"{split.name}-{seed}-{number}", text, found.schema, found.gold, family.name, style, split.name)
    return task, marks
