"""What would make the host wait for a device, caught where torch is asked for it, on tensors of the host."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from latticework.lattice import reduction, scoring_device

READS = ("cpu", "item", "tolist", "numpy", "nonzero", "__bool__", "__int__", "__float__", "__index__", "unique")
WAITS = ("aten._local_scalar_dense", "aten.nonzero", "aten.masked_select", "aten.unique", "aten._unique2")


class Inline:
    """A pool that works in the thread that asks, where modes of torch see it."""

    def __init__(self, *given, **more) -> None:
        self.map = map

    def submit(self, action) -> Future:
        done = Future()
        done.set_result(action())
        return done

    def shutdown(self) -> None:
        pass


class Reads(TorchFunctionMode):
    """Counts what brings values of a tensor to the host, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name in READS:
            self.found[name] += 1
        return func(*args, **(kwargs or {}))


class Waits(TorchDispatchMode):
    """Counts operations whose results or shapes the host has to know."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = str(func).rsplit(".", 1)[0]
        masks = name in ("aten.index", "aten.index_put", "aten.index_put_") and any(
            own is not None and own.dtype in (torch.bool, torch.uint8) for own in args[1]
        )
        if name in WAITS or masks:
            self.found[name] += 1
        return func(*args, **(kwargs or {}))


def counted_copies(monkeypatch) -> list[int]:
    """Every copy to the host, by its number of values; reading what has been copied is free."""
    copies: list[int] = []

    def to_host(values: torch.Tensor) -> np.ndarray:
        copies.append(values.numel())
        return np.from_dlpack(values.contiguous())

    for module in (reduction, scoring_device):
        monkeypatch.setattr(module, "to_host", to_host)
    return copies
