"""Random extraction records, about 2,000 a second on one core.

``Split`` says what is held out of a record; besides, clauses of the training stream are reworded.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from latticework.models.embedded.training import generic
from latticework.models.embedded.training.families import HELD_OUT_FAMILIES, TRAINED_FAMILIES
from latticework.models.embedded.training.planning import plan_family, plan_generic
from latticework.models.embedded.training.pools import HELD_OUT, TRAINED, Pools
from latticework.models.embedded.training.records import Planned, Record, write_record
from latticework.models.embedded.training.rewording import reword
from latticework.models.embedded.training.values import Values
from latticework.models.embedded.training.writing import write_text

GENERIC_SHARE = 0.45
MAX_ASKED = 10  # fields of one schema
_KEY_WORDS = 780  # words that trained generic keys may use; the rest is for held-out keys


@dataclass(frozen=True)
class Split:
    """``values`` and ``templates``: held out or not; ``source``: "mixed", "families", "held-out families",
    "held-out words"; ``reworded``: share of the clauses that are reworded."""

    values: bool = False
    templates: bool = False
    source: str = "mixed"
    reworded: float = 0.0


TRAIN = Split(reworded=0.5)
SPLITS: dict[str, Split] = {
    "values": Split(values=True),
    "templates": Split(values=True, templates=True),
    "families": Split(values=True, source="held-out families"),
    "keys": Split(values=True, templates=True, source="held-out words"),
}


class Generator:
    """An endless, seeded stream of records of one split."""

    def __init__(self, pools: Pools, split: Split = TRAIN, seed: int = 0) -> None:
        self.split = split
        self.rng = random.Random(seed)
        self.values = Values(pools, self.rng, HELD_OUT if split.values else TRAINED)
        self._trained_words, self._held_out_words = _key_words(pools)

    def __iter__(self) -> Iterator[Record]:
        while True:
            yield self.record()

    def record(self) -> Record:
        name, openings, planned = self._plan()
        rng = self.rng
        fields = list({one.path: one for one in planned}.values())
        asked = rng.sample(fields, min(len(fields), MAX_ASKED, max(1, rng.randint(len(fields) // 2, len(fields)))))
        _style_keys(asked, rng)
        asked = _group(asked, rng, self._words)
        _mark(asked, rng)
        missing = [one for one in asked if one.missing]
        stated = [one for one in fields if not one.missing]
        for one in stated:
            if rng.random() < self.split.reworded:
                one.clause = reword(one.clause, rng)
        text = write_text(stated, openings, self.values, self.split.templates, missing)
        return write_record(name, asked, text.strip())

    @property
    def _words(self) -> Sequence[str]:
        return self._held_out_words if self.split.source == "held-out words" else self._trained_words

    def _plan(self) -> tuple[str, Sequence[str], list[Planned]]:
        rng, source = self.rng, self.split.source
        if source == "held-out words" or (source == "mixed" and rng.random() < GENERIC_SHARE):
            return "generic", generic.OPENINGS, plan_generic(self._words, self.values, self.split.templates)
        held_out = source == "held-out families"
        family = rng.choice(HELD_OUT_FAMILIES if held_out else TRAINED_FAMILIES)
        openings = family.openings if rng.random() < 0.7 else ("",)
        return family.name, openings, plan_family(family, self.values, self.split.templates, held_out)


def _key_words(pools: Pools) -> tuple[list[str], list[str]]:
    drawn = {word.lower() for part in pools.lists["word"] for word in part}
    words = sorted(word for word in drawn if len(word) > 2 and word not in generic.HELD_OUT_WORDS)
    random.Random(5).shuffle(words)
    return words[:_KEY_WORDS], words[_KEY_WORDS:]


def _style_keys(fields: Sequence[Planned], rng: random.Random) -> None:
    """Rewrites snake case keys of a whole schema: camelCase, PascalCase, kebab-case, words."""
    x = rng.random()
    for one in fields:
        parts = one.path[-1].split("_")
        capital = "".join(part.capitalize() for part in parts)
        if x < 0.16:
            key = parts[0] + capital[len(parts[0]) :]
        elif x < 0.20:
            key = capital
        elif x < 0.23:
            key = "-".join(parts)
        elif x < 0.26:
            key = " ".join(part.capitalize() for part in parts)
        else:
            continue
        one.path = (*one.path[:-1], key)


def _group(fields: list[Planned], rng: random.Random, words: Sequence[str]) -> list[Planned]:
    """Puts some fields of some schemas into a nested object."""
    if len(fields) < 3 or rng.random() > 0.16:
        return fields
    parent = rng.choice(generic.GROUPS) if rng.random() < 0.5 else rng.choice(words)
    if any(one.path[0] == parent for one in fields):
        return fields
    start = rng.randint(0, len(fields) - 2)
    end = rng.randint(start + 2, len(fields))
    for one in fields[start:end]:
        one.path = (parent, *one.path)
    return fields


def _mark(fields: Sequence[Planned], rng: random.Random) -> None:
    """Decides which fields may be null or left out, and which the text does not state."""
    marked = rng.random() < 0.75
    for one in fields:
        x = rng.random()
        if marked and x < 0.45:
            one.mark = "?"
            one.missing = rng.random() < 0.45
        elif marked and x < 0.70 and len(one.path) == 1:
            one.mark = "*"
            one.missing = rng.random() < 0.5
        elif one.letter not in ("d", "e"):
            one.missing = rng.random() < (0.12 if one.many or one.letter == "b" else 0.03)
    if all(one.missing for one in fields):
        fields[0].missing = False
