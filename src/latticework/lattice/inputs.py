"""What users hand to sessions, brought into one form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_array(values: Any, dtype: Any) -> NDArray[Any]:
    """A private copy as a NumPy array; tensors come to the host."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.array(values, dtype)
