"""Distributions over tokens behind a row's confidences: the model's own rows, or those conditioned on validity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


class Scores:
    """Log-probabilities of a canvas of N slots over V tokens, read where they are. Base: softmax of the logits."""

    def __init__(self, logits: torch.Tensor) -> None:
        self._logits = logits

    def log_probs(self, slots: NDArray[np.int64]) -> torch.Tensor:
        """[n, V] float32 of some slots; cost O(n V)."""
        return self._logits[_index(slots, self._logits.device)].float().log_softmax(dim=-1)

    def top(
        self, slots: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Of some slots: largest probability, its token, second largest probability, gap of the two in nats; [n] each.

        The gap is infinite where only one token is possible.
        """
        values, tokens = self.log_probs(slots).topk(2, dim=-1)
        first, second = values.double().cpu().numpy().T if len(slots) else np.zeros((2, 0))
        gap = np.where(np.isneginf(second), np.inf, first - np.where(np.isneginf(second), 0.0, second))
        return np.exp(first), tokens[:, 0].cpu().numpy(), np.exp(second), gap

    def probability(self, slots: NDArray[np.int64], tokens: NDArray[np.int64]) -> NDArray[np.float64]:
        """[n] probability of one token in each slot."""
        rows = self.log_probs(slots)
        return rows.gather(1, _index(tokens, rows.device)[:, None])[:, 0].double().exp().cpu().numpy()

    def entropy(self, slots: NDArray[np.int64]) -> NDArray[np.float64]:
        """[n] nats."""
        import torch

        return torch.special.entr(self.log_probs(slots).double().exp()).sum(dim=-1).cpu().numpy()


class MarginalScores(Scores):
    """The same, conditioned on the canvas being valid: marginals of a session; computed when first asked for."""

    def __init__(self, logits: torch.Tensor, session: Any, stop: int | None = None) -> None:
        super().__init__(logits)
        self._session = session
        self._horizon = {} if stop is None else {"stop": stop}
        self._marginals: Any = None

    def log_probs(self, slots: NDArray[np.int64]) -> torch.Tensor:
        marginals = self._marginals
        if marginals is None:
            marginals = self._marginals = self._session.marginals(self._logits, **self._horizon)
        return marginals[_index(slots, marginals.device)]


def scores_under(session: Any, logits: torch.Tensor, stop: int | None = None) -> Scores:
    """Marginals where the session computes them (regular constraints, no constraint), else the model's own rows.

    ``stop``: slot from which on logits are no evidence, for a session that knows of that.
    """
    return MarginalScores(logits, session, stop) if hasattr(session, "marginals") else Scores(logits)


def _index(values: NDArray[np.int64], device: Any) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int64)).to(device)
