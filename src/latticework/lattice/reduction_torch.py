"""Reduction of logits to token classes by torch operations, for devices that Triton does not serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latticework.lattice.reduction import (
    GAP_LIMIT,
    HIGHEST,
    LOWEST,
    NEGLIGIBLE,
    NO_TOKEN,
    WIDTHS,
    Reduction,
)

if TYPE_CHECKING:
    import torch

    from latticework.lattice.reduction import DeviceTable

_LOGITS_AT_ONCE = 1 << 22  # 16 MB of float32, and a few temporary tensors of that size


def reduce_rows(
    logits: torch.Tensor, rows: torch.Tensor, table: DeviceTable, kinds: int, scale: float, means: bool
) -> Reduction:
    """Class statistics of rows; nothing waits for the device.

    Args:
        logits: [N, V] of any float type and strides.
        rows: [n] int64 on the same device.
        kinds: number of classes A.
        scale: 1 / temperature.
        means: whether the mean gap is wanted.
    """
    result = Reduction(len(rows), kinds, means, logits.device)
    at_once = max(1, _LOGITS_AT_ONCE // len(table.order))
    for first in range(0, len(rows), at_once):
        some = slice(first, first + at_once)
        _join(*_reduce_pieces(logits[rows[some]], table, scale, means), table, scale, result, some)
    return result


def _reduce_pieces(
    logits: torch.Tensor, table: DeviceTable, scale: float, means: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Of [r, V] logits: [r, P] largest, sum of exp below it, first token that has it, weighted differences."""
    import torch

    values = logits.float()
    values = torch.where(values > LOWEST, values, LOWEST).clamp_max_(HIGHEST)
    shape = len(values), len(table.first)
    peak, mass = values.new_empty(shape), values.new_empty(shape)
    near = torch.empty(shape, dtype=torch.int32, device=values.device)
    slope = values.new_empty(shape) if means else None
    nobody = len(table.order)
    for width, group in zip(WIDTHS, table.groups, strict=True):
        if not len(group):
            continue
        lane = torch.arange(width, dtype=torch.int32, device=values.device)
        inside = lane < table.size[group, None]
        tokens = table.order[(table.first[group, None] + lane).clamp_max_(nobody - 1)]
        own = torch.where(inside, values[:, tokens], LOWEST)
        top = own.amax(-1, keepdim=True)
        below = ((top - own) * scale).clamp_max_(NEGLIGIBLE)
        weight = torch.exp(-below) * inside
        peak[:, group], mass[:, group] = top[..., 0], weight.sum(-1)
        near[:, group] = torch.where((own == top) & inside, tokens, nobody).amin(-1)
        if slope is not None:
            slope[:, group] = (weight * below).sum(-1)
    return peak, mass, near, slope


def _join(
    peak: torch.Tensor,
    mass: torch.Tensor,
    near: torch.Tensor,
    slope: torch.Tensor | None,
    table: DeviceTable,
    scale: float,
    result: Reduction,
    some: slice,
) -> None:
    """Pieces to classes; writes the rows ``some`` of the result."""
    import torch

    count, kinds = len(peak), result.least.shape[1]
    kind = table.piece_class.expand(count, -1)
    top = peak.new_full((count, kinds), LOWEST).scatter_reduce_(1, kind, peak, "amax")
    own_top = top.gather(1, kind)
    below = ((own_top - peak) * scale).clamp_max_(NEGLIGIBLE)
    share = torch.exp(-below)
    total = torch.zeros_like(top).scatter_add_(1, kind, share * mass)

    row_top = top.amax(1, keepdim=True)
    largest = row_top.clamp_min(-HIGHEST)
    gap = (largest - top).clamp_max_(GAP_LIMIT)
    floor = gap >= GAP_LIMIT
    gap *= scale
    empty = table.class_size == 0
    slopes = None
    if slope is not None:
        slopes = torch.zeros_like(top).scatter_add_(1, kind, share * (slope + mass * below))
        mean = torch.where(floor, gap, gap + slopes / total)
        result.mean[some] = mean.masked_fill_(empty, 0.0)
    # At the limit all tokens of the class are equal.
    total = torch.where(floor, table.class_size.float(), total)
    base = (largest - row_top).clamp_max_(GAP_LIMIT) * scale
    wide = torch.float32 if peak.device.type == "mps" else torch.float64
    row_sum = (total.to(wide) * torch.exp(base - gap).to(wide)).masked_fill_(empty, 0.0).sum(1)
    normaliser = row_sum.log() - base[:, 0]
    result.high[some] = normaliser.float()
    result.low[some] = (normaliser - result.high[some]).float()
    result.largest[some] = largest[:, 0]
    result.least[some] = gap.masked_fill_(empty, NO_TOKEN)
    result.mass[some] = total
    nobody = len(table.order)
    ours = torch.where(peak == own_top, near, nobody)
    result.near[some] = ours.new_full((count, kinds), nobody).scatter_reduce_(1, kind, ours, "amin")
