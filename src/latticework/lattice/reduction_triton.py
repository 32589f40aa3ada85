"""Reduction of logits to token classes by Triton kernels: one read of the logits, nothing of their size written.

Imported only where logits are on a device that Triton compiles for (or, in tests, under its interpreter).
"""

# Kernels are written in Triton's language; what its stubs say of tensors differs from version to version.
# pyright: reportCallIssue=false, reportArgumentType=false, reportOperatorIssue=false

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import triton
import triton.language as tl

from latticework.lattice.reduction import GAP_LIMIT, HIGHEST, LOWEST, NEGLIGIBLE, NO_TOKEN, TILE, WIDTHS, Reduction

if TYPE_CHECKING:
    import torch

    from latticework.lattice.reduction import DeviceTable

_ROWS = 4  # rows a program reads with one load of its token ids
_WARPS = 8
_REGISTERS = 64  # per thread, so that four programs run on a multiprocessor; none are spilled
_BLOCK = 512  # classes or pieces at a time when pieces are joined
_JOIN = 64  # pieces of one class at a time

_TILE: tl.constexpr = tl.constexpr(TILE)
_WIDE: tl.constexpr = tl.constexpr(WIDTHS[0])
_MIDDLE: tl.constexpr = tl.constexpr(WIDTHS[1])
_NARROW: tl.constexpr = tl.constexpr(WIDTHS[2])
_LOWEST: tl.constexpr = tl.constexpr(LOWEST)
_HIGHEST: tl.constexpr = tl.constexpr(HIGHEST)
_GAP_LIMIT: tl.constexpr = tl.constexpr(GAP_LIMIT)
_NEGLIGIBLE: tl.constexpr = tl.constexpr(NEGLIGIBLE)
_NO_TOKEN: tl.constexpr = tl.constexpr(NO_TOKEN)
_NO_ID: tl.constexpr = tl.constexpr(2**31 - 1)


def _generic(arguments: int) -> dict[str, Any]:
    """Options of a kernel that is not compiled again for other sizes and alignments, which every canvas has."""
    return {"do_not_specialize": range(arguments), "do_not_specialize_on_alignment": range(arguments)}


# Two threads that meet a new kernel at once would both compile it.
_launching = Lock()


def reduce_rows(
    logits: torch.Tensor, rows: torch.Tensor, table: DeviceTable, kinds: int, scale: float, means: bool
) -> Reduction:
    """Class statistics of rows; nothing waits for the device.

    Args:
        logits: [N, V] float32, bfloat16 or float16, any strides.
        rows: [n] int64 on the same device.
        kinds: number of classes A.
        scale: 1 / temperature.
        means: whether the mean gap is wanted.
    """
    import torch

    count, pieces = len(rows), len(table.first)
    result = Reduction(count, kinds, means, logits.device)
    if not count:
        return result
    part = torch.empty((4 if means else 3, count, pieces), dtype=torch.float32, device=logits.device)
    peak, mass, tokens = part[0], part[1], part[2].view(torch.int32)
    slope = part[3] if means else part[0]
    wide, middle, narrow = table.tile_counts
    with _launching, _on(logits.device):
        _reduce_pieces[(wide + middle + narrow, triton.cdiv(count, _ROWS))](
            logits,
            logits.stride(0),
            logits.stride(1),
            rows,
            count,
            table.order,
            table.first,
            table.size,
            table.tiles,
            wide,
            middle,
            scale,
            pieces,
            peak,
            mass,
            tokens,
            slope,
            ROWS=_ROWS,
            UNIT=logits.stride(1) == 1,
            MEANS=means,
            num_warps=_WARPS,  # pyright: ignore[reportCallIssue]
            **_limits(),
        )
        _join_pieces[(count,)](
            peak,
            mass,
            tokens,
            slope,
            pieces,
            table.piece_offset,
            table.class_size,
            kinds,
            table.joined,
            len(table.joined),
            scale,
            result.high,
            result.low,
            result.largest,
            result.least,
            result.mass,
            result.mean,
            result.near,
            MEANS=means,
            BLOCK=_BLOCK,
            JOIN=_JOIN,
            num_warps=4,  # pyright: ignore[reportCallIssue]
        )
    return result


def _limits() -> dict[str, int]:
    import torch

    return {} if torch.version.hip else {"maxnreg": _REGISTERS}


def _on(device: torch.device) -> Any:
    """Makes a CUDA device the current one, which Triton launches on."""
    import torch

    return torch.cuda.device(device if device.type == "cuda" else -1)


