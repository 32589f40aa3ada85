"""Paths of sessions that lead towards the model's tokens: what they propose, without the probabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from latticework.lattice.path import Path, Proposal


class Led(ABC):
    """A session whose fillings are near the model's tokens and not proved to be the likeliest."""

    @abstractmethod
    def propose(
        self,
        logits: Any,
        temperature: float = 0.0,
        generator: np.random.Generator | int | None = None,
        entropy: bool = False,
    ) -> Proposal:
        """A valid filling near the model's tokens, with the probabilities of its tokens."""

    def best(self, logits: Any) -> Path:
        """A valid filling that holds the model's most confident tokens as far as they fit together."""
        proposal = self.propose(logits)
        return Path(proposal.tokens, proposal.log_prob)

    def sample(self, logits: Any, generator: np.random.Generator | int | None = None, temperature: float = 1.0) -> Path:
        """Like :meth:`best`, towards tokens drawn at a temperature."""
        proposal = self.propose(logits, temperature, generator)
        return Path(proposal.tokens, proposal.log_prob)
