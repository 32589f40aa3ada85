"""From the values of a lattice to a filling: paths of labels, and classes of tokens, by Triton kernels."""

# pyright: reportCallIssue=false, reportArgumentType=false, reportOperatorIssue=false, reportAttributeAccessIssue=false
# pyright: reportPrivateUsage=false

from __future__ import annotations

import triton
import triton.language as tl

from latticework.lattice.lattice_triton import (
    _BACKWARD,
    _BEHIND,
    _CHOSEN,
    _CHOSEN_KIND,
    _CLASSES,
    _DRAWN,
    _DRAWN_KIND,
    _FIELDS,
    _HALF,
    _KINDS,
    _LABEL_BEGIN,
    _LABEL_END,
    _LABELS,
    _LEAST,
    _LOG_WEIGHT,
    _MASS,
    _NONE,
    _ORIGIN,
    _ORIGIN_BEGIN,
    _ORIGIN_END,
    _ROW_OF,
    _SIZE,
    _SLOTS,
    _SOURCE_BEGIN,
    _SOURCE_END,
    _START,
    _STEP,
    _UNIFORM,
    _UNIFORM_KIND,
    _VALUE,
    _WEIGHT,
    _doubles,
    _floats,
    _ints,
    _number,
)


@triton.jit
def trace_paths(descs, DRAWS: tl.constexpr):
    """Labels of the best path, or of one drawn; grid (canvases,)."""
    desc = descs + tl.program_id(0) * _FIELDS
    if DRAWS:
        _trace(desc, _LOG_WEIGHT, _BEHIND, _DRAWN, True)
    else:
        _trace(desc, _WEIGHT, _VALUE, _CHOSEN, False)


@triton.jit
def _trace(desc, weights, values, result, SAMPLE: tl.constexpr):
    """Labels of the best path, or of one drawn in proportion to its weight; -1 from where none goes on."""
    slots, size, labels = _number(desc, _SLOTS), _number(desc, _SIZE).to(tl.int64), _number(desc, _LABELS).to(tl.int64)
    entries = _ints(desc, _BACKWARD + 3)
    lane = tl.arange(0, _STEP)
    cell = _number(desc, _START)
    for slot in range(slots):
        weight, row = _doubles(desc, weights) + slot * labels, _doubles(desc, values) + slot * size
        whole = tl.load(row + cell)
        wanted = tl.load(_doubles(desc, _UNIFORM) + slot)
        best, edge, reached = whole * 0 + _NONE, cell * 0 - 1, whole * 0
        for at in range(tl.load(_ints(desc, _ORIGIN_BEGIN) + cell), tl.load(_ints(desc, _ORIGIN_END) + cell)):
            source = tl.load(_ints(desc, _ORIGIN) + at)
            end = tl.load(_ints(desc, _SOURCE_END) + source)
            for start in range(tl.load(_ints(desc, _SOURCE_BEGIN) + source), end, _STEP):
                here = start + lane
                inside = here < end
                label = tl.load(entries + 2 * here, mask=inside, other=0)
                target = tl.load(entries + 2 * here + 1, mask=inside, other=0)
                x = tl.load(weight + label, mask=inside, other=_NONE)
                x += tl.load(row + size + target, mask=inside, other=_NONE)
                x = tl.where(inside, x, 2 * _NONE)
                if SAMPLE:
                    share = tl.where(x > _HALF, tl.exp((x - whole).to(tl.float32)).to(tl.float64), 0.0)
                    upto = reached + tl.cumsum(share, axis=0)
                    # The first edge whose sum is above the number; the last possible one where rounding leaves none.
                    passed = tl.sum(((upto <= wanted) & inside).to(tl.int32), axis=0)
                    last = tl.max(tl.where(share > 0, here, -1), axis=0)
                    found = (reached <= wanted) & (last >= 0)
                    edge = tl.where(found, tl.minimum(start + passed, last), edge)
                    reached += tl.sum(share, axis=0)
                else:
                    top = tl.max(x, axis=0)
                    better = (top > best) & (top > _HALF)
                    edge = tl.where(better, start + tl.argmax(x, axis=0), edge)
                    best = tl.where(better, top, best)
        label = tl.load(entries + 2 * edge, mask=edge >= 0, other=-1)
        tl.store(_ints(desc, result) + slot, label)
        cell = tl.load(entries + 2 * edge + 1, mask=edge >= 0, other=0)


@triton.jit
def choose_classes(descs, DRAWS: tl.constexpr):
    """The class of every free slot: of its label the one with the likeliest token, or one drawn by its mass; grid
    (canvases, slots)."""
    desc = descs + tl.program_id(0) * _FIELDS
    slot = tl.program_id(1)
    if slot < _number(desc, _SLOTS):
        row = tl.load(_ints(desc, _ROW_OF) + slot)
        label = tl.load(_ints(desc, _DRAWN if DRAWS else _CHOSEN) + slot)
        if (row >= 0) & (label >= 0):
            own = row * _number(desc, _KINDS).to(tl.int64)
            classes = _ints(desc, _CLASSES + 3)
            begin, end = tl.load(_ints(desc, _LABEL_BEGIN) + label), tl.load(_ints(desc, _LABEL_END) + label)
            lane = tl.arange(0, _STEP)
            whole = tl.load(_doubles(desc, _LOG_WEIGHT) + slot * _number(desc, _LABELS).to(tl.int64) + label)
            wanted = tl.load(_doubles(desc, _UNIFORM_KIND) + slot)
            best, kind, reached = whole * 0 + 2 * _NONE, begin * 0 - 1, whole * 0
            for start in range(begin, end, _STEP):
                here = start + lane
                inside = here < end
                own_kind = tl.load(classes + here, mask=inside, other=0)
                x = -tl.load(_floats(desc, _LEAST) + own + own_kind, mask=inside, other=-_NONE).to(tl.float64)
                if DRAWS:
                    mass = tl.load(_floats(desc, _MASS) + own + own_kind, mask=inside, other=0.0).to(tl.float64)
                    share = mass * tl.exp(tl.minimum(x - whole, 0.0).to(tl.float32)).to(tl.float64)
                    share = tl.where(inside, share, 0.0)
                    upto = reached + tl.cumsum(share, axis=0)
                    passed = tl.sum(((upto <= wanted) & inside).to(tl.int32), axis=0)
                    last = tl.max(tl.where(share > 0, here, -1), axis=0)
                    found = (reached <= wanted) & (last >= 0)
                    place = tl.minimum(start + passed, last)
                    kind = tl.where(found, tl.load(classes + tl.maximum(place, 0)), kind)
                    reached += tl.sum(share, axis=0)
                else:
                    top = tl.max(tl.where(inside, x, 4 * _NONE), axis=0)
                    place = start + tl.argmax(tl.where(inside, x, 4 * _NONE), axis=0)
                    kind = tl.where(top > best, tl.load(classes + place), kind)
                    best = tl.maximum(best, top)
            tl.store(_ints(desc, _DRAWN_KIND if DRAWS else _CHOSEN_KIND) + slot, kind)
