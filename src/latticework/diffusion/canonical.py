"""Fillings that a tokenizer would have written: the canonical segmentation of their text.

A model was trained on texts as its tokenizer cuts them, so another cut of the same text is one it has hardly seen. For
byte-pair encodings a sequence is canonical exactly when every pair of neighbours is (Vieira et al., "Language Models
over Canonical Byte-Pair Encodings", arXiv 2506.07956); where a tokenizer cuts words before it merges bytes, or looks
ahead, the pairwise test is only nearly that, so whole texts are tested too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from latticework.lattice.path import Proposal
    from latticework.tokens.vocabulary import Vocabulary

TRIES = 12  # proposals of one step
_BARRED = 1e4  # nats; the lattice reads differences up to 1e5
_PAIRS_KEPT = 1 << 18


class Segmentation:
    """What a tokenizer makes of texts. Shareable between rows and threads; remembers the pairs it was asked for."""

    def __init__(self, vocabulary: Vocabulary, encode_text: Callable[[str], list[int]]) -> None:
        """
        Args:
            vocabulary: of the tokens.
            encode_text: token ids of a piece of text, nothing added.
        """
        self.vocabulary = vocabulary
        self._encode = encode_text
        self._pairs: dict[tuple[int, int], bool] = {}

    def is_canonical(self, tokens: Sequence[int]) -> bool:
        """Whether the tokenizer cuts the text of ``tokens`` into just these; False where they are no UTF-8 text."""
        ids = [int(token) for token in tokens]
        try:
            return list(self._encode(self.vocabulary.decode(ids).decode())) == ids
        except UnicodeDecodeError:
            return False

    def may_adjoin(self, left: int, right: int) -> bool:
        """Whether the tokenizer leaves two neighbours as they are. True for parts of a character, which only a whole
        text can tell. Cost: two short texts to encode when first asked."""
        pair = (left, right)
        found = self._pairs.get(pair)
        if found is None:
            data = self.vocabulary.decode(pair)
            try:
                found = list(self._encode(data.decode())) == list(pair)
            except UnicodeDecodeError:
                found = True
            if len(self._pairs) < _PAIRS_KEPT:
                self._pairs[pair] = found
        return found

    def seams(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> list[tuple[int, int]]:
        """Slots of neighbours, at least one of them free, that the tokenizer would cut in another way.

        Slots that leave no text do not part neighbours.
        """
        texts = [slot for slot, token in enumerate(tokens.tolist()) if self.vocabulary.bytes(token)]
        return [
            (left, right)
            for left, right in pairwise(texts)
            if (free[left] or free[right]) and not self.may_adjoin(int(tokens[left]), int(tokens[right]))
        ]


def propose_canonical(
    propose: Callable[[Any], Proposal], logits: Any, due: NDArray[np.bool_], segmentation: Segmentation
) -> tuple[Any, Proposal]:
    """The best proposal without seams that a few tries find, and the logits it was made of.

    After a proposal with seams, one token of each is barred in its slot (the right one where it is free) and the next
    proposal is asked for: with the other token fixed that loses nothing, else it may lose fillings, in this step only.
    Bars are weights, so where every filling has a seam the last proposal is returned with it.

    ``due`` [N]: open slots that may be committed now. Cost: one proposal for each try, and a copy of ``logits`` [N, V]
    where there is a seam.
    """
    proposal = propose(logits)
    seams = segmentation.seams(proposal.tokens, due)
    if not seams:
        return logits, proposal
    own = logits.clone()
    for _ in range(TRIES - 1):
        for left, right in seams:
            slot = right if due[right] else left
            own[slot, int(proposal.tokens[slot])] -= _BARRED
        proposal = propose(own)
        seams = segmentation.seams(proposal.tokens, due)
        if not seams:
            break
    return own, proposal
