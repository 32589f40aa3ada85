"""Is there a filling? Exact, by lazy refinement.

A graph in which every gap is one node has more texts than the canvas, so if its chart derives nothing, nothing fits.
Otherwise the cheapest derivation is tried in the slots: if it fits, it is the witness. If not, it is mended where it
fails, then others are tried in which the lexemes at these places are dearer. Where none of a few fits, the gap at which
the first one failed gets a node for every slot, then for every word, and all is asked again. Lexemes that no derivation
used before need not be looked at again: a finer graph has fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from latticework.errors import LimitExceeded
from latticework.lattice.chart.alike import Alike
from latticework.lattice.chart.canvas import Canvas, canvas_of
from latticework.lattice.chart.chart import chart_of
from latticework.lattice.chart.derivation import Derivation, LiveChart, Search, live_chart, live_edges
from latticework.lattice.chart.graph import coarsest, everything, lexical_graph, swept
from latticework.lattice.chart.kernels_graph import INTO, OUT_OF, SLOT, WITHIN, WORD
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.live_slots import LiveSlots
from latticework.lattice.chart.passage import Passage
from latticework.lattice.chart.readings import Readings
from latticework.lattice.chart.repair import Effort, Setting, failing_gaps, last_effort, mended, surroundings
from latticework.lattice.chart.windows import Windows
from latticework.lattice.chart.witness import Slots, Witness, realise_or_fail, slots_of, spelling_of

_LEAST_ROOM, _ROOM_OF_A_NODE = 400, 8  # nodes of a window; where a graph is small it costs less to look closer at it
_MOST_NODES_TOGETHER = 2_500  # of a graph that is exact in all gaps, for what is known of its slots
_MOST_NODES_ALIKE = 1_500  # of one that is exact in one gap


@dataclass(frozen=True, slots=True)
class Budget:
    """What one question may cost; beyond it there is no answer.

    Attributes:
        max_nodes: nodes of a lexical graph. A chart takes up to about a microsecond for each pair of them.
        max_rounds: charts.
        max_attempts: derivations of one chart that are tried in the slots.
        max_windows: windows of the largest size in which the first derivation of a chart is mended.
        window_nodes: that size, nodes of a graph.
        max_pairs: pairs of nodes, over all charts.
    """

    max_nodes: int = 4_000
    max_rounds: int = 60
    max_attempts: int = 12
    max_windows: int = 4
    window_nodes: int = 700
    max_pairs: int = 50_000_000


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """A canvas of N slots.

    Attributes:
        tokens: [N] int64, read where ``free`` is False.
        free: [N] bool.
        tail: whether end tokens may follow the text.
        elastic: whether free slots may hold fillers, which leave no text.
    """

    tokens: NDArray[np.int64]
    free: NDArray[np.bool_]
    tail: bool
    elastic: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A filling, or ``None`` and the slot at which the fixed tokens are at fault, -1 if that is not known."""

    witness: Witness | None
    slot: int = -1


def decide(language: Language, question: Question, budget: Budget, windows: Windows | None = None) -> Answer:
    """A filling of the canvas, if there is one.

    Args:
        windows: those of questions before, of the same canvas but for some tokens; more are noted.

    Raises:
        LimitExceeded: the budget is spent; no verdict.
    """
    canvas, slot = canvas_of_question(language, question)
    if canvas is None:
        return Answer(None, slot)
    passage = Passage(canvas, slots_of_canvas(language, question, canvas), language.rules.goal)
    return decide_passage(language, passage, budget, windows)


def decide_passage(language: Language, passage: Passage, budget: Budget, windows: Windows | None = None) -> Answer:
    """A filling of the slots of a passage, if there is one; see :func:`decide`."""
    canvas, slots = passage.canvas, passage.slots
    tables = language.elastic_slots if slots.elastic else language.slots
    details = language.elastic_details if slots.elastic else language.details
    gaps, read = swept(tables, canvas, slots.begin)
    if read < len(canvas.text) + (slots.end is None):
        return Answer(None, _slot_of_byte(slots, read))
    levels, keep = coarsest(canvas.gaps), everything(tables, canvas.gaps)
    windows = Windows() if windows is None else windows
    pairs = 0
    for _ in range(budget.max_rounds):
        graph = lexical_graph(tables, gaps, levels, keep, budget.max_nodes, passage.first, passage.last)
        if graph is None:
            return Answer(None)
        pairs += graph.nodes**2
        if pairs > budget.max_pairs:
            raise LimitExceeded("max_chart_pairs", budget.max_pairs)
        found = live_chart(chart_of(graph, language.rules, language.lexical.lexer), language.rules, passage.goal)
        if found is None:
            return Answer(None)
        search = Search(found, language.rules, language.lexical.lexer, canvas.gap_slots, levels)
        setting = Setting(details, canvas, gaps, levels, keep, windows)
        room = max(_LEAST_ROOM, _ROOM_OF_A_NODE * graph.nodes)
        first: Derivation | None = None
        failing: list[list[int]] = []
        for attempt in range(budget.max_attempts):
            own = search.cheapest()
            derivation = passage.with_others(own)
            spelling = spelling_of(canvas, slots, derivation)
            witness, stuck = realise_or_fail(language, slots, spelling, derivation)
            if witness is not None:
                return Answer(witness)
            groups = failing_gaps(canvas, derivation, spelling, stuck)
            if attempt == 0:
                _drop_unused(found, keep)
                first, failing = derivation, groups
                effort = Effort(min(budget.window_nodes, room), budget.max_windows)
                witness = mended(language, setting, slots, derivation, groups, effort)
                if witness is not None:
                    return Answer(witness)
            for group in groups:
                dearer = [place - len(passage.before.terminals) for place in surroundings(canvas, derivation, group)]
                search.avoid(own, *dearer)
        if first is not None and budget.max_rounds > 1 and room > budget.window_nodes:
            witness = mended(language, setting, slots, first, failing, last_effort(room))
            if witness is not None:
                return Answer(witness)
        _refine(canvas, levels, failing)
    raise LimitExceeded("max_chart_rounds", budget.max_rounds)


