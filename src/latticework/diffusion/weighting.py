"""How the rows of a model are weighted before the lattice: what a text may say stays exactly the same.

Three preferences, each 0 by default, in nats: copying from a source text, longer texts, ``null``; and how far behind
the active block rows are believed at all. They move the best filling, samples and marginals alike; a filling that the
constraint rules out stays ruled out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.tokens.vocabulary import Vocabulary

ORDER = 3  # tokens of the source text that have to agree, at most, for what follows them to be favoured


@dataclass(frozen=True, slots=True)
class Preferences:
    """Weights in nats.

    Attributes:
        copy_bias: for tokens that the source text continues with, or has at all (:class:`Source`).
        length_bonus: for every token of text; in other words, against every end, pad or filler token. The best filling
            is the one of the highest sum of log-probabilities, and a slot behind the end adds almost nothing to it, so
            that without a bonus short texts are preferred and optional members left out.
        null_bias: for ``null`` where it is a token of its own; above 0 it is preferred where the evidence for a value
            is weak.
        horizon: slots behind the active block whose rows are evidence; those further behind have to be possible and
            no more, as :meth:`.Session.propose` takes them with ``stop``. ``None`` for all. Rows far behind are guesses
            that may be out of step with the text: a string takes almost any of them and structure does not, so that
            fillings which run on inside a string outweigh the right one. Counts under regular constraints (members in
            their order); elsewhere nothing is summed over what is behind.
    """

    copy_bias: float = 0.0
    length_bonus: float = 0.0
    null_bias: float = 0.0
    horizon: int | None = None

    def __post_init__(self) -> None:
        for name in ("copy_bias", "length_bonus", "null_bias"):
            if not abs(getattr(self, name)) <= 100.0:
                raise InputError(f"{name} must be a number of nats from -100 to 100, got {getattr(self, name)}")
        if self.horizon is not None and self.horizon < 0:
            raise InputError(f"horizon must be a number of slots, got {self.horizon}")

    def __bool__(self) -> bool:
        """Whether logits change."""
        return bool(self.copy_bias or self.length_bonus or self.null_bias)


class Source:
    """A text to copy from, as token n-grams.

    The tokens that may follow in it are those behind the longest run of tokens, up to ``ORDER``, that equals what
    stands to the left of a slot since the value began; all of its tokens where nothing does. Tokens of the schema's own
    text (keys, punctuation, members of enumerations) get the same weight, so that only what neither the text nor the
    schema says loses.
    """

    def __init__(self, runs: Iterable[Sequence[int]], own: Collection[int]) -> None:
        """
        Args:
            runs: tokens of the source text, in order; several runs where words can be written in several ways.
            own: tokens that are neither for nor against copying: the schema's own text, punctuation.
        """
        self.own = frozenset(map(int, own))
        members: set[int] = set()
        self._after: dict[tuple[int, ...], set[int]] = {}
        for ids in runs:
            members.update(ids)
            for stop in range(1, len(ids)):
                for length in range(1, min(ORDER, stop) + 1):
                    self._after.setdefault(tuple(ids[stop - length : stop]), set()).add(ids[stop])
        self.members = _array(self.own | members)

    def favoured(self, left: Sequence[int]) -> NDArray[np.int64]:
        """[K] tokens that may follow ``left``, the fixed tokens of the value so far."""
        for length in range(min(ORDER, len(left)), 0, -1):
            found = self._after.get(tuple(left[len(left) - length :]))
            if found is not None:
                return _array(self.own | found)
        return self.members


@dataclass(frozen=True, eq=False, slots=True)
class Weighting:
    """The preferences of one row.

    Attributes:
        preferences: the weights.
        vocabulary: of the logits.
        silent: [E] int64, tokens that may stand in a slot without leaving text (end, pad, filler).
        source: text to copy from.
    """

    preferences: Preferences
    vocabulary: Vocabulary
    silent: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    source: Source | None = None

    def added(self, logits: Any, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> Any:
        """``logits`` [N, V] with the weights added in free slots; cost O(N V) for the copy, O(1) without preferences.

        ``tokens``, ``free``: [N], the canvas the logits are of.
        """
        wanted = self.preferences
        if not wanted:
            return logits
        changed = logits.clone()
        slots = np.flatnonzero(free)
        if wanted.length_bonus and len(self.silent):
            changed[:, _to(self.silent, changed)] -= wanted.length_bonus
        if wanted.null_bias:
            null = _null(self.vocabulary)
            at = slots[[_may_start_value(self.vocabulary, tokens, free, int(slot)) for slot in slots]]
            if null is not None and len(at):
                changed[_to(at, changed), null] += wanted.null_bias
        if wanted.copy_bias and self.source is not None:
            for slot in slots:
                favoured = self.source.favoured(self._left(tokens, free, int(slot)))
                changed[int(slot), _to(favoured, changed)] += wanted.copy_bias
        return changed

    def _left(self, tokens: NDArray[np.int64], free: NDArray[np.bool_], slot: int) -> list[int]:
        """The fixed tokens right before ``slot``, ``ORDER`` at most, back to where the value begins."""
        found: list[int] = []
        while slot > 0 and len(found) < ORDER and not free[slot - 1]:
            slot -= 1
            token = int(tokens[slot])
            if b'"' in self.vocabulary.bytes(token):
                break
            found.append(token)
        return found[::-1]


@lru_cache(maxsize=8)
def tokens_with_quotes(vocabulary: Vocabulary) -> NDArray[np.bool_]:
    """[V] whether a token holds a quote, as keys and strings of JSON begin and end; cost O(V) once a vocabulary."""
    return np.array([b'"' in vocabulary.bytes(token) for token in range(len(vocabulary))], np.bool_)


@lru_cache(maxsize=8)
def _null(vocabulary: Vocabulary) -> int | None:
    """The token that spells ``null``, if there is one."""
    try:
        ids = vocabulary.encode(b"null")
    except InputError:
        return None
    return ids[0] if len(ids) == 1 else None


def _may_start_value(vocabulary: Vocabulary, tokens: NDArray[np.int64], free: NDArray[np.bool_], slot: int) -> bool:
    """Whether nothing speaks against a value beginning in the slot: what stands to its left ends like a key does."""
    if slot == 0 or free[slot - 1]:
        return True
    before = vocabulary.bytes(int(tokens[slot - 1])).rstrip()
    return before[-1:] in (b"", b":", b"[", b",")


def _array(ids: Collection[int]) -> NDArray[np.int64]:
    return np.array(sorted(ids), dtype=np.int64)


def _to(ids: NDArray[np.int64], like: Any) -> Any:
    import torch

    return torch.from_numpy(ids).to(like.device)
