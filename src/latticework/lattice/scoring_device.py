"""Logits that are not in the host's memory: reduced where they are, and only small results copied.

The likeliest filling takes one copy, of the class statistics with the likeliest token of every class; a sample takes
one more, of the tokens drawn and their logits.
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.reduction import GAP_LIMIT, DeviceTable, Reduction, to_host, upload
from latticework.lattice.scoring import ClassScores, ClassTable, Logits, clamped

if TYPE_CHECKING:
    import torch

_LOGITS_AT_ONCE = 1 << 21  # 16 MB of float64, and a few temporary tensors of that size
HAS_TRITON = find_spec("triton") is not None


class DeviceLogits(Logits):
    """The rows of free slots of a ``[N, V]`` tensor on any device; on CUDA with Triton each logit is read once."""

    def __init__(self, logits: torch.Tensor, free: NDArray[np.bool_], table: ClassTable) -> None:
        self.table = table
        self.rows = np.flatnonzero(free)
        self.source = logits.detach()
        self.largest = np.zeros(len(self.rows), np.float32)
        self._device = logits.device
        self._own_rows = upload(self.rows.astype(np.int64), self._device)
        self._copy = _on_device(table, self._device)
        self._reduction: Reduction | None = None
        self._arrived: dict[tuple[bool, float], NDArray[np.float32]] = {}
        self._nearest: tuple[NDArray[np.int32], NDArray[np.float32], float] | None = None
        self._taken: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None

    def reduce(self, *, means: bool = False, temperature: float = 1.0) -> Reduction:
        """Class statistics of all rows, left on the device; nothing waits for it."""
        scale = float(np.float32(1 / temperature))
        reduce_rows = _implementation(self.source)
        found = reduce_rows(self.source, self._own_rows, self._copy, self.table.classes, scale, means)
        self._reduction = found
        return found

    def kinds_of(self, tokens: torch.Tensor) -> torch.Tensor:
        """[n] int64 classes of tokens, on the device."""
        return self._copy.kind[tokens]

    def receive(self, numbers: NDArray[np.float32], *, means: bool, temperature: float) -> None:
        """Take the buffer of a reduction, on the host, for the next :meth:`classes` of the kind."""
        self._arrived[means, temperature] = numbers

    def classes(self, *, sums: bool, means: bool = False, temperature: float = 1.0) -> ClassScores:
        count, kinds = len(self.rows), self.table.classes
        numbers = self._arrived.pop((means, temperature), None)
        if numbers is None:
            numbers = to_host(self.reduce(means=means, temperature=temperature).buffer)
        heads, tables = np.split(numbers, [3 * count])
        high, low, self.largest = heads.reshape(3, count)
        least, mass, *mean, near = tables.reshape((4 if means else 3, count, kinds))
        self._nearest = near.view(np.int32), least, temperature
        normaliser = high.astype(np.float64) + low
        return ClassScores(least, mass if sums else None, mean[0] if means else None, normaliser)

    def closest(self, kinds: NDArray[np.int32]) -> NDArray[np.int64]:
        if self._nearest is None:
            raise RuntimeError("closest() before classes()")
        near, least, temperature = self._nearest
        each = np.arange(len(kinds))
        self._taken = near[each, kinds].astype(np.int64), least[each, kinds].astype(np.float64) * temperature
        return self._taken[0].copy()

    def draw(self, kinds: NDArray[np.int32], temperature: float, generator: np.random.Generator) -> NDArray[np.int64]:
        return self._take(self.drawn(upload(kinds.astype(np.int64), self._device), temperature, generator))

    def drawn(self, wanted: torch.Tensor, temperature: float, generator: np.random.Generator) -> torch.Tensor:
        """:meth:`draw` for classes [n] int64 on the device; the tokens stay there."""
        import torch

        if self._reduction is None:
            raise RuntimeError("draw() before classes()")
        wide = self._wide
        count = len(wanted)
        uniform = upload(generator.random(count), self._device) if wide == torch.float64 else None
        if uniform is None:
            uniform = upload(generator.random(count).astype(np.float32), self._device)
        largest = self._reduction.largest
        chosen = torch.empty(count, dtype=torch.int64, device=self._device)
        at_once = max(1, _LOGITS_AT_ONCE // len(self.table.kind))
        for first in range(0, count, at_once):
            some = slice(first, first + at_once)
            member = self._copy.kind == wanted[some, None]
            gap = _gap(largest[some, None].to(wide), self.source[self._own_rows[some]].to(wide))
            gap = torch.where(member, gap / temperature, torch.inf)
            chances = torch.exp(gap.amin(1, keepdim=True) - gap).cumsum_(1)
            target = uniform[some, None] * chances[:, -1:]
            # Tokens of a class ascend, and other tokens add nothing: the first sum above the target is a member's.
            at = torch.searchsorted(chances, target, right=True)[:, 0]
            chosen[some] = torch.minimum(at, self._copy.last[wanted[some]])
        return chosen

    def gaps(self, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
        if self._taken is None or not np.array_equal(tokens, self._taken[0]):
            self._take(upload(np.asarray(tokens, np.int64), self._device))
        assert self._taken is not None
        return self._taken[1].copy()

    def expand(self, log_ratio: NDArray[np.float32]) -> torch.Tensor:
        return self.expanded(upload(log_ratio, self._device))

    def expanded(self, log_ratio: torch.Tensor) -> torch.Tensor:
        """:meth:`expand` for a tensor of the device."""
        if self._reduction is None:
            raise RuntimeError("expand() before classes()")
        gap = _gap(self._reduction.largest[:, None], self.source[self._own_rows].float())
        return log_ratio[:, self._copy.kind].sub_(gap)

    @property
    def _wide(self) -> torch.dtype:
        """The widest float type of the device."""
        import torch

        return torch.float32 if self._device.type == "mps" else torch.float64

    def _take(self, tokens: torch.Tensor) -> NDArray[np.int64]:
        """Token i of row i to the host, and its logit with it; token ids are exact in float32."""
        import torch

        values = self.source[self._own_rows, tokens].to(self._wide)
        ids, logits = to_host(torch.stack((tokens.to(self._wide), values)))
        self._taken = ids.astype(np.int64), clamped(self.largest, logits.astype(np.float64))
        return self._taken[0].copy()


def _on_device(table: ClassTable, device: torch.device) -> DeviceTable:
    """The copy of a table on a device; made once."""
    key = str(device)
    found = table.copies.get(key)
    if found is None:
        found = table.copies.setdefault(key, DeviceTable.of(table, device))
    return found


def _implementation(logits: torch.Tensor) -> Any:
    """``reduce_rows`` by Triton where it can be, else by torch operations."""
    import torch

    served = HAS_TRITON and logits.is_cuda and logits.dtype in (torch.float32, torch.bfloat16, torch.float16)
    if served and triton_works(logits.device, logits.dtype):
        from latticework.lattice.reduction_triton import reduce_rows
    else:
        from latticework.lattice.reduction_torch import reduce_rows
    return reduce_rows


@cache
def triton_works(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether the kernels compile and run here, which takes a C compiler; tried once, and a failure is a warning."""
    import torch

    kind = np.zeros(8, np.int32)
    label = np.zeros(1, np.int32)
    table = ClassTable(kind, 0, 0, label, label)
    try:
        from latticework.lattice.reduction_triton import reduce_rows

        rows = torch.zeros(1, dtype=torch.int64, device=device)
        found = reduce_rows(
            torch.zeros((1, 8), dtype=dtype, device=device), rows, DeviceTable.of(table, device), 1, 1.0, False
        )
        return to_host(found.mass).item() == 8
    except Exception as error:
        message = f"Triton does not run here ({error}); logits are reduced by torch operations, which is slower"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
        return False


def _gap(largest: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return (largest - values).nan_to_num_(nan=GAP_LIMIT).clamp_(0, GAP_LIMIT)
