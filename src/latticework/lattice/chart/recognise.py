"""Texts and context-free languages: is a text in the language, and if not, where does it leave it?"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.automata.rules import Rules
from latticework.lattice.chart.canvas import text_canvas
from latticework.lattice.chart.chart import chart_of
from latticework.lattice.chart.graph import coarsest, everything, lexical_graph, swept
from latticework.lattice.chart.tables import SlotTables, text_tables

_NO_LIMIT = 1 << 30


class Recogniser:
    """Immutable; a language of texts, without a vocabulary."""

    def __init__(self, rules: Rules, lexer: Lexer) -> None:
        self.rules = rules
        self.lexer = lexer
        self._levels: NDArray[np.int32] = coarsest(0)

    @cached_property
    def _tables(self) -> SlotTables:
        return text_tables(self.lexer)

    def accepts(self, data: bytes) -> bool:
        """Whether a text is in the language; cost as of :func:`.chart.chart_of` on its lexemes."""
        gaps, read = swept(self._tables, text_canvas(data))
        if read <= len(data):
            return False
        graph = lexical_graph(self._tables, gaps, self._levels, everything(self._tables, 0), _NO_LIMIT)
        if graph is None:
            return False
        return bool(chart_of(graph, self.rules, self.lexer).holds(self.rules.goal, 0, graph.nodes - 1))
