"""The tables of an automaton from what the subset pass found: rows of its own and whole copies of blocks.

While they are put together, a move is one number, ``state << 8 | operation``. Bytes that no row and no block tells
apart share a class from the start, so that the wide table is written once: S states of K classes cost
O(S K) NumPy work and a few calls for every copy.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from latticework.automata.automaton import MAX_LEVELS, NOWHERE, RETURN, ByteAutomaton, Calls
from latticework.automata.blocks import NO_MOVE, Block, Site
from latticework.automata.graph import Path
from latticework.automata.kernels_tables import copy_block, split_moves
from latticework.automata.placement import FIRST_ENTRY, Placement, Settled


def assemble(
    cells: list[int],
    row_states: list[int],
    row_lengths: list[int],
    accepting: list[int],
    inside: list[tuple[int, Path]],
    settled: Settled,
    bounds: list[tuple[int, int]],
    sites: Sequence[Site] = (),
) -> tuple[ByteAutomaton, list[Site]]:
    """The automaton; states of blocks that cannot be reached are left out. And the sites, by the states that are left.

    Args:
        cells: the moves of all states outside of blocks and of those of blocks that are not copied, row by
            row, each ``move << 16 | low byte << 8 | high byte``.
        row_states, row_lengths: the states they belong to, and how many there are of each.
        accepting: the accepting ones of those states.
        inside: scopes of the states outside of blocks that are in any.
        settled: the blocks, how many states there are, and what those from ``FIRST_ENTRY`` on stand for.
        bounds: of every scope; those that are not used are dropped.
        sites: blocks that are left out, which states from ``FIRST_ENTRY`` on then stand for.
    """
    placed, states, bounds = settled.placements, settled.states, list(bounds)
    blocks = list(dict.fromkeys(placement.block for placement in placed))
    byte_class, begins, own_moves = _narrow_table(cells, row_lengths, blocks)
    moves = np.full((states, len(begins)), NO_MOVE, np.int32)
    scope = np.full((states, MAX_LEVELS), -1, np.int32)
    calls = _Calls(settled)
    for placement in placed:
        path, block = placement.path, placement.block
        if placement.is_call:
            calls.add_call(len(bounds), [caller.exit for caller in placement.callers], placement.base + block.joins)
            path = (*path, len(bounds))
            bounds.append((0, len(placement.callers) - 1))
        first_scope = placement.callers[0].first_scope
        if block.calls is not None:
            first_scope = len(bounds)
            bounds += block.bounds
        links = placement.links
        if block.calls is not None:
            links = range(FIRST_ENTRY + calls.entries, FIRST_ENTRY + calls.entries + len(block.calls.entry_state))
        _copy(placement, path, first_scope, np.array(links, np.int32), block.byte_class[begins], moves, scope)
        if block.calls is not None:
            calls.add_inner(block.calls, placement.base, first_scope)
    moves[row_states] = own_moves
    accepts = np.zeros(states, np.bool_)
    accepts[accepting] = True
    copies = [placement for placement in placed if not placement.is_call]
    _join([p for p in copies if p.joined and len(p.block.joins)], moves, accepts)
    for state, path in inside:
        scope[state, : len(path)] = path
    kept = _kept(states, placed)
    state_of = np.arange(-2, states, dtype=np.int32)  # by state + 2, as NOWHERE and RETURN stay
    if len(kept) < states:
        state_of[2:] = NOWHERE
        state_of[kept + 2] = np.arange(len(kept))
        accepts, scope = accepts[kept], scope[kept]
    entered = calls.entry_value >= 0
    entry_of = np.where(entered, len(kept) + np.cumsum(entered) - 1, state_of[calls.entry_state + 2]).astype(np.int32)
    next_state = np.empty((len(kept), len(begins)), np.int32)
    operation = np.empty((len(kept), len(begins)), np.uint8)
    split_moves(moves, kept, state_of, entry_of, next_state, operation)
    live = scope >= 0
    used = np.unique(np.append(scope[live], [s for site in sites for s in site.path]).astype(np.int32))
    scope_of = np.full(len(bounds) + 1, -1, np.int32)  # -1 picks the last entry
    scope_of[used] = np.arange(len(used))
    limits = np.array(bounds, np.int64).reshape(-1, 2)[used].astype(np.int32)
    levels = live.dot(np.ones(MAX_LEVELS, np.int32))
    scope = scope_of[scope]
    automaton = ByteAutomaton(
        next_state=next_state,
        operation=operation,
        byte_class=byte_class,
        accepting=accepts,
        levels=levels,
        scope=scope,
        low=np.ascontiguousarray(limits[:, 0]),
        high=np.ascontiguousarray(limits[:, 1]),
        calls=calls.done(scope, scope_of, len(used), state_of),
    )
    return automaton, [
        site._replace(exit=int(state_of[site.exit + 2]), path=tuple(scope_of[list(site.path)].tolist()))
        for site in sites
    ]


class _Calls:
    """The calls of an automaton in the making, by its states and scopes before those that are not used are dropped."""

    def __init__(self, settled: Settled) -> None:
        self.entry_state, self.entry_value = settled.entry_state, settled.entry_value
        self._returns: dict[int, list[int]] = {}
        self._returning: list[np.ndarray] = []

    @property
    def entries(self) -> int:
        """How many there are so far; the next entry is that of ``FIRST_ENTRY`` plus as many."""
        return len(self.entry_state)

    def add_call(self, scope: int, returns: list[int], returning: np.ndarray) -> None:
        self._returns[scope] = returns
        self._returning.append(returning)

    def add_inner(self, calls: Calls, base: int, first_scope: int) -> None:
        """The calls inside a copy of a block."""
        self.entry_state = np.concatenate([self.entry_state, base + calls.entry_state])
        self.entry_value = np.concatenate([self.entry_value, calls.entry_value])
        for scope, (first, last) in enumerate(itertools.pairwise(calls.return_offset.tolist())):
            if last > first:
                self._returns[first_scope + scope] = (base + calls.return_state[first:last]).tolist()
        self._returning.append(base + np.flatnonzero(calls.returning))

    def done(self, scope: np.ndarray, scope_of: np.ndarray, scopes: int, state_of: np.ndarray) -> Calls | None:
        """Args: ``scope``: [S, levels], of the states that are left; ``scope_of``: new numbers of scopes;
        ``state_of``: new numbers of states, by state + 2."""
        if not self._returns:
            return None
        by_scope = {int(scope_of[number]): returns for number, returns in self._returns.items()}
        sizes = np.zeros(scopes, np.int64)
        for number, returns in by_scope.items():
            sizes[number] = len(returns)
        is_call = np.append(sizes > 0, False)  # -1 picks the last entry
        level = np.full(len(scope), -1, np.int32)
        for at in range(MAX_LEVELS):
            level[is_call[scope[:, at]]] = at
        returning = np.zeros(len(scope), np.bool_)
        joins = state_of[np.concatenate(self._returning) + 2]
        returning[joins[joins >= 0]] = True
        entered = self.entry_value >= 0
        states = [state for number in sorted(by_scope) for state in by_scope[number]]
        return Calls(
            entry_state=state_of[self.entry_state[entered] + 2],
            entry_value=self.entry_value[entered],
            return_offset=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
            return_state=state_of[np.array(states, np.int32) + 2],
            returning=returning,
            level=level,
        )


def _narrow_table(
    cells: list[int], row_lengths: list[int], blocks: list[Block]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Class of every byte, [256], first byte of every class, [K], and the moves of the rows, [R, K]."""
    flat = np.array(cells, np.int64)
    low, high = flat >> 8 & 0xFF, flat & 0xFF
    cut = np.zeros(257, np.bool_)
    cut[0] = True
    cut[low] = True
    cut[high + 1] = True
    for block in blocks:
        cut[block.cuts] = True
    begins = np.flatnonzero(cut[:256])  # of the pieces between neighbouring cuts
    piece = np.cumsum(cut[:256]) - 1
    first = piece[low]
    width = piece[high] - first + 1
    start = np.repeat(np.arange(len(row_lengths)) * len(begins), row_lengths) + first
    at = np.arange(int(width.sum())) + np.repeat(start - (np.cumsum(width) - width), width)
    moves = np.full((len(row_lengths), len(begins)), NO_MOVE, np.int32)
    moves.reshape(-1)[at] = np.repeat(flat >> 16, width)
    # Pieces are one class if the rows agree on them and every block does.
    in_blocks = [block.byte_class[None, begins].astype(np.int32) for block in blocks]
    both = np.ascontiguousarray(np.concatenate([moves, *in_blocks]).T)
    classes: dict[bytes, int] = {}
    merged = np.array([classes.setdefault(column.tobytes(), len(classes)) for column in both], np.int64)
    kept = np.unique(merged, return_index=True)[1]
    return merged[piece], begins[kept], moves[:, kept]


