"""Views of a row made by hand."""

from __future__ import annotations

import numpy as np
import torch

from latticework.diffusion.policies.contract import Canvas, View, Whole, Written
from latticework.diffusion.scores import Scores

END = 0  # the one end token of these vocabularies


def canvas(slots: int = 8, seed: int = 0) -> Canvas:
    return Canvas(slots, slots, np.random.default_rng(seed))


def view(
    confidence,
    entropy=None,
    step=0,
    remaining=None,
    window=None,
    size=None,
    margin=None,
    rows=None,
    draft=None,
    free=None,
    slots=None,
    limit=None,
    total=None,
) -> View:
    """A view of all slots, or of ``slots``; ``rows`` [N, V] are probabilities of constrained and model scores alike."""
    count = len(confidence)
    size = count if size is None else size
    rows = np.full((size, 4), 0.25) if rows is None else np.asarray(rows, dtype=np.float64)
    own = np.arange(count) if slots is None else np.asarray(slots)
    scores = Scores(torch.from_numpy(rows).log())
    whole_confidence = np.ones(size)
    whole_confidence[own] = confidence
    is_end = np.zeros(rows.shape[1], dtype=bool)
    is_end[END] = True
    whole = Whole(
        draft=np.full(size, 1) if draft is None else np.asarray(draft),
        free=np.isin(np.arange(size), own) if free is None else np.asarray(free, dtype=bool),
        confidence=whole_confidence,
        is_end=is_end,
        total=size if total is None else total,
        limit=size if limit is None else limit,
        model=scores,
    )
    return View(
        slots=own,
        confidence=np.array(confidence, dtype=np.float64),
        entropy=None if entropy is None else np.array(entropy, dtype=np.float64),
        step=step,
        remaining=count if remaining is None else remaining,
        window=size if window is None else window,
        canvas=size,
        margin=None if margin is None else np.array(margin, dtype=np.float64),
        whole=whole,
        scores=scores,
    )


def written(confidence, fresh=None, verified=None, slots=None) -> Written:
    count = len(confidence)
    return Written(
        slots=np.arange(count) if slots is None else np.asarray(slots),
        tokens=np.ones(count, dtype=np.int64),
        confidence=np.array(confidence, dtype=np.float64),
        fresh=np.zeros(count, dtype=bool) if fresh is None else np.asarray(fresh, dtype=bool),
        verified=np.full(count, np.nan) if verified is None else np.array(verified, dtype=np.float64),
    )
