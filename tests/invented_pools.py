"""Invented word lists in place of those that Faker draws."""

from __future__ import annotations

import random

from latticework.models.embedded.training.pools import Pools

_NAMES = (
    *("first", "last", "company", "city", "street", "job", "country"),
    *("word", "phrase", "slogan", "color", "language", "currency"),
)


def invented_pools(words: int) -> Pools:
    """Up to ``words`` words in each part of every list; trained ones end in "a", held-out ones in "o"."""
    rng = random.Random(1)

    def part(ending: str) -> tuple[str, ...]:
        return tuple(sorted({"".join(rng.choices("bdklmnprst", k=5)) + ending for _ in range(words)}))

    return Pools({name: (part("a"), part("o")) for name in _NAMES})
