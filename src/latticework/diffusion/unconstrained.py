"""Plain masked-diffusion decoding of a row without a constraint, behind the questions a session answers.

Every slot is decided on its own, as the model's authors do it. The only rule is the tail: once an end token stands in
a slot with nothing open before it, the slots after it are filled and whatever they held is not part of the text. A
canvas with holes has no tail; fillers in it leave no text and end nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError
from latticework.lattice.path import Proposal

if TYPE_CHECKING:
    from latticework.tokens.vocabulary import Vocabulary


@lru_cache(maxsize=8)
def _token_kinds(vocabulary: Vocabulary) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """([V] may be sampled, [V] ends the text)."""
    end = np.zeros(len(vocabulary), dtype=np.bool_)
    end[vocabulary.end_tokens] = True
    text = np.fromiter((bool(vocabulary.bytes(i)) for i in range(len(vocabulary))), dtype=np.bool_, count=len(end))
    return text | end, end


class FreeSession:
    """One canvas without a constraint. Same questions as :class:`latticework.lattice.session.Session`."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        tokens: NDArray[np.int64],
        free: NDArray[np.bool_],
        tail: bool,
        elastic: bool = False,
    ) -> None:
        allowed, end = _token_kinds(vocabulary)
        self.tokens = np.array(tokens, dtype=np.int64)
        self.free = np.array(free, dtype=np.bool_)
        self._end = end if tail else np.zeros_like(end)
        self._allowed = allowed if tail else allowed & ~end
        if elastic:
            if vocabulary.filler < 0:
                raise InputError("the vocabulary has no token that may stand for a slot without text")
            self._allowed = self._allowed.copy()
            self._allowed[vocabulary.filler] = True
        self._filler = int(vocabulary.end_tokens[-1]) if len(vocabulary.end_tokens) else -1

    def prepare(self) -> None:
        """Nothing to compute ahead of the logits."""

    def forced(self) -> dict[int, int]:
        """The open slots after an end token with nothing open before it."""
        settled = ~self.free & self._end[self.tokens]
        if not settled.any():
            return {}
        first = int(settled.argmax())
        if self.free[:first].any():
            return {}
        return {int(slot): self._filler for slot in np.flatnonzero(self.free) if slot > first}

    def commit(self, tokens: Mapping[int, int]) -> None:
        for slot, token in tokens.items():
            self.tokens[slot] = token
            self.free[slot] = False

    def retract(self, slots: Iterable[int]) -> None:
        self.free[list(slots)] = True

    def fitting(self, slots: NDArray[np.int64], tokens: NDArray[np.int64]) -> int:
        """As :meth:`.Session.fitting`."""
        return int(np.append(~self._allowed[tokens], True).argmax())

    def marginals(self, logits: Any) -> Any:
        """[N, V] float32 log-probabilities of the tokens that may be chosen; -inf for all others."""
        barred = ~self._torch_allowed(logits.device)
        return logits.float().masked_fill(barred, float("-inf")).log_softmax(dim=-1)

    def _torch_allowed(self, device: Any) -> Any:
        import torch

        return torch.from_numpy(self._allowed).to(device)

    def propose(self, logits: Any, temperature: float = 0.0, generator: Any = None, entropy: bool = False) -> Proposal:
        """Per slot the likeliest token, or a draw; cost O(N V). ``logits`` [N, V] torch, any float dtype."""
        import torch

        open_slots = np.flatnonzero(self.free)
        rows = logits[torch.from_numpy(open_slots).to(logits.device)].float()
        rows = rows.masked_fill_(~self._torch_allowed(rows.device), float("-inf"))
        chosen = _draw(rows, temperature, generator) if temperature > 0 else rows.argmax(dim=-1)
        normaliser = rows.logsumexp(dim=-1)
        found = [chosen.float(), rows.gather(1, chosen[:, None])[:, 0] - normaliser]  # token ids are exact in float32
        if entropy:
            log_p = rows - normaliser[:, None]
            found.append(torch.special.entr(log_p.exp()).sum(dim=-1))
        ids, picked, *spread = torch.stack(found).cpu().double().numpy()  # one copy
        tokens = self.tokens.copy()
        tokens[open_slots] = ids
        confidence = np.ones(len(tokens))
        confidence[open_slots] = np.exp(picked)
        entropies = None
        if entropy:
            entropies = np.zeros(len(tokens))
            entropies[open_slots] = spread[0]
        return Proposal(
            tokens=tokens,
            log_prob=float(picked.sum()),
            confidence=confidence,
            entropy=entropies,
            log_z=0.0,
            tail=self._end[tokens],
        )


def _draw(rows: Any, temperature: float, generator: np.random.Generator) -> Any:
    """[K] int64: one token per row of ``rows`` [K, V], by inverting the cumulative distribution in float64."""
    import torch

    cumulative = torch.softmax(rows.double() / temperature, dim=-1).cumsum(dim=-1)
    total = cumulative[:, -1:]
    points = torch.from_numpy(generator.random(len(rows))).to(rows.device)[:, None] * total
    below_total = torch.minimum(points, torch.nextafter(total, torch.zeros_like(total)))
    return torch.searchsorted(cumulative, below_total, right=True)[:, 0]
