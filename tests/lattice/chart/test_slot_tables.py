"""Sums over the word graph, against sets of Python."""

from __future__ import annotations

import numpy as np
import pytest

import latticework as lw
from latticework.automata.conditions import complete_lexer
from latticework.lattice.chart.tables import Bits, slot_tables
from latticework.tokens.lexical import LexicalTables
from latticework.tokens.words import lexical_tables

WORDS = [bytes([value]) for value in range(256)]
WORDS += [
    b'{"',
    b'":',
    b'",',
    b"1,",
    b"1)",
    b"((",
    b")+(",
    b"a,b,c",
    b"\n1",
    b"}}",
    b"[1,2",
    b"1.5",
    b"true",
    b" null ",
    b'""',
]
VOCABULARY = lw.Vocabulary([*WORDS, b""], {len(WORDS): "filler"})


def members(bits: Bits) -> list[set[int]]:
    return [set(np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).tolist()) for row in bits]


def of_node(offset: np.ndarray, member: np.ndarray, node: int) -> set[int]:
    return set(member[offset[node] : offset[node + 1]].tolist())


def behind(lexical: LexicalTables, node: int) -> set[int]:
    """All nodes behind an edge of ``node`` or more."""
    found: set[int] = set()
    stack = [node]
    while stack:
        for target in of_node(lexical.edge_offset, lexical.edge_target, stack.pop()) - found:
            found.add(target)
            stack.append(target)
    return found


@pytest.mark.parametrize("name", ["json", "csv", "arithmetic"])
def test_sums_are_those_of_all_nodes_behind(name: str) -> None:
    grammar = lw.lark(name).context_free
    assert grammar is not None
    lexical = lexical_tables(complete_lexer(grammar, 10_000), VOCABULARY)
    tables = slot_tables(lexical)
    ends = [of_node(lexical.end_offset, lexical.end_state, node) for node in range(lexical.nodes)]
    classes = [of_node(lexical.edge_offset, lexical.edge_class, node) for node in range(lexical.nodes)]
    assert members(tables.node_end) == ends
    assert members(tables.node_class) == classes
    roots = lexical.root.tolist()
    assert members(tables.stay) == [ends[root] for root in roots]
    assert members(tables.first) == [classes[root] for root in roots]
    inner = [behind(lexical, root) for root in roots]
    assert max(map(len, inner)) > 2
    assert members(tables.inside) == inner
    assert members(tables.inside_end) == [set().union(*(ends[node] for node in nodes)) for nodes in inner]
    assert members(tables.inside_class) == [set().union(*(classes[node] for node in nodes)) for nodes in inner]
    source = np.repeat(np.arange(lexical.nodes), np.diff(lexical.edge_offset))
    assert (tables.rank[source] < tables.rank[lexical.edge_target]).all()
    assert np.array_equal(tables.rank[tables.by_rank], np.arange(lexical.nodes))
