"""Early positions first, and tokens that say more than average."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_count, check_not_negative
from latticework.diffusion.policies.schedule import even_quota, highest
from latticework.errors import InputError


@dataclass(frozen=True, slots=True)
class PCSampler(Policy):
    """Low-confidence decoding by the score ``exp(-decay pos) min(-c log(f(x0) + 1e-9), alpha)``.

    ``pos`` counts from the start of the canvas, f is the background frequency of the token that the completion has.
    Huang et al., "PC-Sampler: Position-Aware Calibration of Decoding Bias in Masked Diffusion Models", arXiv
    2508.13021, and the authors' code: decay 0.25 (0 for sudoku, 0.5 for countdown), alpha 10. Their table of
    frequencies is made for one vocabulary; here ``background`` names a JSON file with a list of V frequencies or an
    object {token id: frequency} (0 for ids that are missing). *Approximated* without one: all tokens are equally
    frequent, which leaves position and confidence.
    """

    steps: int | None = None
    decay: float = 0.25
    alpha: float = 10.0
    background: str | None = None

    def _check(self) -> None:
        check_count("steps", self.steps)
        check_not_negative("decay", self.decay)
        check_not_negative("alpha", self.alpha)
        if self.background is not None:
            read_frequencies(self.background)

    def select(self, view: View) -> NDArray[np.bool_]:
        assert view.whole is not None
        tokens = view.whole.draft[view.slots]
        if self.background is None:
            frequency = np.full(len(tokens), 1.0 / len(view.whole.is_end))
        else:
            table = read_frequencies(self.background)
            frequency = np.array([table.get(token, 0.0) for token in tokens.tolist()])
        content = np.minimum(-view.confidence * np.log(frequency + 1e-9), self.alpha)
        return highest(np.exp(-self.decay * view.slots) * content, even_quota(view, self.steps))


@lru_cache(maxsize=8)
def read_frequencies(file: str) -> dict[int, float]:
    """Frequencies by token id; ``InputError`` when the file cannot be read or holds something else."""
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
        pairs = found.items() if isinstance(found, dict) else enumerate(found)
        return {int(token): float(frequency) for token, frequency in pairs}
    except (OSError, TypeError, ValueError) as error:
        raise InputError(f"cannot read background frequencies from {file}: {error}") from None
