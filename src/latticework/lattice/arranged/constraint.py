"""Compiled constraints whose objects have their members in any order, and sessions over canvases."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

from latticework.automata import run
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded
from latticework.grammar import arrangement
from latticework.grammar.arrangement import Order, Tracked
from latticework.grammar.ir import Node
from latticework.grammar.tree_size import tree_size
from latticework.lattice.arranged.keys import KeyOrders, key_orders, repaired
from latticework.lattice.arranged.matching import TextMatcher
from latticework.lattice.constraint import Constraint
from latticework.lattice.explain import Explanation, explain, explanation
from latticework.tokens.lifting import lift

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar
    from latticework.grammar.limits import Limits
    from latticework.lattice.arranged.session import ArrangedSession
    from latticework.table_cache import TableCache
    from latticework.table_files import Tables
    from latticework.tokens.vocabulary import Vocabulary

MAX_TRACKED = 10  # members of which relaxed languages know whether they have been written
MAX_TRACKED_WEIGHT = 20_000  # nodes of a relaxed grammar, once for each set of tracked members: some 0.4 s to compile
_VIEWS_KEPT = 12
_AUTOMATA_KEPT = 32
_MOST_NAMES = 500  # that are tried behind the last key, to tell what could follow

View: TypeAlias = "Tracked | tuple[Order, ...]"


class ArrangedConstraint:
    """A language in which members of large objects stand in any order. Immutable to its users; thread-safe.

    No automaton holds it, see :mod:`latticework.grammar.arrangement`. Constraints on larger and smaller languages are
    compiled as they are needed, and the latest ones kept.

    Attributes:
        vocabulary: the vocabulary.
        grammar: what was compiled.
        limits: of each automaton.
        sites: the unordered nodes of the grammar.

    Tables of those languages are kept in ``files``, where it is given.
    """

    def __init__(
        self, vocabulary: Vocabulary, grammar: Grammar, limits: Limits, files: TableCache | None = None
    ) -> None:
        assert grammar.arranged is not None
        self.vocabulary = vocabulary
        self.grammar = grammar
        self.limits = limits
        self._files = files
        self.sites = arrangement.sites(grammar.arranged)
        self._root: Node = grammar.arranged
        self._matcher = TextMatcher(self._root, limits) if TextMatcher.knows(self._root) else None
        self._lock = threading.Lock()
        self._views: OrderedDict[View, Constraint] = OrderedDict()
        self._automata: OrderedDict[tuple[bool, tuple[Order, ...]], ByteAutomaton] = OrderedDict()
        self._loosest = self._view(frozenset(), lambda: arrangement.relaxed(self._root, frozenset()))

    @property
    def nbytes(self) -> int:
        """Memory of the tables at this moment, bytes."""
        with self._lock:
            return self._loosest.nbytes + sum(view.nbytes for view in self._views.values() if view is not self._loosest)

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that name the language and the vocabulary."""
        return blake2b(b"arranged" + self.vocabulary.digest + self.grammar.digest, digest_size=16).digest()

    @cached_property
    def in_few_orders(self) -> Constraint:
        """The part of the language that one automaton of moderate size holds, for what needs one."""
        grammar = self.grammar.in_few_orders()
        return Constraint(self.vocabulary, self._lifted(grammar.node), grammar, self.limits.max_cells)

    def relaxed(self, tracked: Tracked) -> Constraint:
        """The language with members that are not ``tracked`` any number of times. Contains this one.

        Raises:
            LimitExceeded: too large.
        """
        return self._view(tracked, lambda: arrangement.relaxed(self._root, tracked)) if tracked else self._loosest

    def listed(self, orders: Iterable[Order]) -> Constraint:
        """The language with members as in the schema, or as in one of ``orders``. A part of this one.

        Raises:
            LimitExceeded: too large.
        """
        wanted = tuple(sorted(set(orders)))
        return self._view(wanted, lambda: arrangement.listed(self._root, wanted))

    def may_track(self, tracked: Tracked) -> bool:
        """Whether a relaxed language is of moderate size."""
        return len(tracked) <= MAX_TRACKED and self._loosest_weight << len(tracked) <= MAX_TRACKED_WEIGHT

    @cached_property
    def _loosest_weight(self) -> int:
        return tree_size(arrangement.relaxed(self._root, frozenset())).weight

    def accepts(self, text: str | bytes) -> bool:
        """Whether a text (UTF-8 if str) is in the language; O(bytes), see :mod:`.matching`."""
        try:
            data = text if isinstance(text, bytes) else text.encode()
        except UnicodeEncodeError:
            return False
        return self._loosest.accepts(data) and self.holds(data, key_orders(data))

    def holds(self, text: bytes, orders: KeyOrders) -> bool:
        """The same for a text of a relaxed language, with the orders of its keys."""
        if self._matcher is not None:
            with suppress(RecursionError):  # the automaton of its orders needs no stack
                return self._matcher.matches(text)
        return run.accepts(self._automaton(orders.all, whole=True), text)

    def explain(self, text: str | bytes) -> Explanation:
        """Where a text leaves the language and what could follow there; cost as :meth:`accepts`."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        if self._matcher is not None and self._matcher.explains:
            with suppress(RecursionError):
                return explanation(data, *self._matcher.reach(data), self.accepts(data))
        offset = self._loosest.explain(data).offset
        while True:
            # A document goes on behind a text in orders that begin with those of its keys.
            orders = key_orders(data[:offset])
            names = list(dict.fromkeys(name for site in self.sites for name in site.names))[:_MOST_NAMES]
            known = [repaired(order) for order in orders.all]
            following = [(*repaired(order), name) for order in orders.open for name in names if name not in order]
            found = explain(self._automaton((*known, *following)), data)
            if found.offset >= offset:
                return found
            offset = found.offset

    @cached_property
    def min_tokens(self) -> int:
        """Fewest tokens of a document with its keys in the order of the schema, end and pad not counted.

        Raises:
            Infeasible: no document can be written with the tokens of the vocabulary.
            LimitExceeded: documents have more than 4,096 tokens, if there are any.
        """
        return self.listed(()).min_tokens

    def most_tokens(self, limit: int = 4096) -> int | None:
        """Most tokens of a document with its keys in the order of the schema; see :meth:`.Constraint.most_tokens`."""
        return self.listed(()).most_tokens(limit)

    def session(self, tokens: Any, free: Any, tail: bool = True) -> ArrangedSession:
        """Ask about one canvas; arguments and errors as :meth:`.Constraint.session`.

        Raises:
            LimitExceeded: it cannot be told whether the canvas can be filled; no verdict.
        """
        from latticework.lattice.arranged.session import ArrangedSession

        return ArrangedSession(self, tokens, free, tail)

    def _view(self, key: View, make: Any) -> Constraint:
        with self._lock:
            found = self._views.get(key)
            if found is not None:
                self._views.move_to_end(key)
                return found
        made = Constraint(self.vocabulary, self._lifted(make()), self.grammar, self.limits.max_cells)
        with self._lock:
            self._views[key] = made
            while len(self._views) > _VIEWS_KEPT:
                self._views.popitem(last=False)
        return made

    def _lifted(self, node: Node) -> Any:
        def make() -> Tables:
            return lift(build_automaton(node, self.limits), self.vocabulary)

        if self._files is None:
            return make()
        from latticework.table_cache import key_of

        return self._files.get(key_of(node, self.vocabulary, self.limits), make)

    def _automaton(self, orders: Iterable[Order], whole: bool = False) -> ByteAutomaton:
        """Documents with their keys as in the schema or in one of ``orders``, see :func:`.arrangement.listed`."""
        wanted = tuple(sorted(set(orders)))
        key = whole, wanted
        with self._lock:
            found = self._automata.get(key)
            if found is not None:
                self._automata.move_to_end(key)
                return found
        made = build_automaton(arrangement.listed(self._root, wanted, whole), self.limits)
        with self._lock:
            self._automata[key] = made
            while len(self._automata) > _AUTOMATA_KEPT:
                self._automata.popitem(last=False)
        return made


def over_budget() -> LimitExceeded:
    """The error of a question about the order of keys that cannot be answered within the limits."""
    return LimitExceeded(
        "members whose repetition is followed",
        MAX_TRACKED,
        hint='the order of so many keys is open: property_order="schema" has no such limit',
    )
