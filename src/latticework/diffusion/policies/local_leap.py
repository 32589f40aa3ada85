"""A lower threshold near slots that are sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_count, check_probability, most_confident


@dataclass(frozen=True, slots=True)
class LocalLeap(Policy):
    """Commit the anchors, those with confidence of at least ``threshold``, and, within ``radius`` slots of an anchor,
    every slot with at least ``relaxed``; always the most confident one.

    Kong et al., "Accelerating Diffusion LLM Inference via Local Determinism Propagation", arXiv 2510.07081; the rule
    and its defaults are taken from a third party's port, the authors' code was not seen. ``fixed_anchors`` takes fixed
    slots of the canvas for anchors, too, which is not published: structure that the constraint has decided is as
    certain.
    """

    threshold: float = 0.9
    relaxed: float = 0.75
    radius: int = 4
    fixed_anchors: bool = False

    def _check(self) -> None:
        check_probability("threshold", self.threshold)
        check_probability("relaxed", self.relaxed)
        check_count("radius", self.radius, 0)

    def select(self, view: View) -> NDArray[np.bool_]:
        anchors = view.slots[view.confidence >= self.threshold]
        if self.fixed_anchors and view.whole is not None:
            anchors = np.union1d(anchors, np.flatnonzero(~view.whole.free))
        near = (np.abs(view.slots[:, None] - anchors[None, :]) <= self.radius).any(axis=1)
        sure = view.confidence >= np.where(near, self.relaxed, self.threshold)
        return sure | most_confident(view.confidence, 1)
