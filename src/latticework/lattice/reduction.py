"""Reducing rows of logits to token classes on the device that holds them: what all implementations share.

The classes of a constraint are as uneven as can be (one often holds nine tokens in ten, hundreds hold one), so they
are cut into pieces of at most 2048 tokens and pieces of similar size go together: each tile of work is a rectangle,
no two tiles write to one place, and every logit is read once. A second, small pass joins the pieces of each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.kernels_scoring import MAX_GAP

if TYPE_CHECKING:
    import torch

    from latticework.lattice.scoring import ClassTable

# Piece widths, widest first, and how many pieces of each make a tile of 2048 logits.
WIDTHS = (2048, 128, 8)
TILE = 2048

# Logits are read into LOWEST..HIGHEST (undefined ones as LOWEST), so that differences stay finite; the largest logit
# of a row counts as at least -HIGHEST.
LOWEST = -3e38
HIGHEST = 1e30
GAP_LIMIT = float(MAX_GAP)
# Smallest gap of a class without tokens.
NO_TOKEN = 2.0**127
# Differences in a class beyond which a token has no weight in single precision.
NEGLIGIBLE = 200.0


@dataclass(frozen=True, eq=False, slots=True)
class Pieces:
    """P pieces of the A token classes, in class order.

    Attributes:
        first, size: [P] int32, where in the class order a piece starts, and its tokens (at least 1).
        offset: [A + 1] int32, the pieces of every class.
        groups: ids of the pieces of each width of ``WIDTHS``, int32.
    """

    first: NDArray[np.int32]
    size: NDArray[np.int32]
    offset: NDArray[np.int32]
    groups: tuple[NDArray[np.int32], ...]

    @classmethod
    def of(cls, class_offset: NDArray[np.int64]) -> Pieces:
        """Cut classes given by [A + 1] offsets into the class order."""
        counts = -(-np.diff(class_offset) // TILE)
        offset = np.concatenate(([0], np.cumsum(counts)))
        within = np.arange(offset[-1]) - np.repeat(offset[:-1], counts)
        first = np.repeat(class_offset[:-1], counts) + TILE * within
        size = np.minimum(np.repeat(class_offset[1:], counts) - first, TILE)
        narrower = (*WIDTHS[1:], 0)
        groups = [
            np.flatnonzero((size > low) & (size <= high)).astype(np.int32)
            for high, low in zip(WIDTHS, narrower, strict=True)
        ]
        return cls(first.astype(np.int32), size.astype(np.int32), offset.astype(np.int32), tuple(groups))

    def tiles(self) -> tuple[NDArray[np.int32], tuple[int, ...]]:
        """Piece ids in tiles of ``TILE // width`` with -1 for none, and the number of tiles of each width."""
        lists, counts = [], []
        for width, group in zip(WIDTHS, self.groups, strict=True):
            each = TILE // width
            count = -(-len(group) // each)
            lists.append(np.append(group, np.full(count * each - len(group), -1, np.int32)))
            counts.append(count)
        return np.concatenate(lists).astype(np.int32), tuple(counts)


@dataclass(frozen=True, eq=False, slots=True)
class DeviceTable:
    """A class table as tensors on one device; int32 unless said otherwise.

    Attributes:
        order: [V] tokens by class.
        first, size: [P] of :class:`Pieces`.
        piece_offset: [A + 1] pieces by class.
        class_size: [A] tokens by class.
        tiles: piece ids, tile by tile.
        tile_counts: tiles of each width.
        joined: [J] classes of more than one piece.
        groups: ids of the pieces of each width, int64.
        piece_class: [P] int64 class of every piece.
        kind: [V] int64 class of every token.
        last: [A] int64 last token of every class.
    """

    order: torch.Tensor
    first: torch.Tensor
    size: torch.Tensor
    piece_offset: torch.Tensor
    class_size: torch.Tensor
    tiles: torch.Tensor
    tile_counts: tuple[int, ...]
    joined: torch.Tensor
    groups: tuple[torch.Tensor, ...]
    piece_class: torch.Tensor
    kind: torch.Tensor
    last: torch.Tensor

    @classmethod
    def of(cls, table: ClassTable, device: torch.device) -> DeviceTable:
        """Copies about 20 bytes per token to the device."""
        pieces = Pieces.of(table.offset)
        tiles, tile_counts = pieces.tiles()
        counts = np.diff(pieces.offset)

        def put(values: NDArray[Any], dtype: Any = np.int32) -> torch.Tensor:
            return upload(np.ascontiguousarray(values, dtype), device)

        return cls(
            order=put(table.order),
            first=put(pieces.first),
            size=put(pieces.size),
            piece_offset=put(pieces.offset),
            class_size=put(table.sizes()),
            tiles=put(tiles),
            tile_counts=tile_counts,
            joined=put(np.flatnonzero(counts > 1)),
            groups=tuple(put(group, np.int64) for group in pieces.groups),
            piece_class=put(np.repeat(np.arange(table.classes), counts), np.int64),
            kind=put(table.kind, np.int64),
            last=put(table.order[np.maximum(table.offset[1:] - 1, 0)], np.int64),
        )


class Reduction:
    """Statistics of n rows by class on a device, in one buffer so that one copy brings them to the host.

    Attributes:
        buffer: float32, all that follows; the bits of ``near`` come last.
        high, low: [n] normaliser as the sum of two float32.
        largest: [n] largest logit.
        least, mass, mean: [n, A] as in :class:`ClassScores`; ``mean`` is empty unless asked for.
        near: [n, A] int32 first token of the largest logit of every class.
    """

    def __init__(self, count: int, kinds: int, means: bool, device: torch.device) -> None:
        import torch

        parts = [count, count, count, *[count * kinds] * (4 if means else 3)]
        self.buffer = torch.empty(sum(parts), dtype=torch.float32, device=device)
        self.high, self.low, self.largest, *tables = self.buffer.split(parts)
        shaped = [part.view(count, kinds) for part in tables]
        self.least, self.mass = shaped[:2]
        self.mean = shaped[2] if means else self.buffer[:0]
        self.near = shaped[-1].view(torch.int32)


def upload(values: NDArray[Any], device: torch.device) -> torch.Tensor:
    """An array on a device; the host does not wait for work queued there."""
    import torch

    return torch.from_numpy(values).to(device, non_blocking=True)


def to_host(values: torch.Tensor) -> NDArray[Any]:
    """A tensor as an array: one copy through pinned memory where the device is a CUDA one, and one wait."""
    import torch

    if values.device.type != "cuda":
        return values.cpu().numpy()
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    with torch.cuda.device(values.device):
        host.copy_(values, non_blocking=True)
        done = torch.cuda.Event()
        done.record()
    done.synchronize()
    return host.numpy()


def all_to_host(values: Sequence[torch.Tensor]) -> list[NDArray[Any]]:
    """Flat, contiguous tensors of one device as arrays: one copy for all of them, of whatever types they are."""
    import torch

    if len(values) < 2:
        return [to_host(own) for own in values]
    widest_first = sorted(range(len(values)), key=lambda at: -values[at].element_size())  # so that all are aligned
    numbers = to_host(torch.cat([values[at].view(torch.uint8) for at in widest_first]))
    found: list[NDArray[Any]] = [numbers] * len(values)
    begin = 0
    for at in widest_first:
        end = begin + values[at].numel() * values[at].element_size()
        found[at] = numbers[begin:end].view(np.dtype(str(values[at].dtype).removeprefix("torch.")))
        begin = end
    return found
