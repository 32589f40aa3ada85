"""A small network decides from the confidences around a slot whether its token is final."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_probability, most_confident
from latticework.errors import InputError

RADIUS = 16  # slots to either side whose confidences the filter sees
FEATURES = 2 * (2 * RADIUS + 1)


@dataclass(frozen=True, eq=False, slots=True)
class Filter:
    """Two layers over ``FEATURES`` numbers per slot: ``sigmoid(relu(x W1 + b1) w2 + b2)``.

    Attributes:
        hidden, hidden_bias: [FEATURES, H] and [H] float32.
        out, out_bias: [H] and [1] float32.
    """

    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    out: NDArray[np.float32]
    out_bias: NDArray[np.float32]

    def final(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """[K] probability that a token is final, from [K, FEATURES]; O(K FEATURES H)."""
        inner = np.maximum(features @ self.hidden + self.hidden_bias, 0.0)
        return 1.0 / (1.0 + np.exp(-(inner @ self.out + self.out_bias[0]).astype(np.float64)))

    def save(self, file: Path) -> None:
        """Write the weights as ``.npz``."""
        np.savez(file, **{name: getattr(self, name) for name in self.__slots__})


def features_of(confidence: NDArray[np.float64], free: NDArray[np.bool_], slots: NDArray[np.int64]) -> NDArray[Any]:
    """[K, FEATURES] float32: confidences of the slots around, and which of them are fixed.

    Fixed slots count as sure; what lies beyond the canvas has confidence 0 and is not fixed.
    """
    sure = np.pad(np.where(free, confidence, 1.0), RADIUS)
    fixed = np.pad((~free).astype(np.float64), RADIUS)
    around = slots[:, None] + np.arange(2 * RADIUS + 1)[None, :]
    return np.concatenate((sure[around], fixed[around]), axis=1).astype(np.float32)


@lru_cache(maxsize=8)
def load_filter(name: str) -> Filter:
    """A packaged filter (``"embedded"``) or one from a file; ``InputError`` when that is none."""
    packaged = files("latticework") / "models" / "embedded" / "weights" / "filter.npz"
    source = packaged if name == "embedded" else Path(name)
    try:
        with source.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            found = Filter(**{part: arrays[part] for part in Filter.__slots__})
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"cannot read a filter from {name}: {error}") from None
    if found.hidden.ndim != 2 or len(found.hidden) != FEATURES or found.out.shape != found.hidden_bias.shape:
        raise InputError(f"{name} holds no filter over {FEATURES} features")
    return found


@dataclass(frozen=True, slots=True)
class Learned(Policy):
    """Commit every slot that a trained filter takes for final with probability of at least ``threshold``; at least one.

    Bao et al., "Learning to Parallel: Accelerating Diffusion Large Language Models via Learnable Parallel Decoding"
    (Learn2PD), arXiv 2509.25188: a network of about 2,000 parameters over the confidences of a block says whether the
    token at hand equals the final one. *Approximated*, from the paper alone: ours sees 16 slots to either side, so that
    it fits any block, and which of them are fixed (about 2,200 parameters). The packaged filter ``"embedded"`` is
    trained on the constrained confidences of the embedded model by ``python -m
    latticework.models.embedded.training.filtering``, which trains one for another model, too; give its file as
    ``filter``. For other models the packaged one means little.
    """

    filter: str = "embedded"
    threshold: float = 0.9

    def _check(self) -> None:
        check_probability("threshold", self.threshold)
        load_filter(self.filter)

    def select(self, view: View) -> NDArray[np.bool_]:
        assert view.whole is not None
        features = features_of(view.whole.confidence, view.whole.free, view.slots)
        final = load_filter(self.filter).final(features)
        return (final >= self.threshold) | most_confident(final, 1)
