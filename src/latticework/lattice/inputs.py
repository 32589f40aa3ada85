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


def is_tensor(value: Any) -> bool:
    """Whether a value is a torch tensor, without importing torch."""
    return type(value).__module__.partition(".")[0] == "torch"


def is_on_device(values: Any) -> bool:
    """Whether a value is a tensor outside the host's memory."""
    return is_tensor(values) and values.device.type != "cpu"
