"""Lexer and lexical tables of the shipped grammars on a 131k vocabulary: times and sizes.

"Reading" is the grammar text, "lexer" the automaton of its lexemes, "tables" what every token does to it. Kernels are
compiled before; the first call in a process that finds none in the cache compiles them for some seconds.
Run: ``python benchmarks/lexical_tables.py``; with ``--cold`` the first call in this process, cache as it is; with
``--cache`` compiling against reading tables from a folder (``latticework.compile(..., cache=...)``).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from common import machine, milliseconds, table, tekken_vocabulary, write_result

import latticework as lw
from latticework.automata.lexing import build_lexer
from latticework.compiler import CompileCache
from latticework.grammar.cfg.library import names
from latticework.grammar.limits import DEFAULT_LIMITS
from latticework.table_cache import TableCache
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
    if "--cache" in sys.argv:
        with TemporaryDirectory() as folder:
            measure_cache(vocabulary, Path(folder))
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


SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 40}, "items": {"type": "array", "maxItems": 10}},
}


def measure_cache(vocabulary: lw.Vocabulary, folder: Path) -> None:
    """A constraint compiled, and made from its file, which the system has in memory."""
    rows = []
    for name in ("json", "cpp", "python", "sql", "JSON Schema"):
        cache = TableCache(folder / name)
        times = [_fastest(name, vocabulary, files) for files in (None, cache)]
        size = sum(path.stat().st_size for path in cache.folder.iterdir())
        rows.append([name, *times, size / 1e6])
    text = f"# Tables from a folder, {len(vocabulary):,} tokens, one thread\n\n{machine()}\n\n"
    text += (
        "Milliseconds of `compile` without reading the text of the grammar, the fastest of five; files in memory.\n\n"
    )
    write_result("table_cache", text + table(["grammar", "compiled ms", "from a file ms", "file MB"], rows))


def _fastest(name: str, vocabulary: lw.Vocabulary, files: TableCache | None, repeat: int = 6) -> float:
    """Milliseconds; the first time, in which kernels are loaded and a file is written, does not count."""
    times = []
    for _ in range(repeat):
        grammar = lw.json_schema(SCHEMA) if name == "JSON Schema" else lw.lark(name)  # lexers are kept with a grammar
        begin = time.perf_counter()
        CompileCache().get(grammar, vocabulary, DEFAULT_LIMITS, files)
        times.append(1e3 * (time.perf_counter() - begin))
    return min(times[1:])


if __name__ == "__main__":
    main()
