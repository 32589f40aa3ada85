"""Lexer and lexical tables of the shipped grammars on a 131k vocabulary: times and sizes.

"Reading" is the grammar text, "lexer" the automaton of its lexemes, "tables" what every token does to it. Kernels are
compiled before; the first call in a process that finds none in the cache compiles them for some seconds.
Run: ``python benchmarks/lexical_tables.py``; with ``--cold`` the first call in this process, cache as it is.
"""

from __future__ import annotations

import sys
import time

from common import machine, milliseconds, table, tekken_vocabulary, write_result

import latticework as lw
from latticework.automata.lexing import build_lexer
from latticework.grammar.cfg.library import names
from latticework.tokens.words import lexical_tables


def main() -> None:
    vocabulary = tekken_vocabulary()
    if "--cold" in sys.argv:
        lexer = build_lexer(lw.lark("json").as_context_free())
        assert vocabulary.trie.nodes
        begin = time.perf_counter()
        lexical_tables(lexer, vocabulary)
        print(f"first tables, kernels loaded or compiled: {time.perf_counter() - begin:.2f} s")
        return
    rows = []
    for name in names():
        if name == "common":  # terminals to import, no grammar
            continue
        grammar = lw.lark(name).as_context_free()
        lexer = build_lexer(grammar)
        tables = lexical_tables(lexer, vocabulary)
        times = [
            milliseconds(lambda name=name: lw.lark(name)),
            milliseconds(lambda grammar=grammar: build_lexer(grammar)),
            milliseconds(lambda lexer=lexer: lexical_tables(lexer, vocabulary)),
        ]
        sizes = [len(grammar.terminals), lexer.states, lexer.classes, tables.classes, len(tables.word_parent)]
        sizes += [len(tables.reading_source), tables.nodes, len(tables.edge_class)]
        rows.append([name, *sizes, *times, tables.nbytes / 1e6])
    header = ["grammar", "terminals", "states", "classes", "token classes", "words", "readings", "nodes", "edges"]
    header += ["reading ms", "lexer ms", "tables ms", "tables MB"]
    text = f"# Lexers of context-free grammars, {len(vocabulary):,} tokens, one thread\n\n{machine()}\n\n"
    write_result("lexical_tables", text + table(header, rows))


if __name__ == "__main__":
    main()
