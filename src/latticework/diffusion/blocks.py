"""How far a block reaches: over what the model is sure of anyway.

Blocks of one length for all texts are too long where the model guesses and too short where it copies a name. AdaBlock
(Lu et al., arXiv 2509.26432) lets the confidence of the rows say where a block ends; here the rows have to be sure of
every token, and the tokens have to go together under the constraint: the first that the model is not sure of, or that
the constraint rules out, makes rows behind it guesses.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def reach(session: Any, logits: Any, free: NDArray[np.bool_], least: float) -> int:
    """The slot behind the last one that the model alone is sure of, counted from the first open one without a gap.

    Args:
        session: says how many of these tokens fit, from the first on, by ``fitting(slots, tokens)``.
        logits: [N, V].
        free: [N], at least one of them.
        least: probability that a token has to have more than.

    Cost: one pass over the rows from the first open slot on, then a lattice pass where they are sure; logarithmically
    many where the constraint rules some of them out.
    """
    import torch

    slots = np.flatnonzero(free)
    rows = logits[torch.from_numpy(slots).to(logits.device)].float()
    highest, tokens = rows.max(dim=-1)
    sure = (highest - rows.logsumexp(dim=-1)).exp() > least
    found = torch.stack((sure, tokens.to(torch.int64))).cpu().numpy()  # one copy
    count = int(np.append(found[0] == 0, True).argmax())
    if count:
        count = session.fitting(slots[:count], found[1, :count])
    return int(slots[count]) if count < len(slots) else len(free)