@triton.jit
def _reduce_tile(
    logits,
    row_stride,
    column_stride,
    rows,
    count,
    order,
    first,
    size,
    tile,
    scale,
    pieces,
    peak,
    mass,
    tokens,
    slope,
    ROWS: tl.constexpr,
    UNIT: tl.constexpr,
    MEANS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Largest logit, its first token and sum of exp below it, for the TILE / WIDTH pieces at ``tile``."""
    each: tl.constexpr = _TILE // WIDTH
    ids = tl.load(tile + tl.arange(0, each))
    used = ids >= 0
    start = tl.load(first + ids, mask=used, other=0)
    length = tl.load(size + ids, mask=used, other=0)
    lane = tl.arange(0, WIDTH)[None, :]
    inside = lane < length[:, None]
    token = tl.load(order + (start[:, None] + lane), mask=inside, other=0)
    place = token if UNIT else token.to(tl.int64) * column_stride
    begin = tl.program_id(1) * ROWS
    source = logits + tl.load(rows + begin) * row_stride
    ahead = tl.load(source + place, mask=inside, other=_LOWEST)
    for i in range(ROWS):
        value = ahead.to(tl.float32)
        row = begin + i
        # The next row is on its way while this one is reduced.
        more = (i + 1 < ROWS) & (row + 1 < count)
        source = logits + tl.load(rows + row + 1, mask=more, other=0) * row_stride
        ahead = tl.load(source + place, mask=tl.where(more, inside, False), other=_LOWEST)
        # Undefined values fail the comparison.
        value = tl.minimum(tl.where(value > _LOWEST, value, _LOWEST), _HIGHEST)
        top = tl.max(value, axis=1)
        below = tl.minimum((top[:, None] - value) * scale, _NEGLIGIBLE)
        weight = tl.where(inside, tl.exp(-below), 0.0)
        nearest = tl.min(tl.where(inside & (value == top[:, None]), token, _NO_ID), axis=1)
        at = row.to(tl.int64) * pieces + ids
        written = tl.where(row < count, used, False)  # no &: with a scalar that is no mask in every version
        tl.store(peak + at, top, mask=written)
        tl.store(mass + at, tl.sum(weight, axis=1), mask=written)
        tl.store(tokens + at, nearest, mask=written)
        if MEANS:
            tl.store(slope + at, tl.sum(weight * below, axis=1), mask=written)


@triton.jit(**_generic(17))
def _reduce_pieces(
    logits,
    row_stride,
    column_stride,
    rows,
    count,
    order,
    first,
    size,
    tiles,
    wide,
    middle,
    scale,
    pieces,
    peak,
    mass,
    tokens,
    slope,
    ROWS: tl.constexpr,
    UNIT: tl.constexpr,
    MEANS: tl.constexpr,
):
    """Grid (tiles, blocks of ROWS rows). Tiles of one row run side by side, so scattered reads hit the cache."""
    at = tl.program_id(0)
    if at < wide:
        tile = tiles + at * (_TILE // _WIDE)
        _reduce_tile(
            logits,
            row_stride,
            column_stride,
            rows,
            count,
            order,
            first,
            size,
            tile,
            scale,
            pieces,
            peak,
            mass,
            tokens,
            slope,
            ROWS,
            UNIT,
            MEANS,
            _WIDE,
        )
    elif at < wide + middle:
        tile = tiles + wide * (_TILE // _WIDE) + (at - wide) * (_TILE // _MIDDLE)
        _reduce_tile(
            logits,
            row_stride,
            column_stride,
            rows,
            count,
            order,
            first,
            size,
            tile,
            scale,
            pieces,
            peak,
            mass,
            tokens,
            slope,
            ROWS,
            UNIT,
            MEANS,
            _MIDDLE,
        )
    else:
        before = wide * (_TILE // _WIDE) + middle * (_TILE // _MIDDLE)
        tile = tiles + before + (at - wide - middle) * (_TILE // _NARROW)
        _reduce_tile(
            logits,
            row_stride,
            column_stride,
            rows,
            count,
            order,
            first,
            size,
            tile,
            scale,
            pieces,
            peak,
            mass,
            tokens,
            slope,
            ROWS,
            UNIT,
            MEANS,
            _NARROW,
        )


@triton.jit(**_generic(18))
def _join_pieces(
    peak,
    mass,
    tokens,
    slope,
    pieces,
    piece_offset,
    class_size,
    kinds,
    joined,
    joined_count,
    scale,
    high,
    low,
    largest_of_row,
    least,
    class_mass,
    mean,
    near,
    MEANS: tl.constexpr,
    BLOCK: tl.constexpr,
    JOIN: tl.constexpr,
):
    """One program per row: the pieces' statistics to those of classes and of the row."""
    row = tl.program_id(0)
    lane = tl.arange(0, BLOCK)
    own = row.to(tl.int64) * pieces
    result = row.to(tl.int64) * kinds

    best = tl.full([BLOCK], _LOWEST, tl.float32)
    for start in range(0, pieces, BLOCK):
        at = start + lane
        best = tl.maximum(best, tl.load(peak + own + at, mask=at < pieces, other=_LOWEST))
    top = tl.max(best, axis=0)
    largest = tl.maximum(top, -_HIGHEST)
    tl.store(largest_of_row + row, largest)
    # 0 unless no logit of the row is a number above -HIGHEST.
    base = tl.minimum(largest - top, _GAP_LIMIT) * scale

    sums = tl.zeros([BLOCK], tl.float64)
    for start in range(0, kinds, BLOCK):
        kind = start + lane
        inside = kind < kinds
        piece = tl.load(piece_offset + kind, mask=inside, other=0)
        count = tl.load(piece_offset + kind + 1, mask=inside, other=0) - piece
        one = inside & (count == 1)
        simple = inside & (count <= 1)
        size = tl.load(class_size + kind, mask=inside, other=0).to(tl.float32)
        gap = tl.minimum(largest - tl.load(peak + own + piece, mask=one, other=_LOWEST), _GAP_LIMIT)
        part = tl.load(mass + own + piece, mask=one, other=0.0)
        # At the limit all tokens of the class are equal.
        floor = gap >= _GAP_LIMIT
        gap = gap * scale
        total = tl.where(floor, size, part)
        sums += tl.where(one, total * tl.exp(-(gap - base)), 0.0).to(tl.float64)
        tl.store(least + result + kind, tl.where(one, gap, _NO_TOKEN), mask=simple)
        tl.store(class_mass + result + kind, tl.where(one, total, 0.0), mask=simple)
        token = tl.load(tokens + own + piece, mask=one, other=0)
        tl.store(near + result + kind, token, mask=simple)
        if MEANS:
            weighted = tl.load(slope + own + piece, mask=one, other=0.0)
            average = tl.where(floor, gap, gap + weighted / tl.where(one, part, 1.0))
            tl.store(mean + result + kind, tl.where(one, average, 0.0), mask=simple)
    row_sum = tl.sum(sums, axis=0)

    part_lane = tl.arange(0, JOIN)
    for j in range(joined_count):
        kind = tl.load(joined + j)
        begin = tl.load(piece_offset + kind)
        end = tl.load(piece_offset + kind + 1)
        best_part = tl.full([JOIN], _LOWEST, tl.float32)
        for start in range(begin, end, JOIN):
            at = start + part_lane
            best_part = tl.maximum(best_part, tl.load(peak + own + at, mask=at < end, other=_LOWEST))
        class_top = tl.max(best_part, axis=0)
        parts = tl.zeros([JOIN], tl.float32)
        slopes = tl.zeros([JOIN], tl.float32)
        nearest = tl.full([JOIN], _NO_ID, tl.int32)
        for start in range(begin, end, JOIN):
            at = start + part_lane
            ours = at < end
            part_top = tl.load(peak + own + at, mask=ours, other=_LOWEST)
            part = tl.load(mass + own + at, mask=ours, other=0.0)
            below = tl.minimum((class_top - part_top) * scale, _NEGLIGIBLE)
            share = tl.exp(-below)
            parts += share * part
            token = tl.load(tokens + own + at, mask=ours, other=_NO_ID)
            nearest = tl.minimum(nearest, tl.where(part_top == class_top, token, _NO_ID))
            if MEANS:
                slopes += share * (tl.load(slope + own + at, mask=ours, other=0.0) + part * below)
        joined_mass = tl.sum(parts, axis=0)
        gap_top = tl.minimum(largest - class_top, _GAP_LIMIT)
        at_floor = gap_top >= _GAP_LIMIT
        gap_top = gap_top * scale
        class_total = tl.where(at_floor, tl.load(class_size + kind).to(tl.float32), joined_mass)
        row_sum += (class_total * tl.exp(-(gap_top - base))).to(tl.float64)
        tl.store(least + result + kind, gap_top)
        tl.store(class_mass + result + kind, class_total)
        tl.store(near + result + kind, tl.min(nearest, axis=0))
        if MEANS:
            mean_gap = gap_top + tl.sum(slopes, axis=0) / joined_mass
            tl.store(mean + result + kind, tl.where(at_floor, gap_top, mean_gap))

    normaliser = tl.log(row_sum) - base
    rounded = normaliser.to(tl.float32)
    tl.store(high + row, rounded)
    tl.store(low + row, (normaliser - rounded.to(tl.float64)).to(tl.float32))
