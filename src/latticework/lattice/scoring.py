"""Rows of logits to weights of token classes: with its device counterpart, all of the lattice that reads logits.

NumPy arrays and CPU tensors are reduced by a kernel that reads each row once; tensors on other
devices are reduced there (:mod:`latticework.lattice.scoring_device`). Logits are read as float32 and relative
to the largest of their row; what lies more than 1e5 below it (or is undefined) counts as 1e5 below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError
from latticework.lattice import kernels_scoring as kernels
from latticework.lattice.inputs import is_on_device, is_tensor
from latticework.tokens.automaton import TokenAutomaton

if TYPE_CHECKING:
    import torch

    from latticework.lattice.reduction import DeviceTable

_ROWS_AT_ONCE = 32  # rows converted at a time: 16 MB of float32 at 131k tokens
_GAP = float(kernels.MAX_GAP)


@dataclass(frozen=True, eq=False, slots=True)
class ClassTable:
    """Tokens by class. Behind the A classes of the automaton come the end tokens and all other tokens.

    Attributes:
        kind: [V] int32 class of every token, 0 .. A + 1.
        end, other: the two classes behind the automaton's.
        label_offset, label_class: classes of every label; the end label comes last.
        copies: the table on devices that had logits to reduce, by device.
    """

    kind: NDArray[np.int32]
    end: int
    other: int
    label_offset: NDArray[np.int32]
    label_class: NDArray[np.int32]
    copies: dict[str, DeviceTable] = field(default_factory=dict, repr=False)
    _sorted: list[tuple[NDArray[np.uint32], NDArray[np.int64]]] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, tokens: TokenAutomaton) -> ClassTable:
        """O(V)."""
        end, other = tokens.classes, tokens.classes + 1
        kind = np.where(tokens.class_of_token < 0, np.int32(other), tokens.class_of_token)
        kind[tokens.end_tokens] = end
        label_offset = np.append(tokens.label_offset, len(tokens.label_class) + 1).astype(np.int32)
        label_class = np.append(tokens.label_class, end).astype(np.int32)
        return cls(kind, end, other, label_offset, label_class)

    @property
    def order(self) -> NDArray[np.uint32]:
        """[V] tokens by class, ascending inside a class."""
        return self._by_class()[0]

    @property
    def offset(self) -> NDArray[np.int64]:
        """[A + 3] into ``order``."""
        return self._by_class()[1]

    def _by_class(self) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        if not self._sorted:
            order, offset = np.empty(len(self.kind), np.uint32), np.zeros(self.other + 2, np.int64)
            kernels.sort_by_class(self.kind, order, offset)
            self._sorted.append((order, offset))
        return self._sorted[0]

    @property
    def classes(self) -> int:
        return self.other + 1

    def members(self, kind: int) -> NDArray[np.uint32]:
        return self.order[self.offset[kind] : self.offset[kind + 1]]

    def sizes(self) -> NDArray[np.int64]:
        return np.diff(self.offset)


@dataclass(frozen=True, eq=False, slots=True)
class ClassScores:
    """Statistics of n rows by class; *gap* is the largest logit of the row minus a logit.

    Attributes:
        least: [n, A] float32 smallest gap; at least 1e30 for an empty class.
        mass: [n, A] float32 sum of exp(least - gap), or None.
        mean: [n, A] float32 mean gap under the softmax inside the class, or None.
        normaliser: [n] float64 log of the sum of exp(-gap) over the row.
    """

    least: NDArray[np.float32]
    mass: NDArray[np.float32] | None
    mean: NDArray[np.float32] | None
    normaliser: NDArray[np.float64]


class Logits:
    """The rows of free slots of a ``[N, V]`` array, or tensor on the CPU; :func:`open_logits` makes the right kind."""

    def __init__(self, logits: Any, free: NDArray[np.bool_], table: ClassTable) -> None:
        self.table = table
        self.rows = np.flatnonzero(free)
        self.source = logits
        self.largest = np.zeros(len(self.rows), np.float32)
        self._near = np.zeros((len(self.rows), table.classes), np.int32)

    def classes(self, *, sums: bool, means: bool = False, temperature: float = 1.0) -> ClassScores:
        """Class statistics of all rows at a temperature; cost one read of the rows."""
        count, kinds = len(self.rows), self.table.classes
        least = np.empty((count, kinds), np.float32)
        mass = np.zeros((count if sums else 0, kinds), np.float32)
        mean = np.zeros((count if means else 0, kinds), np.float32)
        normaliser = np.empty(count)
        scale = np.float32(1 / temperature)
        for block, rows, at in self._blocks():
            kernels.reduce_classes(
                block,
                rows,
                scale,
                self.table.order,
                self.table.offset,
                sums,
                means,
                least[at],
                self._near[at],
                mass[at],
                mean[at],
                self.largest[at],
                normaliser[at],
            )
        return ClassScores(least, mass if sums else None, mean if means else None, normaliser)

    def closest(self, kinds: NDArray[np.int32]) -> NDArray[np.int64]:
        """[n] token with the largest logit of class ``kinds[i]`` in row i; after :meth:`classes`."""
        chosen = np.empty(len(self.rows), np.int64)
        for block, rows, at in self._blocks():
            kernels.closest_members(
                block, rows, kinds[at], self._near[at], self.table.order, self.table.offset, chosen[at]
            )
        return chosen

    def draw(self, kinds: NDArray[np.int32], temperature: float, generator: np.random.Generator) -> NDArray[np.int64]:
        """[n] token of class ``kinds[i]`` drawn in proportion to exp(logit / temperature) of row i; after classes."""
        chosen = np.empty(len(kinds), np.int64)
        for i, kind in enumerate(kinds):
            members = self.table.members(kind)
            gaps = clamped(self.largest[i], self._picked(self.rows[i], members.astype(np.int64))) / temperature
            chances = np.cumsum(np.exp(gaps.min() - gaps))
            at = np.searchsorted(chances, generator.random() * chances[-1], side="right")
            chosen[i] = members[min(at, len(members) - 1)]
        return chosen

    def gaps(self, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
        """[n] gap of token ``tokens[i]`` in row i, float64 from the logits as given; after :meth:`classes`."""
        return clamped(self.largest, self._picked(self.rows, tokens))

    def expand(self, log_ratio: NDArray[np.float32]) -> NDArray[np.float32] | torch.Tensor:
        """[n, V] float32 ``log_ratio[i, class of t] - gap[i, t]``, of the kind and on the device of the logits."""
        gap = np.empty((len(self.rows), len(self.table.kind)), np.float32)
        for block, rows, at in self._blocks():
            gap[at] = clamped(self.largest[at, None], block[rows])
        result = np.subtract(log_ratio[:, self.table.kind], gap, out=gap)
        if is_tensor(self.source):
            import torch

            return torch.from_numpy(result)
        return result

    def _picked(self, rows: Any, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64 logits of tokens in rows."""
        if is_tensor(self.source):
            return self.source.detach()[rows, tokens].double().numpy()
        return np.asarray(self.source[rows, tokens], np.float64)

    def _blocks(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64], slice]]:
        """float32 arrays, the rows to read in them and the part of the results they make."""
        plain = self._as_float32()
        if plain is not None:
            yield plain, self.rows, slice(0, len(self.rows))
            return
        for first in range(0, len(self.rows), _ROWS_AT_ONCE):
            rows = self.rows[first : first + _ROWS_AT_ONCE]
            if is_tensor(self.source):
                block = self.source.detach()[rows].float().contiguous().numpy()
            else:
                block = _to_float32(np.asarray(self.source)[rows])
            yield block, np.arange(len(rows)), slice(first, first + len(rows))

    def _as_float32(self) -> NDArray[np.float32] | None:
        """The logits themselves when the kernels can read them as they are."""
        source = self.source
        if is_tensor(source):
            import torch

            readable = source.dtype == torch.float32 and source.is_contiguous()
            return source.detach().numpy() if readable else None
        usable = isinstance(source, np.ndarray) and source.dtype == np.float32
        return source if usable and source.flags.c_contiguous and source.flags.writeable else None


def open_logits(logits: Any, free: NDArray[np.bool_], table: ClassTable) -> Logits:
    """Reader of the rows of free slots of ``[N, V]`` logits, where they are.

    Raises:
        InputError: when the shape is not ``[N, V]``.
    """
    shape = (len(free), len(table.kind))
    if tuple(logits.shape) != shape:
        raise InputError(f"logits have shape {tuple(logits.shape)}, expected {shape} (slots, vocabulary)")
    if is_on_device(logits):
        from latticework.lattice.scoring_device import DeviceLogits

        return DeviceLogits(logits, free, table)
    return Logits(logits, free, table)


def _to_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, np.float32)


def clamped(largest: Any, values: NDArray[Any]) -> NDArray[Any]:
    """Gaps of logits below the largest of their row, within 0..1e5; undefined ones count as 1e5."""
    gap = np.nan_to_num(largest - values, nan=_GAP, posinf=_GAP, neginf=0.0)
    return np.clip(gap, 0, _GAP)
