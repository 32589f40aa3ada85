"""Mending a derivation that does not fit its slots, in a window around each gap where it fails.

All of the derivation outside of a window stays; inside, the gap is looked at exactly, on a graph as small as that.
Windows are spans of the derivation (an expression, a statement, a block), the smallest first. What is mended may fail
elsewhere and is mended there, too. A sufficient test: where no window helps, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.errors import LimitExceeded
from latticework.lattice.chart.canvas import Canvas
from latticework.lattice.chart.chart import chart_of
from latticework.lattice.chart.derivation import Derivation, Search, live_chart, shallow
from latticework.lattice.chart.graph import lexical_graph
from latticework.lattice.chart.kernels_graph import BEFORE_END, FIXED, GAP, INTO, WITHIN, WORD
from latticework.lattice.chart.kernels_realise import Spelling
from latticework.lattice.chart.kernels_sweep import GapTables
from latticework.lattice.chart.language import Detail, Language
from latticework.lattice.chart.windows import Windows
from latticework.lattice.chart.witness import Slots, Witness, realise_or_fail, spelling_of

MAX_WINDOWS = 8  # of one gap
MAX_MENDS = 8  # of one derivation


class Effort:
    """What mending one derivation may cost: nodes of a window, and windows of so many nodes."""

    def __init__(self, nodes: int, windows: int) -> None:
        self.nodes = nodes
        self._pairs = windows * nodes**2

    def spend(self, nodes: int) -> None:
        """Raises ``LimitExceeded`` where there is nothing left."""
        self._pairs -= nodes**2
        if self._pairs < 0:
            raise LimitExceeded("windows of a derivation", self.nodes)


def last_effort(nodes: int) -> Effort:
    """Before a graph is refined, for windows of so many nodes at most."""
    return Effort(min(1_400, nodes), 8)


@dataclass(frozen=True, eq=False, slots=True)
class Setting:
    """A canvas and the graph whose derivations are mended.

    Attributes:
        details: how closely gaps may be looked at, coarser first.
        levels: [G] int32 of the gaps.
        keep: as of :func:`lexical_graph`.
        windows: those looked at before.
    """

    details: tuple[Detail, ...]
    canvas: Canvas
    gaps: GapTables
    levels: NDArray[np.int32]
    keep: NDArray[np.uint64]
    windows: Windows


def mended(
    language: Language,
    setting: Setting,
    slots: Slots,
    derivation: Derivation,
    groups: list[list[int]],
    effort: Effort,
) -> Witness | None:
    """A filling whose terminals are those of a derivation outside of some windows; ``None`` if none is found.

    Args:
        groups: gaps at which the derivation does not fit, a group for each place.
    """
    levels = setting.levels.copy()
    for _ in range(MAX_MENDS):
        if all((levels[group] == WORD).all() for group in groups):
            return None
        for group in groups:
            found = _mended_at(language, setting, levels, derivation, group, effort)
            if found is None:
                return None
            derivation = found
        spelling = spelling_of(setting.canvas, slots, derivation)
        witness, stuck = realise_or_fail(language, slots, spelling, derivation)
        if witness is not None:
            return witness
        groups = failing_gaps(setting.canvas, derivation, spelling, stuck)
    return None


def failing_gaps(
    canvas: Canvas, derivation: Derivation, spelling: Spelling, stuck: list[tuple[int, int]]
) -> list[list[int]]:
    """The gaps where a derivation does not fit, a group for each place: the last gap where the lexeme pending there may
    end, and the one where it begins.

    Args:
        stuck: of :func:`realise_or_fail`.
    """
    groups: list[list[int]] = []
    for slot, ended in stuck:
        if ended + 1 < len(spelling.high):
            slot = min(slot, int(spelling.high[ended + 1]))
        last = int(np.searchsorted(canvas.gap_first, slot, side="right")) - 1
        begin = int(derivation.path[min(ended, len(derivation.path) - 1)])
        first = min(int(np.searchsorted(canvas.gap_at, max(begin, 0) >> 33)), last)
        group = sorted({first, last} - {-1})
        if group:
            groups.append(group)
    return groups


def surroundings(canvas: Canvas, derivation: Derivation, group: list[int]) -> tuple[int, int]:
    """The last lexeme that begins in fixed text before some gaps, and the first one behind them."""
    at = canvas.gap_at[group].astype(np.int64) << 33
    is_fixed = derivation.gap < 0
    before = np.flatnonzero(is_fixed & (derivation.path < at[0]))
    behind = np.flatnonzero(is_fixed & (derivation.path > at[-1]))
    return int(before[-1]), int(behind[0]) if len(behind) else len(derivation.path) - 1


def _exact_nodes(setting: Setting, detail: Detail, group: list[int]) -> int:
    """How many nodes an exact graph has in some gaps, by the lexer and the lexemes kept; seldom fewer in truth."""
    keep, rows = setting.keep[group], setting.gaps.row
    kept = np.unpackbits((keep[:, INTO] | keep[:, WITHIN]).view(np.uint8), axis=1, bitorder="little")
    count = 0
    for gap, classes in zip(group, kept[:, : len(detail.entered)].view(np.bool_), strict=True):
        entered = np.bitwise_or.reduce(detail.entered[classes], axis=0, initial=np.uint64(0))
        count += int(np.bitwise_count(setting.gaps.inside[rows[gap] : rows[gap + 1]] & entered).sum())
    return count


def _mended_at(
    language: Language,
    setting: Setting,
    levels: NDArray[np.int32],
    derivation: Derivation,
    group: list[int],
    effort: Effort,
) -> Derivation | None:
    """Mended around some gaps, which are exact in ``levels`` from now on.

    Where there is no room for others that are exact already, these are looked at in less detail.
    """
    levels[group] = WORD
    alone = setting.levels.copy()
    alone[group] = WORD
    for level, detail in enumerate(setting.details):
        if _exact_nodes(setting, detail, group) > effort.nodes:
            return None
        for at in (levels, alone):
            try:
                found = _mend(language, setting, level, at, derivation, group, effort)
            except LimitExceeded:
                continue
            if found is not None:
                levels[:] = at
                return found
            break
    return None


def _mend(
    language: Language,
    setting: Setting,
    level: int,
    levels: NDArray[np.int32],
    derivation: Derivation,
    group: list[int],
    effort: Effort,
) -> Derivation | None:
    """With another text of some span around some gaps, on a graph of these levels. Raises ``LimitExceeded``."""
    items, path = derivation.items, derivation.path
    first, last = surroundings(setting.canvas, derivation, group)
    holding = np.flatnonzero((items[:, 1] <= path[first]) & (items[:, 2] >= path[last]))
    # Of spans between the same nodes the topmost stands first.
    _, distinct = np.unique(items[holding, 1:3], axis=0, return_index=True)
    for place in holding[np.sort(distinct)[::-1][:MAX_WINDOWS]].tolist():
        symbol, begin, end = items[place, :3].tolist()
        if not _is_node(setting.canvas, levels, begin):
            continue
        where = setting.windows.place(setting.canvas, levels, level, symbol, begin, end)
        if setting.windows.known(where):
            inside = setting.windows.recall(where)
        else:
            inside = _derived(language, setting, setting.details[level], levels, symbol, begin, end, effort)
            setting.windows.note(where, inside)
        if inside is not None:
            return spliced(derivation, place, inside)
    return None


def _derived(
    language: Language,
    setting: Setting,
    detail: Detail,
    levels: NDArray[np.int32],
    symbol: int,
    begin: int,
    end: int,
    effort: Effort,
) -> Derivation | None:
    """A derivation of a symbol between two nodes: any if all gaps are exact, as all fit, else the cheapest."""
    rules, lexer = language.rules, language.lexical.lexer
    effort.spend(0)
    window = lexical_graph(detail.tables, setting.gaps, levels, setting.keep, effort.nodes, begin, end)
    if window is None:
        return None
    effort.spend(window.nodes)
    chart = chart_of(window, rules, lexer)
    if (levels[window.gap[window.gap >= 0]] == WORD).all():
        return shallow(chart, rules, symbol)
    found = live_chart(chart, rules, symbol)
    if found is None:
        return None
    return Search(found, rules, lexer, setting.canvas.gap_slots, levels).cheapest()


def _is_node(canvas: Canvas, levels: NDArray[np.int32], key: int) -> bool:
    """Whether a graph of these levels may have a node with a key that one of other levels has."""
    if key < 0 or key >= BEFORE_END or key & FIXED:
        return True
    return bool(levels[np.searchsorted(canvas.gap_at, key >> 33)] != GAP or key & (FIXED - 1) == 0)


def spliced(derivation: Derivation, place: int, inside: Derivation) -> Derivation:
    """A derivation with another one of the same symbol, between the same nodes, in the place of an item."""
    items = derivation.items
    before, behind = items[place, 3:].tolist()
    more = len(inside.terminals) - (behind - before)
    rest = items[place + 1 :]
    rest = rest[rest[:, 3] >= behind].copy()  # spans without a text at the end of the item are kept, for nothing
    rest[:, 3:] += more
    above = items[:place].copy()
    above[above[:, 4] >= behind, 4] += more
    own = inside.items.copy()
    own[:, 3:] += before
    count = len(inside.terminals)
    nodes = [
        # What is ignored before the item may begin at an earlier node than the item.
        np.stack([one.path[first:last], one.gap[first:last]])
        for one, first, last in (
            (derivation, 0, before + 1),
            (inside, 1, count),
            (derivation, behind + (count == 0), len(derivation.path)),
        )
    ]
    path, gap = np.concatenate(nodes, axis=1)
    return Derivation(
        np.concatenate([derivation.terminals[:before], inside.terminals, derivation.terminals[behind:]]),
        np.concatenate([above, own, rest]),
        path,
        gap.astype(np.int32),
    )
