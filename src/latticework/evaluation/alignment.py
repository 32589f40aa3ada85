"""Two JSON values side by side: which scalar of the output stands for which scalar of the gold value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from latticework.bench.documents import same


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()  # no value at all, as opposed to null


@dataclass(frozen=True, slots=True)
class Pair:
    """A scalar of the output, of the gold value, or of both.

    Attributes:
        pointer: JSON Pointer (RFC 6901) in the output; ``None`` where only the gold value has it.
        gold_pointer: the same in the gold value. Pointers differ below arrays whose items have shifted.
        value, gold: the scalars, ``MISSING`` where there is none. ``gold`` is a container where the output has a scalar
            in its place.
    """

    pointer: str | None
    gold_pointer: str | None
    value: Any
    gold: Any

    @property
    def given(self) -> bool:
        """Whether the output says something: null says nothing."""
        return _says(self.value)

    @property
    def wanted(self) -> bool:
        """Whether the gold value says something."""
        return _says(self.gold)

    @property
    def right(self) -> bool:
        """Equal in value and type (3 and 3.0 are one number); nothing is right where nothing is wanted."""
        if _absent(self.value) or _absent(self.gold):
            return _absent(self.value) and _absent(self.gold)
        return same(self.value, self.gold)


def align(output: Any, gold: Any) -> list[Pair]:
    """All scalars of both values.

    Objects are aligned by key. Arrays are aligned in order so that most scalars are equal: an item left out costs that
    item and not all that follow, and items in another order than the text's count as wrong. Empty containers have no
    scalars. Arrays of n and m items cost O(n m) alignments of their items.
    """
    return list(_pairs(output, gold, "", ""))


def same_document(output: Any, gold: Any) -> bool:
    """Equal as JSON: the same keys (order aside), items and types; 3 and 3.0 are one number."""
    if isinstance(output, dict) and isinstance(gold, dict):
        return output.keys() == gold.keys() and all(same_document(output[key], gold[key]) for key in gold)
    if isinstance(output, list) and isinstance(gold, list):
        return len(output) == len(gold) and all(map(same_document, output, gold))
    return same(output, gold)


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The scalars of a JSON value with their pointers, in document order."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from leaves(child, _below(pointer, key))
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from leaves(child, f"{pointer}/{place}")
    elif value is not MISSING:
        yield pointer, value


def _pairs(output: Any, gold: Any, at: str, gold_at: str) -> Iterator[Pair]:
    if isinstance(output, dict) and isinstance(gold, dict):
        for key in [*gold, *(key for key in output if key not in gold)]:
            mine, own = output.get(key, MISSING), gold.get(key, MISSING)
            yield from _pairs(mine, own, _below(at, key), _below(gold_at, key))
    elif isinstance(output, list) and isinstance(gold, list):
        for i, j in _matching(output, gold):
            mine, own = MISSING if i is None else output[i], MISSING if j is None else gold[j]
            yield from _pairs(mine, own, f"{at}/{i}", f"{gold_at}/{j}")
    elif _scalar(output) and (_scalar(gold) or gold is MISSING):
        yield Pair(at, None if gold is MISSING else gold_at, output, gold)
    else:
        if _scalar(output):
            yield Pair(at, gold_at, output, gold)
        else:
            yield from (Pair(pointer, None, value, MISSING) for pointer, value in leaves(output, at))
        yield from (Pair(None, pointer, MISSING, value) for pointer, value in leaves(gold, gold_at))


def _matching(output: list[Any], gold: list[Any]) -> list[tuple[int | None, int | None]]:
    """Pairs of items in order, with the most equal scalars and, among those, the most pairs."""
    n, m = len(output), len(gold)
    worth = [[_equal(mine, own) * (n + m + 1) + 1 for own in gold] for mine in output]
    best = [[0] * (m + 1) for _ in range(n + 1)]
    for i in reversed(range(n)):
        for j in reversed(range(m)):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + worth[i][j])
    found: list[tuple[int | None, int | None]] = []
    i = j = 0
    while i < n and j < m:
        if best[i][j] == best[i + 1][j + 1] + worth[i][j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            found.append((i, None))
            i += 1
        else:
            found.append((None, j))
            j += 1
    return found + [(rest, None) for rest in range(i, n)] + [(None, rest) for rest in range(j, m)]


def _equal(output: Any, gold: Any) -> int:
    return sum(pair.given and pair.right for pair in _pairs(output, gold, "", ""))


def _below(pointer: str, key: str) -> str:
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"


def _scalar(value: Any) -> bool:
    return value is not MISSING and not isinstance(value, dict | list)


def _absent(value: Any) -> bool:
    return value is None or value is MISSING


def _says(value: Any) -> bool:
    return _scalar(value) and value is not None
