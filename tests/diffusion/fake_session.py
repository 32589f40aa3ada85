"""Brute-force canvas answers by enumerating every filling of a tiny canvas: the oracle of the loop's tests."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

import numpy as np
import torch

from latticework.errors import Infeasible
from latticework.lattice.path import Proposal
from latticework.tokens.vocabulary import Vocabulary

TOKENS = [b"", b"", b"", b"a", b"b", b"ab", b","]
MASK, EOS, PAD = 0, 1, 2
VOCABULARY = Vocabulary(TOKENS, {MASK: "mask", EOS: "eos", PAD: "pad"})
TEXT_IDS = [3, 4, 5, 6]


def document_of(tokens) -> bytes | None:
    """Bytes of a canvas ``text* end*``; ``None`` for any other canvas."""
    tokens = [int(t) for t in tokens]
    body = next((i for i, t in enumerate(tokens) if t in (EOS, PAD)), len(tokens))
    if any(t not in TEXT_IDS for t in tokens[:body]) or any(t not in (EOS, PAD) for t in tokens[body:]):
        return None
    return b"".join(TOKENS[t] for t in tokens[:body])


@lru_cache
def _valid_canvases(pattern: re.Pattern[bytes], slots: int, tail: bool) -> np.ndarray:
    ids = TEXT_IDS + ([EOS, PAD] if tail else [])
    documents = ((canvas, document_of(canvas)) for canvas in itertools.product(ids, repeat=slots))
    found = [canvas for canvas, text in documents if text is not None and pattern.fullmatch(text)]
    return np.array(found, dtype=np.int64).reshape(len(found), slots)


class BruteConstraint:
    """The language of a regular expression (Python ``re``, full match) over :data:`VOCABULARY`."""

    def __init__(self, pattern: str) -> None:
        self.pattern = re.compile(pattern.encode())
        self.vocabulary = VOCABULARY

    def accepts(self, text: bytes) -> bool:
        return self.pattern.fullmatch(text) is not None

    def holds(self, tokens) -> bool:
        text = document_of(tokens)
        return text is not None and self.accepts(text)

    def session(self, tokens, free, tail=True) -> BruteSession:
        return BruteSession(self, tokens, free, tail)


class BruteSession:
    def __init__(self, constraint: BruteConstraint, tokens, free, tail: bool) -> None:
        self.constraint = constraint
        self.tokens = np.array(tokens, dtype=np.int64)
        self.free = np.array(free, dtype=bool)
        self.tail = tail
        if not len(self._fillings()):
            raise Infeasible("no filling", slots=len(self.tokens))

    def _fillings(self) -> np.ndarray:
        """[M, N] every valid canvas that agrees with the fixed slots."""
        canvases = _valid_canvases(self.constraint.pattern, len(self.tokens), self.tail)
        return canvases[(canvases == self.tokens)[:, ~self.free].all(axis=1)]

    def prepare(self) -> None:
        pass

    def admissible(self) -> np.ndarray:
        mask = np.zeros((len(self.tokens), len(VOCABULARY)), dtype=bool)
        for canvas in self._fillings():
            mask[np.arange(len(canvas)), canvas] = True
        return mask

    def only_ends(self) -> bool:
        ends = np.isin(np.arange(len(VOCABULARY)), VOCABULARY.end_tokens)
        return not self.admissible()[self.free][:, ~ends].any()

    def forced(self) -> dict[int, int]:
        mask = self.admissible()
        return {int(i): int(mask[i].argmax()) for i in np.flatnonzero(self.free) if mask[i].sum() == 1}

    def commit(self, tokens) -> None:
        for slot, token in tokens.items():
            assert self.free[slot]
            self.tokens[slot], self.free[slot] = token, False
        if not len(self._fillings()):
            raise Infeasible("commit contradicts the constraint")

    def retract(self, slots) -> None:
        self.free[list(slots)] = True

    def propose(self, logits, temperature=0.0, generator=None, entropy=False):
        log_p = torch.log_softmax(torch.as_tensor(logits).double(), dim=-1).cpu().numpy()
        fillings = self._fillings()
        open_slots = np.flatnonzero(self.free)
        scores = log_p[open_slots, fillings[:, open_slots]].sum(axis=1)
        weights = np.exp(scores - scores.max())
        if temperature == 0:
            chosen = fillings[scores.argmax()]
        else:
            heat = np.exp((scores - scores.max()) / temperature)
            chosen = fillings[generator.choice(len(fillings), p=heat / heat.sum())]
        marginals = np.zeros((len(self.tokens), len(VOCABULARY)))
        for canvas, weight in zip(fillings, weights / weights.sum(), strict=True):
            marginals[np.arange(len(canvas)), canvas] += weight
        confidence = marginals[np.arange(len(chosen)), chosen]
        nats = -np.where(marginals > 0, marginals * np.log(np.where(marginals > 0, marginals, 1)), 0).sum(axis=1)
        return Proposal(
            tokens=chosen,
            log_prob=float(log_p[open_slots, chosen[open_slots]].sum()),
            confidence=confidence,
            entropy=nats if entropy else None,
            log_z=float(scores.max() + np.log(weights.sum())),
            tail=np.isin(chosen, [EOS, PAD]),
        )
