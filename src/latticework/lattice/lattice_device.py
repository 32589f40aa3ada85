"""Proposals where the logits are: best filling, sums and confidences without the lattice leaving the device.

What a canvas allows (which labels fit) is computed by the host while the model runs and is small; statistics of the
logits, the passes over the lattice and the choice of tokens follow each other on the device, and one small copy brings
the proposals of a whole batch back. Buffers stay in place from step to step.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.lattice import lattice_triton as kernels
from latticework.lattice import paths_triton as paths
from latticework.lattice.edges_device import TableCopy
from latticework.lattice.path import Proposal
from latticework.lattice.reduction import GAP_LIMIT, Reduction, to_host, upload
from latticework.lattice.scoring_device import triton_works

if TYPE_CHECKING:
    import torch

    from latticework.lattice.layout import Layout
    from latticework.lattice.scoring import ClassTable
    from latticework.lattice.scoring_device import DeviceLogits
    from latticework.lattice.sets import CanvasSets

_LABELS_AT_ONCE = 1024
_TILES_OF_A_PROGRAM = 8  # per level, from which on the whole device works on each
_GRAPHS_KEPT = 16
_graphs: OrderedDict[tuple[Any, ...], tuple[Any, torch.Tensor]] = OrderedDict()
# Edges of all slots from which a proposal of the host takes longer than about 10 ms (82 thousand: 3 ms, 25 million: 34
# ms, measured beside an H200).
MIN_EDGES = 2_000_000
# Bounds of what one canvas may take on the device: edges of a slot (32 bytes each), bytes of its buffers.
MAX_EDGES = 1 << 22
MAX_BYTES = 1 << 30


class DeviceCanvas:
    """Buffers of one canvas on a device: three values of 8 bytes for each slot and configuration of the lattice."""

    def __init__(self, layout: Layout, table: ClassTable, slots: int, device: torch.device) -> None:
        import torch

        self.table = TableCopy.of(layout, table, device)
        self.slots, self.device = slots, device
        host = self.table.host

        def doubles(*shape: int) -> torch.Tensor:
            return torch.full(shape, kernels.NONE, dtype=torch.float64, device=device)

        def ints() -> torch.Tensor:
            return torch.full((slots,), -1, dtype=torch.int32, device=device)

        # What no kernel writes stays impossible.
        self.value, self.behind, self.before = (doubles(slots + 1, host.size) for _ in range(3))
        ends = torch.where(upload(host.accept, device) > 0, 0.0, kernels.NONE)
        self.value[-1], self.behind[-1] = ends, ends
        self.before[0, host.start] = 0.0
        self.weight, self.log_weight, self.quotient = (doubles(slots, host.labels) for _ in range(3))
        self.ratio = doubles(slots, host.kinds)
        self.chosen, self.drawn, self.chosen_kind, self.drawn_kind = (ints() for _ in range(4))
        self.uniform, self.uniform_kind = doubles(slots), doubles(slots)
        self.row_of, self.fixed_kind = ints(), ints()
        self.zero = torch.zeros(1, dtype=torch.float64, device=device)
        self.fits = torch.empty((slots, host.labels), dtype=torch.uint8, device=device)
        self.rows = upload(np.zeros(0, np.int64), device)

    def place(self, sets: CanvasSets, kinds: NDArray[np.int32]) -> None:
        """Take over what the canvas holds and what fits; ``kinds`` [N] int32 classes of the tokens of fixed slots."""
        packed = np.stack([sets.weight_row, kinds]).astype(np.int32)
        there = upload(packed, self.device)
        self.row_of.copy_(there[0])
        self.fixed_kind.copy_(there[1])
        self.fits.copy_(upload(sets.fits.view(np.uint8), self.device))
        self.rows = upload(np.flatnonzero(sets.free), self.device)

    def describe(self, reduction: Reduction) -> list[int]:
        """The canvas with the statistics of its logits, as the kernels read it."""
        host = self.table.host
        own = {
            name: getattr(self, name).data_ptr()
            for name in kernels.POINTERS
            if name not in self.table.pointers and name not in ("least", "mass")
        }
        # Without free slots nothing is read.
        own |= {"least": reduction.least.data_ptr(), "mass": reduction.mass.data_ptr(), **self.table.pointers}
        numbers = [self.slots, host.size, host.labels, host.kinds, host.start]
        return [*numbers, *(own[name] for name in kernels.POINTERS), *self.table.groups]


def serves(logits: DeviceLogits, layout: Layout, slots: int) -> bool:
    """Whether proposals for a canvas are made on the device of its logits: Triton runs there, and the lattice is large
    enough to be worth it and small enough to fit."""
    source = logits.source
    if not source.is_cuda:
        return False
    edges = layout.edge_count()
    buffers = 8 * (slots + 1) * (3 * layout.tables.size + 3 * (layout.end_label + 1) + logits.table.classes)
    if edges * slots < MIN_EDGES or edges > MAX_EDGES or buffers > MAX_BYTES:
        return False
    return triton_works(source.device, source.dtype) and _agrees(source.device)


@cache
def _agrees(device: torch.device) -> bool:
    """Whether the kernels give the host's answers on a small canvas, by one launch and level by level; tried once, and
    a failure is a warning."""
    import torch

    from latticework.compiler import compile
    from latticework.grammar import regex
    from latticework.lattice.scoring_device import DeviceLogits
    from latticework.tokens.vocabulary import Vocabulary

    vocabulary = Vocabulary([*(bytes([byte]) for byte in range(97, 123)), b"ab", b""], {27: "eos"})
    session: Any = compile(regex("a{2,5}(b|c[d-z]*)x?"), vocabulary).session(np.zeros(6), np.ones(6, np.bool_))
    logits = torch.from_numpy(np.random.default_rng(0).normal(0, 3, (6, 28)).astype(np.float32))
    expected = session.propose(logits, entropy=True)
    try:
        rows = DeviceLogits(logits.to(device), session.free, session.constraint.class_table)
        canvas = session.on_device(rows)
        pairs = []
        for by_levels in (True, False):
            [found] = propose([canvas], [rows], [session.tokens], entropy=True, by_levels=by_levels)
            names = ("tokens", "confidence", "entropy", "log_z")
            pairs += [(getattr(found, name), getattr(expected, name)) for name in names]
        if all(np.allclose(ours, theirs, rtol=1e-4, atol=1e-5) for ours, theirs in pairs):
            return True
        message = "they do not give the host's answers"
    except Exception as error:
        message = str(error)
    warnings.warn(f"lattices stay on the host, as its kernels do not run on {device}: {message}", RuntimeWarning, 2)
    return False


def run(
    canvases: Sequence[DeviceCanvas],
    reductions: Sequence[Reduction],
    *,
    best: bool = False,
    draws: bool = False,
    ratios: bool = False,
    by_levels: bool | None = None,
) -> None:
    """Pass over the lattices of a batch; nothing waits for the device.

    Args:
        canvases: placed, on one device.
        reductions: of the logits of their free slots.
        best: find the best filling: ``chosen`` labels and ``chosen_kind``.
        draws: draw a filling by the canvas's ``uniform`` numbers: ``drawn`` and ``drawn_kind``.
        ratios: sums from both sides: ``ratio`` (not yet relative to the total), total in ``behind[0, start]``.
        by_levels: a launch for every level; decided by the size of the lattices when not given.
    """
    count, slots = len(canvases), max(canvas.slots for canvas in canvases)
    described = [canvas.describe(found) for canvas, found in zip(canvases, reductions, strict=True)]
    descs = upload(np.array(described, np.int64), canvases[0].device)

    def tiles(name: str) -> int:
        return max(canvas.table.tiles(name) for canvas in canvases)

    options: Any = {"num_warps": kernels.WARPS}
    launched: Any = kernels  # constants are plain values to a caller
    walked: Any = paths
    with kernels.launching(canvases[0].device):
        launched.weigh_labels[(count, slots, tiles("classes"))](descs, **options)
        launched.drop_labels[(count, slots)](descs, BLOCK=_LABELS_AT_ONCE, **options)
        first = 0 if best else 1
        passes = (3 if ratios else 1) if best else (2 if ratios else 1)
        _pass(descs, count, slots, first, passes, {name: tiles(name) for name in kernels.LEVELS}, by_levels)
        if best:
            walked.trace_paths[(count,)](descs, DRAWS=False, **options)
            walked.choose_classes[(count, slots)](descs, DRAWS=False, **options)
        if draws:
            walked.trace_paths[(count,)](descs, DRAWS=True, **options)
            walked.choose_classes[(count, slots)](descs, DRAWS=True, **options)
        if ratios:
            kernels.label_quotients[(count, slots, tiles("by_label"))](descs, **options)
            kernels.class_ratios[(count, slots, tiles("kind_labels"))](descs, **options)


def _pass(
    descs: torch.Tensor,
    count: int,
    slots: int,
    first: int,
    passes: int,
    tiles: dict[str, int],
    by_levels: bool | None,
) -> None:
    """The passes over all levels: by one launch where a program has few tiles, else level by level, these launches
    recorded once (CUDA graphs) and replayed for every batch of the same form."""
    import torch

    halves = max(tiles["backward"], tiles["gather"]), max(tiles["spread"], tiles["forward"], 1)
    options: Any = {"num_warps": kernels.WARPS}
    launched: Any = kernels
    if not (max(halves) > _TILES_OF_A_PROGRAM if by_levels is None else by_levels):
        launched.pass_levels[(count, passes)](descs, first, **options)
        return

    def levels(described: torch.Tensor) -> None:
        for step in range(slots):
            for second, own in enumerate(halves):
                launched.pass_level[(count, passes, own)](described, first, step, SECOND=bool(second), **options)

    if not descs.is_cuda:
        levels(descs)
        return
    key = (descs.device, count, slots, first, passes, halves)
    if key not in _graphs:
        while len(_graphs) >= _GRAPHS_KEPT:
            _graphs.popitem(last=False)
        described = descs.clone()
        levels(described)  # compiles, which must not happen while launches are recorded
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the device meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            levels(described)
        _graphs[key] = graph, described
    _graphs.move_to_end(key)
    graph, described = _graphs[key]
    described.copy_(descs)
    graph.replay()


def propose(
    canvases: Sequence[DeviceCanvas],
    logits: Sequence[DeviceLogits],
    tokens: Sequence[NDArray[np.int64]],
    *,
    temperature: float = 0.0,
    generators: Sequence[np.random.Generator] = (),
    entropy: bool = False,
    sure: bool = True,
    by_levels: bool | None = None,
) -> list[Proposal]:
    """What ``Session.propose`` answers, for a batch of placed canvases of one device, by one copy to the host.

    Arguments as those of :func:`queue_proposals`, ``tokens`` as of :func:`read_proposals`.
    """
    queued = queue_proposals(
        canvases,
        logits,
        temperature=temperature,
        generators=generators,
        entropy=entropy,
        sure=sure,
        by_levels=by_levels,
    )
    return read_proposals(to_host(queued), canvases, logits, tokens, entropy=entropy)


def queue_proposals(
    canvases: Sequence[DeviceCanvas],
    logits: Sequence[DeviceLogits],
    *,
    temperature: float = 0.0,
    generators: Sequence[np.random.Generator] = (),
    entropy: bool = False,
    sure: bool = True,
    by_levels: bool | None = None,
) -> torch.Tensor:
    """Start all that a batch of proposals takes; what :func:`read_proposals` reads, float64 on the device. Nothing
    waits for it.

    Args:
        logits: readers of the free rows of every canvas.
        temperature: 0 for the best filling, above 0 for one drawn.
        generators: one for each canvas where it is above 0.
        sure: whether confidences and ``log_z`` are wanted; without, they have no meaning.
        by_levels: as in :func:`run`.
    """
    import torch

    chosen: list[torch.Tensor] = []
    if temperature > 0:
        at_temperature = [rows.reduce(temperature=temperature) for rows in logits]
        for canvas, generator in zip(canvases, generators, strict=True):
            canvas.uniform.copy_(upload(generator.random(canvas.slots), canvas.device))
            canvas.uniform_kind.copy_(upload(generator.random(canvas.slots), canvas.device))
        run(canvases, at_temperature, draws=True, by_levels=by_levels)
        for canvas, rows, generator in zip(canvases, logits, generators, strict=True):
            kinds = canvas.drawn_kind[canvas.rows].long()
            chosen.append(rows.drawn(kinds, temperature, generator))
    reductions = [rows.reduce(means=entropy) for rows in logits]
    if sure or temperature == 0:
        run(canvases, reductions, best=temperature == 0, ratios=sure, by_levels=by_levels)
    answers: list[torch.Tensor] = []
    for at, (canvas, rows, found) in enumerate(zip(canvases, logits, reductions, strict=True)):
        free = canvas.rows
        if temperature > 0:
            ids = chosen[at]
        else:
            best_kinds = canvas.chosen_kind[free].clamp_min(0).long()
            ids = found.near.gather(1, best_kinds[:, None])[:, 0].long()
        total = canvas.behind[0, canvas.table.host.start]
        gap = (found.largest.double() - rows.source[free, ids].double()).nan_to_num_(nan=GAP_LIMIT).clamp_(0, GAP_LIMIT)
        kinds = rows.kinds_of(ids)
        ratio = canvas.ratio[free] - total
        confidence = torch.exp(ratio.gather(1, kinds[:, None])[:, 0] - gap).clamp_max_(1.0)
        spread = _entropy(ratio, found) if entropy else torch.zeros_like(gap)
        normaliser = found.high.double() + found.low.double()
        possible = canvas.drawn[free] if temperature > 0 else canvas.chosen[free]
        answers.append(torch.stack([ids.double(), gap, confidence, spread, normaliser, possible.double()]).flatten())
        answers.append(total[None])
    return torch.cat(answers)


def marginals(canvas: DeviceCanvas, rows: DeviceLogits) -> torch.Tensor:
    """[n, V] float32 log-probabilities of all tokens in the free slots of a placed canvas, given that it is valid; -inf
    for those that are not admissible."""
    run([canvas], [rows.reduce()], ratios=True)
    ratio = canvas.ratio[canvas.rows]
    total = canvas.behind[0, canvas.table.host.start]
    return rows.expanded((ratio - total).masked_fill_(ratio <= kernels.NONE / 2, float("-inf")).float())


def read_proposals(
    numbers: NDArray[np.float64],
    canvases: Sequence[DeviceCanvas],
    logits: Sequence[DeviceLogits],
    tokens: Sequence[NDArray[np.int64]],
    *,
    entropy: bool = False,
) -> list[Proposal]:
    """Proposals of canvases from what was queued for them; ``tokens`` [N] of every canvas, for its fixed slots."""
    proposals, at = [], 0
    for canvas, rows, given in zip(canvases, logits, tokens, strict=True):
        count = len(rows.rows)
        ids, gap, confidence, spread, normaliser, possible = numbers[at : at + 6 * count].reshape(6, count)
        total = float(numbers[at + 6 * count])
        at += 6 * count + 1
        if (possible < 0).any():
            raise RuntimeError("no path through the lattice, though the canvas is feasible")
        found = given.copy()
        found[rows.rows] = ids.astype(np.int64)
        sure, spreads = np.ones(canvas.slots), np.zeros(canvas.slots)
        sure[rows.rows], spreads[rows.rows] = confidence, spread
        proposals.append(
            Proposal(
                tokens=found,
                log_prob=-float((gap + normaliser).sum()),
                confidence=sure,
                entropy=spreads if entropy else None,
                log_z=total - float(normaliser.sum()),
                tail=rows.table.kind[found] == rows.table.end,
            )
        )
    return proposals


def _entropy(ratio: torch.Tensor, found: Reduction) -> torch.Tensor:
    """[n] entropy in nats of the distributions ``exp(ratio[class] - gap)`` over tokens."""
    import torch

    possible = (ratio > kernels.NONE / 2) & (found.mass > 0)
    share = found.mass.double() * torch.exp(ratio - found.least.double())
    terms = torch.where(possible, share * (found.mean.double() - ratio), 0.0)
    return terms.sum(dim=1).clamp_min_(0.0)
