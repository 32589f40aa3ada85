"""Max-plus and sum-product over a canvas by Triton kernels: one launch for a batch, nothing waits for the device.

Slots depend on each other, canvases do not: of small lattices a program takes one canvas through all of its slots, the
edges of a slot side by side; of large ones every level is a launch over the whole device. The best filling, the sums
from behind and the sums from before go on beside each other. What their results are combined to (posteriors of labels,
ratios of classes) is computed for all slots at once. All values are logarithms in float64; sums are taken relative to
their largest term, whose exponentials single precision is enough for.

A canvas is described by a row of int64: sizes, and addresses of its tables and buffers (``lattice_device`` writes it),
so canvases of one launch may have different constraints.
"""

# Kernels are written in Triton's language; what its stubs say of tensors differs from version to version.
# pyright: reportCallIssue=false, reportArgumentType=false, reportOperatorIssue=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

import triton
import triton.language as tl

from latticework.lattice.edges import TILE, WIDTHS

if TYPE_CHECKING:
    import torch

# Fields of a description. A group of rows takes seven: row, begin, end, entries, and its tiles of each width.
GROUP_FIELDS = 7
NUMBERS = ("slots", "size", "labels", "kinds", "start")
POINTERS = (
    "origin", "origin_begin", "origin_end", "source_begin", "source_end", "label_begin", "label_end",
    "zero", "row_of", "fixed_kind", "fits", "least", "mass", "uniform", "uniform_kind",
    "weight", "log_weight", "value", "behind", "before", "quotient", "ratio", "chosen", "drawn", "chosen_kind",
    "drawn_kind",
)  # fmt: skip
GROUPS = ("backward", "spread", "forward", "gather", "by_label", "classes", "kind_labels")
LEVELS = ("backward", "spread", "forward", "gather")
FIELDS = len(NUMBERS) + len(POINTERS) + GROUP_FIELDS * len(GROUPS)

NONE = -1e30  # of what is impossible: finite, as differences of infinities would be undefined
_NONE: tl.constexpr = tl.constexpr(NONE)
_HALF: tl.constexpr = tl.constexpr(NONE / 2)
_TILE: tl.constexpr = tl.constexpr(TILE)
_WIDE: tl.constexpr = tl.constexpr(WIDTHS[0])
_MIDDLE: tl.constexpr = tl.constexpr(WIDTHS[1])
_NARROW: tl.constexpr = tl.constexpr(WIDTHS[2])
_STEP: tl.constexpr = tl.constexpr(256)  # edges of a path's cell at a time
_NUMBERS: tl.constexpr = tl.constexpr(len(NUMBERS))
_FIRST_GROUP: tl.constexpr = tl.constexpr(len(NUMBERS) + len(POINTERS))
_FIELDS: tl.constexpr = tl.constexpr(FIELDS)
WARPS = 16
# Kernels with their constants, for compiling ahead of time; those of ``paths_triton`` apart.
VARIANTS = (
    ("weigh_labels", {}),
    ("drop_labels", {"BLOCK": 1024}),
    ("pass_levels", {}),
    ("pass_level", {"SECOND": False}),
    ("pass_level", {"SECOND": True}),
    ("label_quotients", {}),
    ("class_ratios", {}),
)
PATH_VARIANTS = tuple((name, {"DRAWS": draws}) for name in ("trace_paths", "choose_classes") for draws in (False, True))
# Two threads that meet a new kernel at once would both compile it.
_lock = Lock()


@contextmanager
def launching(device: torch.device) -> Iterator[None]:
    """Launches go to ``device``, by one thread at a time."""
    import torch

    with _lock, torch.cuda.device(device if device.type == "cuda" else -1):
        yield


def _place(name: str) -> tl.constexpr:
    return tl.constexpr(len(NUMBERS) + POINTERS.index(name))


def _group(name: str) -> tl.constexpr:
    return tl.constexpr(len(NUMBERS) + len(POINTERS) + GROUP_FIELDS * GROUPS.index(name))


