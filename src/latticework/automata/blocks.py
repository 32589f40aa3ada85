"""Sub-grammars compiled by themselves (``ir.Alone``, set operations), to be copied into larger automata.

A :class:`Block` is a deterministic automaton without its continuation: the accepting states that read
nothing more are gone, the moves into them are exits. The subset pass copies the tables of a block as they
are (``tables.py``) wherever it is entered on its own; only where it has to be merged with something else
does the graph ask for single rows of it. A large block has a compact form too, with calls inside; its rows are
never asked for. A block for a part that recurs leaves other blocks out and has *sites* for them: whoever copies it
decides, at each place, whether they are copied there too or called.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from latticework.automata.automaton import RETURN, ByteAutomaton

EXIT, BACK = -2, -3  # in place of a state: out of the block, out of a call inside of it
NO_MOVE, EXIT_MOVE, BACK_MOVE = -1 << 8, EXIT << 8, BACK << 8
MAX_CACHED_BYTES = 32 << 20  # of each of the caches
MAX_REMEMBERED = 64  # sets of entries of one block whose reachable states are kept

Row = list[tuple[int, int, int, int]]


class Site(NamedTuple):
    """A place in a block at which another one stands that is left out of it: entered at ``state``, left to ``exit``.

    ``path``: the outer block's scopes that the inner one lies in; ``exit``: a state of the outer block.
    """

    block: Block
    state: int
    path: tuple[int, ...]
    exit: int


class Block:
    """Immutable; n states, K byte classes, Q scopes. The start is state 0.

    Attributes:
        digest: of the IR node it came from.
        start: 0, or ``EXIT`` if the language is the empty string alone (then there are no states).
        leaves: whether any move is an exit; if not, the continuation can only begin at accepting states.
        moves: [n, K] int32, ``target << 8 | operation`` as in ``automaton.py``; ``EXIT_MOVE`` leads to the
            continuation, out of all scopes, ``NO_MOVE`` nowhere; in the compact form also ``BACK_MOVE``, out of a call,
            and targets from n on, which are entries of calls; with sites those from n on are the sites.
        byte_class: [256] int64.
        cuts: the bytes that are of another class than the one before.
        accepting: per state, whether the continuation may begin there too.
        joins: [J] int64, those states.
        join_bytes: the bytes that ``joins`` read, as a bit set.
        scope: [n, 2] int32, scope per level, -1 where there is none.
        paths: the same as tuples, outer scope first.
        bounds: (low, high) per scope.
        levels: the most levels of any state, those at sites included.
        weight: what a copy costs, in states that read few bytes; those that read any byte weigh more.
        calls: those inside, with states numbered as here; only compact forms have any.
        sites: where other blocks stand.
        recurs: whether it may have sites.
        compact: the compact form, the block itself if it has nothing to share, ``None`` if nobody asked for it.
    """

    __slots__ = (
        "_reachable",
        "_rows",
        "accepting",
        "bounds",
        "byte_class",
        "calls",
        "compact",
        "cuts",
        "digest",
        "join_bytes",
        "joins",
        "leaves",
        "levels",
        "moves",
        "paths",
        "recurs",
        "scope",
        "sites",
        "start",
        "weight",
    )

    def __init__(self, digest: bytes, automaton: ByteAutomaton, sites: Sequence[Site] | None = None) -> None:
        self.digest = digest
        self.recurs = sites is not None
        last = automaton.accepting & (automaton.next_state < 0).all(1) & (automaton.levels == 0)
        kept = np.flatnonzero(~last)
        renumber = np.full(automaton.states + 2, -1, np.int32)  # by state + 2
        renumber[2:][last] = EXIT
        renumber[kept + 2] = np.arange(len(kept))
        renumber[RETURN + 2] = BACK
        self.start = int(renumber[2])
        self.calls = calls = automaton.calls
        if calls is not None:
            entries = np.arange(len(calls.entry_state), dtype=np.int32)
            renumber = np.concatenate([renumber, len(kept) + entries])
            self.calls = replace(
                calls,
                entry_state=renumber[calls.entry_state + 2],
                return_state=renumber[calls.return_state + 2],
                returning=calls.returning[kept],
                level=calls.level[kept],
            )
        self.sites = tuple(site._replace(exit=int(renumber[site.exit + 2])) for site in sites or ())
        if sites:
            renumber = np.concatenate([renumber, len(kept) + np.arange(len(sites), dtype=np.int32)])
        self.compact: Block | None = None
        self.moves = renumber[automaton.next_state[kept] + 2] << 8 | automaton.operation[kept]
        self.leaves = bool((self.moves == EXIT_MOVE).any())
        self.byte_class = automaton.byte_class
        bytes_of_class = np.bincount(self.byte_class, minlength=self.moves.shape[1])
        self.weight = len(kept) + int(((self.moves != NO_MOVE) @ bytes_of_class).sum()) // 8
        self.cuts = np.flatnonzero(np.diff(self.byte_class)) + 1
        self.accepting: list[bool] = automaton.accepting[kept].tolist()
        self.joins = np.flatnonzero(self.accepting)
        self.scope = automaton.scope[kept]
        self.paths = [tuple(s for s in path if s >= 0) for path in self.scope.tolist()]
        self.bounds = list(zip(automaton.low.tolist(), automaton.high.tolist(), strict=True))
        self.levels = max(int(automaton.levels.max()), *(len(s.path) + s.block.levels for s in self.sites), 0)
        self._rows: dict[int, Row] = {}
        self._reachable: dict[frozenset[int], np.ndarray] = {}
        self.join_bytes = byte_set((low, high) for state in self.joins for low, high, _, _ in self.row(int(state)))

    @property
    def states(self) -> int:
        return len(self.moves)

    @property
    def nbytes(self) -> int:
        """Memory, bytes; rows asked for later are not counted."""
        own = self.moves.nbytes + self.byte_class.nbytes + 150 * self.states
        return own + (0 if self.compact is None or self.compact is self else self.compact.nbytes)

    def row(self, state: int) -> Row:
        """The moves of one state: ``(low byte, high byte, target or EXIT, operation)``, ascending."""
        found = self._rows.get(state)
        if found is None:
            found = []
            moves = self.moves[state, self.byte_class]
            ends = [*(np.flatnonzero(np.diff(moves)) + 1).tolist(), 256]
            for low, end in itertools.pairwise([0, *ends]):
                move = int(moves[low])
                if move != NO_MOVE:
                    found.append((low, end - 1, move >> 8, move & 255))
            self._rows[state] = found
        return found

    def in_compact(self, state: int) -> int | None:
        """The state of the compact form that stands for the start or one right behind it, as far as that is known."""
        if state == 0:
            return 0
        compact = self.compact
        if compact is None or compact is self or self.paths[state]:
            return None
        found = -1
        for low, high, target, operation in self.row(0):
            if target == state:
                moves = compact.moves[0, compact.byte_class[low : high + 1]]
                first = int(moves[0])
                if operation or first & 0xFF or (moves != first).any() or found not in (-1, first >> 8):
                    return None
                found = first >> 8
        return found if 0 <= found < compact.states and not compact.paths[found] else None

    def reachable(self, entries: frozenset[int]) -> np.ndarray:
        """[n] bool, the states that can be reached from ``entries``, and those of all calls inside."""
        seen = self._reachable.get(entries)
        if seen is None:
            seen = np.zeros(self.states, np.bool_)
            behind, frontier = np.array([site.exit for site in self.sites], np.int64), np.array(sorted(entries))
            if self.calls is not None:  # whatever is called, or returned to, stays
                behind = self.calls.entry_state
                frontier = np.unique(np.concatenate([frontier, behind, self.calls.return_state]))
            after = np.concatenate([np.arange(self.states), behind])
            while len(frontier):
                seen[frontier] = True
                targets = np.unique(self.moves[frontier]) >> 8
                targets = after[targets[targets >= 0]]
                frontier = targets[~seen[targets]]
            if len(self._reachable) < MAX_REMEMBERED:
                self._reachable[entries] = seen
        return seen


class Deferred(Block):
    """A block of which there is no more than its compact form until something else of it is asked for."""

    __slots__ = ("_make",)

    def __init__(self, compact: Block, make: Callable[[], Block]) -> None:
        """``make`` gives the block; it may be asked by several threads at once."""
        self.digest, self.start, self.sites, self.recurs, self.compact = compact.digest, 0, (), False, compact
        assert compact.calls is not None
        is_count = np.append(np.diff(compact.calls.return_offset) == 0, False)  # -1 picks the last entry
        self.levels = int(is_count[compact.scope].sum(1).max())
        self._make = make

    def __getattr__(self, name: str) -> Any:
        made = self._make()
        for attribute in Block.__slots__:
            if attribute != "compact":
                setattr(self, attribute, getattr(made, attribute))
        return getattr(self, name)

    @property
    def is_made(self) -> bool:
        try:
            object.__getattribute__(self, "moves")
        except AttributeError:
            return False
        return True

    @property
    def nbytes(self) -> int:
        own = super().nbytes if self.is_made else 0
        return max(own, 0 if self.compact is None else self.compact.nbytes)


class Instance:
    """A block that stands before the node ``k``, inside the scopes ``path``.

    ``first_scope`` numbers its own copies of the block's scopes; ``ends`` are the nodes that ``k`` is the
    union of; ``nodes`` the graph nodes of those states that were asked for singly. ``outer`` is the block that has a
    site for this one, or the block itself.
    """

    __slots__ = ("block", "ends", "first_scope", "k", "nodes", "outer", "path")

    def __init__(self, block: Block, k: int, ends: tuple[int, ...], path: tuple[int, ...], outer: Block) -> None:
        self.block, self.k, self.ends, self.path, self.outer = block, k, ends, path, outer
        self.first_scope = -1  # until they are numbered
        self.nodes: dict[int, int] = {}

    def path_of(self, state: int) -> tuple[int, ...]:
        return self.path if not state else self.within(self.block.paths[state])

    def within(self, own: tuple[int, ...]) -> tuple[int, ...]:
        """The path of something that lies in these scopes of the block."""
        return (*self.path, *(self.first_scope + scope for scope in own)) if own else self.path


class Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


Entry = TypeVar("Entry", bound=Sized)


class BuildLimits(Protocol):
    """Sizes the builder respects; ``latticework.Limits`` has them."""

    @property
    def max_nodes(self) -> int: ...
    @property
    def max_states(self) -> int: ...


class Cache(Generic[Entry]):
    """Least recently used entries, bounded in bytes. Thread-safe; two threads may make the same entry at once.

    What has been made within limits serves for larger ones, but not for smaller ones: what exceeds limits does so
    whatever was made before.
    """

    def __init__(self, max_bytes: int = MAX_CACHED_BYTES) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, tuple[Entry, int, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, limits: BuildLimits) -> Entry | None:
        with self._lock:
            found = self._entries.get(key)
            if found is None or not _serves(found, limits):
                return None
            self._entries.move_to_end(key)
        return found[0]

    def made(self, key: Hashable, limits: BuildLimits, make: Callable[[], Entry]) -> Entry:
        """The entry of a key; where there is none, what ``make`` makes within ``limits``, from now on."""
        entry = self.get(key, limits)
        if entry is None:
            entry = make()
            self.put(key, limits, entry)
        return entry

    def put(self, key: Hashable, limits: BuildLimits, entry: Entry) -> None:
        """``entry`` has been made within ``limits``."""
        with self._lock:
            known = self._entries.get(key)
            if known is not None:
                if _serves(known, limits):
                    return
                self._bytes -= known[0].nbytes
            self._entries[key] = entry, limits.max_nodes, limits.max_states
            self._entries.move_to_end(key)
            self._bytes += entry.nbytes
            while self._bytes > self.max_bytes and len(self._entries) > 1:
                self._bytes -= self._entries.popitem(last=False)[1][0].nbytes


def _serves(found: tuple[Sized, int, int], limits: BuildLimits) -> bool:
    return found[1] <= limits.max_nodes and found[2] <= limits.max_states


compiled: Cache[Block] = Cache()
wholes: Cache[ByteAutomaton] = Cache()
operands: Cache[ByteAutomaton] = Cache()  # of set operations, without counters


def byte_set(ranges: Iterable[tuple[int, int]]) -> int:
    """Inclusive ranges of bytes as a set of bits."""
    bits = 0
    for low, high in ranges:
        bits |= (1 << (high + 1)) - (1 << low)
    return bits