def alike(language: Language, question: Question, budget: Budget) -> tuple[Canvas, Alike] | None:
    """What is known of the token classes of all slots before any is asked for; ``None`` if there is no filling.

    Raises:
        LimitExceeded: the budget is spent; no verdict.
    """
    canvas, _ = canvas_of_question(language, question)
    if canvas is None:
        return None
    tables = language.elastic_slots if question.elastic else language.slots
    gaps, read = swept(tables, canvas)
    if read <= len(canvas.text):
        return None
    lexer, goal = language.lexical.lexer, language.rules.goal
    keep = everything(tables, canvas.gaps)
    graph = lexical_graph(tables, gaps, coarsest(canvas.gaps), keep, budget.max_nodes)
    if graph is None:
        return None
    found = live_chart(chart_of(graph, language.rules, lexer), language.rules, goal)
    if found is None:
        return None
    _drop_unused(found, keep)
    known = Alike(language, tables, canvas, gaps, keep, question.elastic)
    every = list(range(canvas.gaps))
    for exact in (every, *([gap] for gap in every)):
        levels = coarsest(canvas.gaps)
        levels[exact] = WORD
        try:
            most = _MOST_NODES_TOGETHER if len(exact) == canvas.gaps else _MOST_NODES_ALIKE
            graph = lexical_graph(tables, gaps, levels, keep, most)
        except LimitExceeded:
            continue
        found = None if graph is None else live_chart(chart_of(graph, language.rules, lexer), language.rules, goal)
        if graph is None or found is None:
            return None
        for gap in exact:
            known.look_closer(gap, LiveSlots(language, tables, found, int(canvas.gap_at[gap])))
        if len(exact) == canvas.gaps:
            known.read_exactly(partial(Readings, language, tables, gaps, graph))
            break
    return canvas, known


def canvas_of_question(language: Language, question: Question) -> tuple[Canvas | None, int]:
    """The canvas, or ``None`` and the slot whose token cannot be in any text."""
    filler = language.filler if question.elastic else -1
    return canvas_of(language.vocabulary, question.tokens, question.free, question.tail, filler)


def slots_of_canvas(language: Language, question: Question, canvas: Canvas) -> Slots:
    """The slots before the first fixed end token."""
    body = canvas.body
    open_from = last_closed(question.free[:body]) if question.tail else body
    return slots_of(language, question.tokens[:body], question.free[:body], open_from, question.elastic)


def last_closed(free: NDArray[np.bool_]) -> int:
    """The slot behind the last fixed one: the first before which the text may end if end tokens may follow it."""
    closed = np.flatnonzero(~free)
    return int(closed[-1]) + 1 if len(closed) else 0


def _slot_of_byte(slots: Slots, offset: int) -> int:
    """The slot whose token has a byte of the text, that of the last byte for the end of the text."""
    if not len(slots.data):
        return -1
    return int(np.searchsorted(slots.data_offset, min(offset, len(slots.data) - 1), side="right")) - 1


def _refine(canvas: Canvas, levels: NDArray[np.int32], groups: list[list[int]]) -> None:
    """Look closer at the gaps at which a derivation fails first; where they are exact, at the last other one before."""
    failing = groups[0] if groups else []
    chosen = [gap for gap in failing if levels[gap] < WORD]
    if not chosen:
        first = failing[0] if failing else canvas.gaps
        order = [*range(first - 1, -1, -1), *range(first + 1, canvas.gaps)]
        chosen = [gap for gap in order if levels[gap] < WORD][:1]
    if not chosen:
        raise RuntimeError("internal error: a derivation of the exact graph does not fit its canvas")
    for gap in chosen:
        # With one slot, a node for the slot says no more than a node for the gap.
        levels[gap] = WORD if levels[gap] == SLOT or canvas.gap_slots[gap] == 1 else SLOT


def _drop_unused(found: LiveChart, keep: NDArray[np.uint64]) -> None:
    """Of the lexemes that pass a gap, keep those that some derivation uses."""
    graph, is_live = found.chart.graph, live_edges(found)
    source, target, kind = graph.edge_source[is_live], graph.edge_target[is_live], graph.edge_class[is_live]
    own, other = graph.gap[source], graph.gap[target]
    used = np.zeros((*keep.shape[:2], keep.shape[2] * 64), np.bool_)
    used[other[other >= 0], INTO, kind[other >= 0]] = True
    inner = (own == other) & (own >= 0)
    used[own[inner], WITHIN, kind[inner]] = True
    outward = (own != other) & (own >= 0)
    used[own[outward], OUT_OF, kind[outward]] = True
    keep &= np.packbits(used, axis=2, bitorder="little").view(np.uint64)
