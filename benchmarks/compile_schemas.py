"""Compile time and table size per schema on a 131k vocabulary, xgrammar and llguidance in the same run.

The three do different work: we build the whole token automaton (forward and backward questions for
every slot follow from it), xgrammar builds token masks per grammar state, llguidance builds a lazy
parser and computes masks when asked; for the last two the first mask is included.
Run: ``python benchmarks/compile_schemas.py``.
"""

from __future__ import annotations

from common import machine, milliseconds, reference_schemas, table, tekken_vocabulary, write_result
from peers import llguidance_engine, versions, xgrammar_engine

import latticework as lw
from latticework.automata import blocks
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.grammar import ir
from latticework.tokens.lifting import lift


def main() -> None:
    vocabulary = tekken_vocabulary()
    first_xgrammar = xgrammar_engine(any_whitespace=False)
    first_llguidance = llguidance_engine(whitespace_flexible=False)
    rows = []
    for name, schema in reference_schemas().items():
        grammar = lw.json_schema(schema)
        automaton = build_automaton(grammar.node)
        tokens = lift(automaton, vocabulary)
        front = milliseconds(lambda schema=schema: lw.json_schema(schema))
        build = milliseconds(lambda node=grammar.node: _built(node))
        lifting = milliseconds(lambda a=automaton: lift(a, vocabulary))
        total = front + build + lifting
        xgr = milliseconds(lambda schema=schema: first_xgrammar(schema), 1)
        llg = milliseconds(lambda schema=schema: first_llguidance(schema), 3)
        sizes = [automaton.states, tokens.edges, tokens.labels]
        rows.append(
            [name, *sizes, front, build, lifting, total, tokens.nbytes / 1e6, xgr, llg, xgr / total, llg / total]
        )
    header = ["schema", "states", "edges", "labels", "front ms", "build ms", "lift ms", "total ms", "tables MB"]
    header += ["xgrammar ms", "llguidance ms", "xgrammar / ours", "llguidance / ours"]
    text = f"# Compile, {len(vocabulary):,} tokens, compact whitespace, one thread\n\n{machine()}; {versions()}\n\n"
    write_result("compile_schemas", text + table(header, rows))


def _built(node: ir.Node) -> ByteAutomaton:
    """The automaton, built again: the latest ones are kept. What recurs from schema to schema stays in memory."""
    blocks.wholes = blocks.Cache()
    return build_automaton(node)


if __name__ == "__main__":
    main()
