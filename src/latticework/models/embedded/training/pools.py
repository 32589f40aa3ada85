"""Word pools drawn once from Faker, each split into a trained and a held-out part.

The split is by value, not by document: what the held-out part contains is never a value in training. (Plain words serve
as keys as well; trained keys come from both parts.)
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

TRAINED, HELD_OUT = 0, 1
HELD_OUT_SHARE = 0.15
MAX_CHARS = 40

_WIDE = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "nl_NL", "pt_BR", "sv_SE")
_SOURCES: dict[str, tuple[str, tuple[str, ...], int]] = {  # pool: Faker method, locales, draws per locale
    "first": ("first_name", _WIDE, 600),
    "last": ("last_name", _WIDE, 600),
    "company": ("company", ("en_US", "en_GB", "de_DE", "it_IT"), 1500),
    "city": ("city", ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES"), 800),
    "street": ("street_name", ("en_US", "en_GB", "de_DE", "fr_FR"), 800),
    "job": ("job", ("en_US",), 2500),
    "country": ("country", ("en_US",), 2500),
    "word": ("word", ("en_US",), 6000),
    "phrase": ("catch_phrase", ("en_US",), 3000),
    "slogan": ("bs", ("en_US",), 1500),
    "color": ("color_name", ("en_US",), 1000),
    "language": ("language_name", ("en_US",), 800),
    "currency": ("currency_name", ("en_US",), 800),
}


@dataclass(frozen=True)
class Pools:
    """Sorted word lists by name, each as ``(trained, held out)``."""

    lists: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]

    def pick(self, rng: random.Random, name: str, split: int) -> str:
        return rng.choice(self.lists[name][split])


def _draw(method: str, locales: tuple[str, ...], draws: int) -> list[str]:
    from faker import Faker  # only training needs it

    found: set[str] = set()
    for locale in locales:
        source = Faker(locale)
        source.seed_instance(1)
        found.update(str(getattr(source, method)()) for _ in range(draws))
    return sorted(value for value in found if len(value) <= MAX_CHARS and not set('\n"\\') & set(value))


def load_pools(cache: Path) -> Pools:
    """The pools; the lists are drawn on the first call and kept in the file ``cache``."""
    if not cache.exists():
        drawn = {name: _draw(*source) for name, source in _SOURCES.items()}
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(drawn), encoding="utf-8")
    lists: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for name, values in json.loads(cache.read_text(encoding="utf-8")).items():
        random.Random(name).shuffle(values)
        cut = round(len(values) * (1 - HELD_OUT_SHARE))
        lists[name] = (tuple(values[:cut]), tuple(values[cut:]))
    return Pools(lists)