_SLOTS: tl.constexpr = tl.constexpr(0)
_SIZE: tl.constexpr = tl.constexpr(1)
_LABELS: tl.constexpr = tl.constexpr(2)
_KINDS: tl.constexpr = tl.constexpr(3)
_START: tl.constexpr = tl.constexpr(4)
_ORIGIN: tl.constexpr = _place("origin")
_ORIGIN_BEGIN: tl.constexpr = _place("origin_begin")
_ORIGIN_END: tl.constexpr = _place("origin_end")
_SOURCE_BEGIN: tl.constexpr = _place("source_begin")
_SOURCE_END: tl.constexpr = _place("source_end")
_LABEL_BEGIN: tl.constexpr = _place("label_begin")
_LABEL_END: tl.constexpr = _place("label_end")
_ROW_OF: tl.constexpr = _place("row_of")
_ZERO: tl.constexpr = _place("zero")
_FIXED_KIND: tl.constexpr = _place("fixed_kind")
_FITS: tl.constexpr = _place("fits")
_LEAST: tl.constexpr = _place("least")
_MASS: tl.constexpr = _place("mass")
_UNIFORM: tl.constexpr = _place("uniform")
_UNIFORM_KIND: tl.constexpr = _place("uniform_kind")
_WEIGHT: tl.constexpr = _place("weight")
_LOG_WEIGHT: tl.constexpr = _place("log_weight")
_VALUE: tl.constexpr = _place("value")
_BEHIND: tl.constexpr = _place("behind")
_BEFORE: tl.constexpr = _place("before")
_QUOTIENT: tl.constexpr = _place("quotient")
_RATIO: tl.constexpr = _place("ratio")
_CHOSEN: tl.constexpr = _place("chosen")
_DRAWN: tl.constexpr = _place("drawn")
_CHOSEN_KIND: tl.constexpr = _place("chosen_kind")
_DRAWN_KIND: tl.constexpr = _place("drawn_kind")
_BACKWARD: tl.constexpr = _group("backward")
_SPREAD: tl.constexpr = _group("spread")
_FORWARD: tl.constexpr = _group("forward")
_GATHER: tl.constexpr = _group("gather")
_BY_LABEL: tl.constexpr = _group("by_label")
_CLASSES: tl.constexpr = _group("classes")
_KIND_LABELS: tl.constexpr = _group("kind_labels")
# What the entries of a row stand for.
_EDGES: tl.constexpr = tl.constexpr(0)  # label (or 0 of a weight that is 0) and value: weight + value
_VALUES: tl.constexpr = tl.constexpr(1)  # a value
_FLOWS: tl.constexpr = tl.constexpr(2)  # two values, of this slot and of the next: their sum
_CLASS: tl.constexpr = tl.constexpr(3)  # a class: log of its mass minus its gap, or minus its gap


@triton.jit
def _number(desc, field):
    return tl.load(desc + field).to(tl.int32)


@triton.jit
def _ints(desc, field):
    return tl.load(desc + field).to(tl.pointer_type(tl.int32))


@triton.jit
def _floats(desc, field):
    return tl.load(desc + field).to(tl.pointer_type(tl.float32))


@triton.jit
def _doubles(desc, field):
    return tl.load(desc + field).to(tl.pointer_type(tl.float64))


@triton.jit
def _reduce_tile(desc, group, place, first, second, fixed, out, KIND: tl.constexpr, SUM, W: tl.constexpr):
    """out[row] = largest, or log of the sum of exp, over the entries of the rows of one tile.

    ``place`` is the first row of the tile among the rows of the group; ``fixed``, for classes, the class of the token
    of a fixed slot, which is all that counts then, or -1.
    """
    each: tl.constexpr = _TILE // W
    at = place + tl.arange(0, each)
    row = tl.load(_ints(desc, group) + at)
    begin = tl.load(_ints(desc, group + 1) + at)
    end = tl.load(_ints(desc, group + 2) + at)
    entries = _ints(desc, group + 3)
    lane = tl.arange(0, W)[None, :]
    high = tl.full([each], _NONE, tl.float64)
    total = tl.zeros([each], tl.float64)
    for start in range(0, tl.max(end - begin, axis=0), W):
        entry = begin[:, None] + start + lane
        inside = entry < end[:, None]
        if KIND == 0 or KIND == 2:
            left = tl.load(entries + 2 * entry, mask=inside, other=0)
            right = tl.load(entries + 2 * entry + 1, mask=inside, other=0)
            x = tl.load(first + left, mask=inside, other=_NONE) + tl.load(second + right, mask=inside, other=_NONE)
        else:
            only = tl.load(entries + entry, mask=inside, other=0)
            if KIND == 1:
                x = tl.load(first + only, mask=inside, other=_NONE)
            else:
                usable = tl.where(fixed < 0, inside, False)  # no &: with a scalar that is no mask in every version
                x = -tl.load(first + only, mask=usable, other=-_NONE).to(tl.float64)
                if SUM:
                    mass = tl.load(second + only, mask=usable, other=0.0)
                    x += tl.log(tl.maximum(mass, 1e-38)).to(tl.float64)
                x = tl.where(tl.where(fixed >= 0, inside & (only == fixed), False), 0.0, x)
        x = tl.maximum(tl.where(inside, x, _NONE), _NONE)
        top = tl.maximum(high, tl.max(x, axis=1))
        if SUM:
            terms = tl.exp((x - top[:, None]).to(tl.float32)).to(tl.float64)
            total = total * tl.exp((high - top).to(tl.float32)).to(tl.float64) + tl.sum(terms, axis=1)
        high = top
    if SUM:
        high = tl.where(high > _HALF, high + tl.log(tl.maximum(total, 1e-300)), _NONE)
    else:
        high = tl.where(high > _HALF, high, _NONE)
    tl.store(out + row, high, mask=row >= 0)