def _copy(
    placement: Placement,
    path: Path,
    first_scope: int,
    links: np.ndarray,
    columns: np.ndarray,
    moves: np.ndarray,
    scope: np.ndarray,
) -> None:
    """Write moves and scopes of one copy of a block, or of a call, whose exits are returns.

    ``first_scope`` numbers the copy's own scopes; ``links`` are what its targets beyond its states stand for;
    ``columns`` are its classes of all classes.
    """
    block, depth, caller = placement.block, len(path), placement.callers[0]
    states = slice(placement.base, placement.base + block.states)
    exit_move = RETURN << 8 if placement.is_call else caller.exit << 8 | caller.exit_levels << 4
    copy_block(block.moves, columns, depth, placement.base, links, exit_move, moves[states])
    if depth:
        scope[states, :depth] = path
    if block.levels:
        own = block.scope[:, : block.levels]
        scope[states, depth : depth + block.levels] = np.where(own >= 0, own + first_scope, -1)


def _join(placed: list[Placement], moves: np.ndarray, accepts: np.ndarray) -> None:
    """Let the accepting states of blocks go on like what follows; the bytes that they read are others."""
    if not placed:
        return
    lines = np.concatenate([placement.base + placement.block.joins for placement in placed])
    after = np.repeat([placement.callers[0].exit for placement in placed], [len(p.block.joins) for p in placed])
    moves[lines] = np.maximum(moves[lines], moves[after])  # at most one of them is a move
    accepts[lines] = accepts[after]


def _kept(states: int, placed: list[Placement]) -> np.ndarray:
    """The states to keep, ascending."""
    kept = np.ones(states, np.bool_)
    for placement in placed:
        if 0 not in placement.entries:
            block = placement.block
            kept[placement.base : placement.base + block.states] = block.reachable(frozenset(placement.entries))
    return np.flatnonzero(kept)
