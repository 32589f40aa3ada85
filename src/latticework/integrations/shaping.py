"""A valid filling said in logits, to samplers that look at nothing else.

The rows are replaced by the distributions the model has *given that the document will be valid*, and in every slot the
token of one jointly valid filling is lifted just above the rest. Whoever keeps the likeliest token of every slot then
keeps that filling, while entropies, draws and self-conditioning still see how sure the model is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError, ModelError
from latticework.lattice.arranged.constraint import ArrangedConstraint
from latticework.lattice.block import BlockProposal, BlockSession
from latticework.lattice.chart.block import BlockFilling, ContextFreeBlockSession
from latticework.lattice.chart.constraint import ContextFreeConstraint

if TYPE_CHECKING:
    import torch

    from latticework.compiler import AnyConstraint
    from latticework.tokens.vocabulary import Vocabulary

AnyBlockSession: TypeAlias = BlockSession | ContextFreeBlockSession

# How far the token of the filling stands above all others of its slot, nats. Every float type tells numbers of this
# size from 0, and no temperature turns the order round.
LEAD = 0.01
_LARGEST = 3e38  # stands for infinity; finite so that differences are defined


def block_session(constraint: AnyConstraint, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> AnyBlockSession:
    """A session that is asked block by block; raises what ``constraint.session`` raises.

    Of a language with members in any order, it is one on the part that an automaton holds.
    """
    if isinstance(constraint, ArrangedConstraint):
        constraint = constraint.in_few_orders
    if isinstance(constraint, ContextFreeConstraint):
        return ContextFreeBlockSession(constraint, tokens, free)
    return BlockSession(constraint, tokens, free)


class Shaper:
    """What one vocabulary has to do with shaping: its end tokens.

    Attributes:
        ends: [.] end tokens.
        filler: the one that stands behind the first.

    Raises ``InputError`` when the vocabulary has no end token.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        if not len(vocabulary.end_tokens):
            raise InputError(
                "the vocabulary has no end token, so nothing could stand behind a document: build it with "
                'special={id: "eos"} or, from a tokenizer, end_ids=[...]'
            )
        self.vocabulary = vocabulary
        self.ends = vocabulary.end_tokens
        self.filler = int((vocabulary.ids("pad") or vocabulary.end_tokens.tolist())[-1])
        self._stops = np.array(vocabulary.ids("eos"), np.int64)

    def body(self, tokens: NDArray[np.int64]) -> int:
        """How many tokens stand before the first end token."""
        is_end = np.isin(tokens, self.ends)
        return int(np.argmax(is_end)) if is_end.any() else len(tokens)

    def text(self, tokens: NDArray[np.int64], constraint: AnyConstraint | None) -> bytes:
        """The document in the tokens of a whole canvas.

        Raises:
            InputError: it is not in the language.
        """
        found = self.vocabulary.decode(tokens[: self.body(tokens)])
        if constraint is not None and not constraint.accepts(found):
            raise InputError(
                f"the tokens are no document of the constraint: {found[:200]!r}; either fewer canvases or steps were "
                "denoised than was said, or something changed the logits or the tokens afterwards"
            )
        return found

    def propose(self, session: AnyBlockSession, scores: torch.Tensor, first: int) -> BlockProposal | BlockFilling:
        """A filling of the block at ``first`` for logits [C, V], which are checked.

        End tokens are all the same to the constraint, so the likeliest of those that stop generation comes first in the
        tail, and padding behind it: were that to change from step to step, the canvas would never be stable.

        Raises:
            InputError: the shape does not fit.
            ModelError: the model returned NaN.
        """
        if scores.ndim != 2 or scores.shape[1] != len(self.vocabulary):
            expected = f"[slots, {len(self.vocabulary)}]"
            raise InputError(f"logits have shape {tuple(scores.shape)}, expected {expected}")
        if bool(scores.amax().isnan()):  # no temporary of their size
            raise ModelError("the model returned NaN for this row")
        found = session.propose_block(scores, first)
        place = self.body(found.tokens)
        if place < len(found.tokens):
            found.tokens[place:] = self.filler
            if len(self._stops):
                found.tokens[place] = self._stops[int(scores[place, index(self._stops, scores)].argmax())]
        return found

    def shape(self, found: BlockProposal | BlockFilling, scores: torch.Tensor) -> torch.Tensor:
        """[C, V] logits of the type and on the device of ``scores`` [C, V] that say ``found``.

        The largest of a row is 0 and stands alone; tokens that are out of the question have -inf.
        """
        result = certain(found.tokens, scores)
        if len(found.rows):
            rows = index(found.rows, scores)
            own = index(found.tokens[found.rows], scores)[:, None]
            odds = _odds(found, scores, rows, own)
            self._merge_ends(odds, own, int(np.searchsorted(found.rows, self.body(found.tokens))))
            result[rows] = odds.clamp_(max=-LEAD).scatter_(1, own, 0.0).to(scores.dtype)
        return result

    def _merge_ends(self, odds: torch.Tensor, own: torch.Tensor, place: int) -> None:
        """Which end token stands in the tail, from row ``place`` on, is no question: one has the odds of all."""
        import torch

        ends = index(self.ends, odds)
        together = odds[place:, ends].logsumexp(dim=1, keepdim=True)
        odds[place:, ends] = -torch.inf
        odds[place:] -= together.clamp_min(0.0)
        odds[place:].scatter_(1, own[place:], 0.0)


def certain(tokens: NDArray[np.int64], scores: torch.Tensor) -> torch.Tensor:
    """Logits [C, V], like ``scores``, that leave every slot one token."""
    import torch

    return torch.full_like(scores, -torch.inf).scatter_(1, index(tokens, scores)[:, None], 0.0)


def index(values: NDArray[np.integer[Any]], like: torch.Tensor) -> torch.Tensor:
    """Integers as a tensor on the device of another."""
    import torch

    return torch.from_numpy(np.asarray(values, np.int64)).to(like.device)


def _odds(
    found: BlockProposal | BlockFilling, scores: torch.Tensor, rows: torch.Tensor, own: torch.Tensor
) -> torch.Tensor:
    """[n, V] float32 of the free slots: exact under a regular constraint.

    Under a context-free one only the filling is known. A slot that holds the model's likeliest token keeps the model's
    row, without the tokens that no text of the language has. Elsewhere the constraint has overruled the model, and only
    tokens that are known to fit remain: those that are interchangeable with the one of the filling.
    """
    import torch

    if isinstance(found, BlockProposal):
        assert isinstance(found.log_odds, torch.Tensor)
        return found.log_odds
    values = scores[rows].float().clamp_(-_LARGEST, _LARGEST)
    values -= values.gather(1, own)
    kind = torch.from_numpy(found.kind).to(values.device)
    overruled = (values > 0).any(dim=1).nonzero()[:, 0]
    values.masked_fill_(kind < 0, -torch.inf)
    others = kind != kind[own[overruled]]
    values[overruled] = values[overruled].masked_fill_(others, -torch.inf)
    return values.clamp_(max=0.0)