@triton.jit
def _reduce_group(desc, group, weights, values, out, summed):
    """All rows of a group of edges, one tile after the other; weights, values and results by their addresses."""
    weights, values = weights.to(tl.pointer_type(tl.float64)), values.to(tl.pointer_type(tl.float64))
    out = out.to(tl.pointer_type(tl.float64))
    wide, middle, narrow = _number(desc, group + 4), _number(desc, group + 5), _number(desc, group + 6)
    for tile in range(wide):
        _reduce_tile(desc, group, tile * (_TILE // _WIDE), weights, values, -1, out, _EDGES, summed, _WIDE)
    place = wide * (_TILE // _WIDE)
    for tile in range(middle):
        at = place + tile * (_TILE // _MIDDLE)
        _reduce_tile(desc, group, at, weights, values, -1, out, _EDGES, summed, _MIDDLE)
    place += middle * (_TILE // _MIDDLE)
    for tile in range(narrow):
        at = place + tile * (_TILE // _NARROW)
        _reduce_tile(desc, group, at, weights, values, -1, out, _EDGES, summed, _NARROW)


@triton.jit
def _reduce_one(desc, group, tile, first, second, fixed, out, KIND: tl.constexpr, SUM):
    """The tile of a group with this number, if there is one."""
    wide, middle, narrow = _number(desc, group + 4), _number(desc, group + 5), _number(desc, group + 6)
    before = wide * (_TILE // _WIDE)
    behind = before + middle * (_TILE // _MIDDLE)
    if tile < wide:
        _reduce_tile(desc, group, tile * (_TILE // _WIDE), first, second, fixed, out, KIND, SUM, _WIDE)
    elif tile < wide + middle:
        place = before + (tile - wide) * (_TILE // _MIDDLE)
        _reduce_tile(desc, group, place, first, second, fixed, out, KIND, SUM, _MIDDLE)
    elif tile < wide + middle + narrow:
        place = behind + (tile - wide - middle) * (_TILE // _NARROW)
        _reduce_tile(desc, group, place, first, second, fixed, out, KIND, SUM, _NARROW)


@triton.jit
def _is_free(desc, slot):
    """Whether a canvas has this slot and it is free; canvases of a batch have different numbers of slots."""
    row = tl.load(_ints(desc, _ROW_OF) + slot, mask=slot < _number(desc, _SLOTS), other=-1)
    return row >= 0


@triton.jit
def weigh_labels(descs):
    """Log weights of labels; grid (canvases, slots, tiles of ``classes`` at most)."""
    desc = descs + tl.program_id(0) * _FIELDS
    slot = tl.program_id(1)
    if slot < _number(desc, _SLOTS):
        labels, kinds = _number(desc, _LABELS).to(tl.int64), _number(desc, _KINDS).to(tl.int64)
        row = tl.load(_ints(desc, _ROW_OF) + slot)
        fixed = tl.where(row < 0, tl.load(_ints(desc, _FIXED_KIND) + slot), -1)
        own = tl.maximum(row, 0) * kinds
        least, mass = _floats(desc, _LEAST) + own, _floats(desc, _MASS) + own
        tile = tl.program_id(2)
        offset = 8 * slot * labels
        weight, log_weight = tl.load(desc + _WEIGHT) + offset, tl.load(desc + _LOG_WEIGHT) + offset
        for summed in range(2):
            out = tl.where(summed > 0, log_weight, weight).to(tl.pointer_type(tl.float64))
            _reduce_one(desc, _CLASSES, tile, least, mass, fixed, out, _CLASS, summed > 0)


@triton.jit
def drop_labels(descs, BLOCK: tl.constexpr):
    """Weights of labels that fit in no valid filling become impossible; grid (canvases, slots)."""
    desc = descs + tl.program_id(0) * _FIELDS
    slot = tl.program_id(1)
    if _is_free(desc, slot):
        labels = _number(desc, _LABELS)
        fits = tl.load(desc + _FITS).to(tl.pointer_type(tl.uint8)) + slot * labels.to(tl.int64)
        weight = _doubles(desc, _WEIGHT) + slot * labels.to(tl.int64)
        log_weight = _doubles(desc, _LOG_WEIGHT) + slot * labels.to(tl.int64)
        for start in range(0, labels, BLOCK):
            label = start + tl.arange(0, BLOCK)
            inside = label < labels
            dead = inside & (tl.load(fits + label, mask=inside, other=1) == 0)
            tl.store(weight + label, _NONE, mask=dead)
            tl.store(log_weight + label, _NONE, mask=dead)


@triton.jit
def _level(desc, which, step, slots):
    """Addresses of the weights and values of one level of a pass: weights, values of the slot and of the one behind."""
    row_bytes, label_bytes = 8 * _number(desc, _SIZE).to(tl.int64), 8 * _number(desc, _LABELS).to(tl.int64)
    slot = tl.where(which == 2, step, slots - 1 - step)
    weights = tl.load(desc + tl.where(which == 0, _WEIGHT, _LOG_WEIGHT)) + slot * label_bytes
    values = tl.load(desc + tl.where(which == 0, _VALUE, tl.where(which == 2, _BEFORE, _BEHIND))) + slot * row_bytes
    return weights, values, values + row_bytes


@triton.jit(do_not_specialize=["first_pass"])
def pass_levels(descs, first_pass):
    """All levels of small lattices, a program for each canvas and pass; grid (canvases, passes).

    Pass 0: best values from behind; 1: sums from behind; 2: sums from before. From behind, values come from the edges
    that begin in them, then cells from their exits; from before, exits come from their cells, then cells from the edges
    that end in them. It is one loop for both, as each copy of it takes seconds to compile.
    """
    desc = descs + tl.program_id(0) * _FIELDS
    which = first_pass + tl.program_id(1)
    ahead = which == 2
    slots = _number(desc, _SLOTS)
    zero = tl.load(desc + _ZERO)
    first, second = tl.where(ahead, _GATHER, _BACKWARD), tl.where(ahead, _FORWARD, _SPREAD)
    for step in range(slots):
        weights, row, behind = _level(desc, which, step, slots)
        _reduce_group(desc, first, tl.where(ahead, zero, weights), tl.where(ahead, row, behind), row, which > 0)
        tl.debug_barrier()
        _reduce_group(desc, second, tl.where(ahead, weights, zero), row, tl.where(ahead, behind, row), which > 0)
        tl.debug_barrier()


@triton.jit(do_not_specialize=["first_pass", "step"])
def pass_level(descs, first_pass, step, SECOND: tl.constexpr):
    """One half of one level of large lattices, all of the device at work on it; grid (canvases, passes, tiles at most).
    Passes and halves as in :func:`pass_levels`."""
    desc = descs + tl.program_id(0) * _FIELDS
    which = first_pass + tl.program_id(1)
    ahead = which == 2
    slots = _number(desc, _SLOTS)
    if step < slots:
        zero = tl.load(desc + _ZERO)
        weights, row, behind = _level(desc, which, step, slots)
        if SECOND:
            group = tl.where(ahead, _FORWARD, _SPREAD)
            own, values, out = tl.where(ahead, weights, zero), row, tl.where(ahead, behind, row)
        else:
            group = tl.where(ahead, _GATHER, _BACKWARD)
            own, values, out = tl.where(ahead, zero, weights), tl.where(ahead, row, behind), row
        own = own.to(tl.pointer_type(tl.float64))
        values = values.to(tl.pointer_type(tl.float64))
        out = out.to(tl.pointer_type(tl.float64))
        _reduce_one(desc, group, tl.program_id(2), own, values, -1, out, _EDGES, which > 0)


@triton.jit
def label_quotients(descs):
    """Log of the posterior of labels over their weights; grid (canvases, slots, tiles of ``by_label`` at most)."""
    desc = descs + tl.program_id(0) * _FIELDS
    slot = tl.program_id(1)
    if _is_free(desc, slot):
        size, labels = _number(desc, _SIZE).to(tl.int64), _number(desc, _LABELS).to(tl.int64)
        before, behind = _doubles(desc, _BEFORE) + slot * size, _doubles(desc, _BEHIND) + (slot + 1) * size
        out = _doubles(desc, _QUOTIENT) + slot * labels
        _reduce_one(desc, _BY_LABEL, tl.program_id(2), before, behind, -1, out, _FLOWS, True)


@triton.jit
def class_ratios(descs):
    """Log of the sum of quotients over the labels of classes; grid (canvases, slots, tiles of ``kind_labels``)."""
    desc = descs + tl.program_id(0) * _FIELDS
    slot = tl.program_id(1)
    if _is_free(desc, slot):
        labels, kinds = _number(desc, _LABELS).to(tl.int64), _number(desc, _KINDS).to(tl.int64)
        quotient, out = _doubles(desc, _QUOTIENT) + slot * labels, _doubles(desc, _RATIO) + slot * kinds
        _reduce_one(desc, _KIND_LABELS, tl.program_id(2), quotient, quotient, -1, out, _VALUES, True)
