"""From a grammar and a vocabulary to a constraint, through a cache bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from latticework.automata.build import build_automaton
from latticework.garbage import paused
from latticework.grammar.grammar import Grammar
from latticework.grammar.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    import os

    from latticework.automata.rules import Rules
    from latticework.grammar.cfg.syntax import ContextFreeGrammar
    from latticework.lattice.arranged.constraint import ArrangedConstraint
    from latticework.lattice.chart.constraint import ContextFreeConstraint
    from latticework.lattice.chart.decide import Budget
    from latticework.lattice.chart.language import Derived
    from latticework.lattice.constraint import Constraint
    from latticework.table_cache import TableCache
    from latticework.table_files import Tables
    from latticework.tokens.lexical import LexicalTables
    from latticework.tokens.vocabulary import Vocabulary

DEFAULT_CACHE_BYTES = 256 << 20

Key: TypeAlias = tuple[Grammar, Limits, bytes]
AnyConstraint: TypeAlias = "Constraint | ArrangedConstraint | ContextFreeConstraint"


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """State of the compile cache: entries, bytes of their tables, calls answered from it and not."""

    entries: int
    bytes: int
    hits: int
    misses: int


class CompileCache:
    """Least recently used constraints, bounded by the bytes of their tables. Thread-safe.

    The key is the grammar (language, front end and reader), the limits and the vocabulary's digest;
    it lives in memory only, so a version is no part of it. Two threads that ask for the same
    constraint at once share one compilation; a failure is not cached.
    """

    def __init__(self, max_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, Future[AnyConstraint]] = OrderedDict()
        self._sizes: dict[Key, int] = {}
        self._hits = 0
        self._misses = 0

    def get(
        self, grammar: Grammar, vocabulary: Vocabulary, limits: Limits, files: TableCache | None = None
    ) -> AnyConstraint:
        """The constraint, compiled now unless it is there, or its tables are in ``files``. Raises what compiling
        raises."""
        key = (grammar, limits, vocabulary.digest)
        future: Future[AnyConstraint] = Future()
        with self._lock:
            present = self._entries.get(key)
            if present is not None:
                self._hits += 1
                self._entries.move_to_end(key)
            else:
                self._misses += 1
                self._entries[key] = future
        if present is not None:
            return present.result()
        try:
            with paused():
                constraint = _compile(grammar, vocabulary, limits, files)
        except BaseException as error:
            with self._lock:
                self._entries.pop(key, None)
            future.set_exception(error)
            raise
        future.set_result(constraint)
        self._account(key, constraint.nbytes)
        return constraint

    def _account(self, key: Key, size: int) -> None:
        with self._lock:
            if key in self._entries:
                self._sizes[key] = size
            while sum(self._sizes.values()) > self.max_bytes and len(self._sizes) > 1:
                oldest = next(k for k in self._entries if k in self._sizes)
                del self._entries[oldest], self._sizes[oldest]

    def info(self) -> CacheInfo:
        """Counters and sizes at this moment."""
        with self._lock:
            return CacheInfo(len(self._sizes), sum(self._sizes.values()), self._hits, self._misses)

    def clear(self) -> None:
        """Forget every finished constraint."""
        with self._lock:
            for key in list(self._sizes):
                del self._entries[key], self._sizes[key]


cache = CompileCache()
_in_memory = cache  # under a name that no argument hides


def compile(
    grammar: Grammar,
    vocabulary: Vocabulary,
    limits: Limits | None = None,
    *,
    cache: str | os.PathLike[str] | None = None,
) -> AnyConstraint:
    """Compile ``grammar`` for ``vocabulary``: a :class:`Constraint`, or one with the same questions: a
    :class:`ContextFreeConstraint` where the grammar is context-free, an :class:`ArrangedConstraint` where large objects
    have their members in any order.

    Cached in memory by grammar, limits and vocabulary (least recently used, 256 MiB of tables). A
    typical JSON Schema costs a few milliseconds on a vocabulary of 131k tokens when it is not cached.

    Args:
        grammar: from ``json_schema``, ``regex``, ``lark``, ...
        vocabulary: of the model.
        limits: of the tables and of questions; defaults in :class:`Limits`.
        cache: folder in which tables are kept between processes; the environment variable ``LATTICEWORK_CACHE`` names
            one for all calls (``LATTICEWORK_CACHE_BYTES``: its size, 1 GiB). Damaged files are written anew.

    Raises:
        LimitExceeded: the grammar needs more states or nodes than ``limits`` allow.
        TypeError: ``grammar`` is not a :class:`Grammar`; see ``json_schema``, ``regex``, ``choice``, ``text``.
    """
    if not isinstance(grammar, Grammar):
        raise TypeError(f"expected a Grammar (json_schema(...), regex(...), ...), got {type(grammar).__name__}")
    from latticework.table_cache import cache_of

    return _in_memory.get(grammar, vocabulary, limits or DEFAULT_LIMITS, cache_of(cache))


def _compile(grammar: Grammar, vocabulary: Vocabulary, limits: Limits, files: TableCache | None) -> AnyConstraint:
    if grammar.arranged is not None:
        from latticework.lattice.arranged.constraint import ArrangedConstraint

        return ArrangedConstraint(vocabulary, grammar, limits, files)

    def make() -> Tables:
        if grammar.context_free is not None:
            return _context_free_tables(grammar.context_free, vocabulary, limits)
        from latticework.tokens.lifting import lift

        return lift(build_automaton(grammar.node, limits), vocabulary)

    if files is None:
        tables = make()
    else:
        from latticework.table_cache import key_of

        tables = files.get(key_of(grammar, vocabulary, limits), make)
    if isinstance(tables, tuple):
        from latticework.lattice.chart.constraint import ContextFreeConstraint

        rules, lexical, derived = tables
        return ContextFreeConstraint(vocabulary, rules, lexical, grammar, budget_of(limits), derived)
    from latticework.lattice.constraint import Constraint

    return Constraint(vocabulary, tables, grammar, limits.max_cells)


def budget_of(limits: Limits) -> Budget:
    """What one question about a context-free canvas may cost within ``limits``."""
    from latticework.lattice.chart.decide import Budget

    return Budget(limits.max_chart_nodes, limits.max_chart_rounds, max_pairs=limits.max_chart_pairs)


def _context_free_tables(
    grammar: ContextFreeGrammar, vocabulary: Vocabulary, limits: Limits
) -> tuple[Rules, LexicalTables, Derived]:
    from latticework.automata.conditions import complete_lexer
    from latticework.automata.rules import rules_of
    from latticework.lattice.chart.language import Language
    from latticework.tokens.words import lexical_tables

    rules = rules_of(grammar)
    lexical = lexical_tables(complete_lexer(grammar, limits.max_states), vocabulary)
    return rules, lexical, Language(vocabulary, rules, lexical).derived
