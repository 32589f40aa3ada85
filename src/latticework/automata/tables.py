"""The tables of an automaton from what the subset pass found: rows of its own and whole copies of blocks.

While they are put together, a move is one number, ``state << 8 | operation``. Bytes that no row and no block tells
apart share a class from the start, so that the wide table is written once: S states of K classes cost
O(S K) NumPy work and a few calls for every copy.
"""

from __future__ import annotations

import numpy as np

from latticework.automata.automaton import MAX_LEVELS, ByteAutomaton
from latticework.automata.blocks import EXIT_MOVE, NO_MOVE, Block, Instance
from latticework.automata.graph import Path


class Placement:
    """A block's states ``base, base + 1, ...`` in the automaton; ``entries`` are those reached from outside.

    ``exit`` is the state of what follows, within ``exit_levels`` scopes. ``joined``: the block's accepting states
    go on like it too; otherwise they have rows of their own.
    """

    __slots__ = ("base", "entries", "exit", "exit_levels", "instance", "joined")

    def __init__(self, instance: Instance, base: int) -> None:
        self.instance, self.base = instance, base
        self.entries: set[int] = set()
        self.exit = -1
        self.exit_levels = 0
        self.joined = True


def assemble(
    states: int,
    cells: list[int],
    row_states: list[int],
    row_lengths: list[int],
    accepting: list[int],
    inside: list[tuple[int, Path]],
    placed: list[Placement],
    bounds: list[tuple[int, int]],
) -> ByteAutomaton:
    """The automaton; states of blocks that cannot be reached are left out.

    Args:
        states: how many.
        cells: the moves of all states outside of blocks and of those of blocks that are not copied, row by
            row, each ``move << 16 | low byte << 8 | high byte``.
        row_states, row_lengths: the states they belong to, and how many there are of each.
        accepting: the accepting ones of those states.
        inside: scopes of the states outside of blocks that are in any.
        placed: the blocks.
        bounds: of every scope; those that are not used are dropped.
    """
    blocks = list(dict.fromkeys(placement.instance.block for placement in placed))
    byte_class, begins, own_moves = _narrow_table(cells, row_lengths, blocks)
    local: dict[tuple[Block, int], _Local] = {}
    moves = np.full((states, len(begins)), NO_MOVE, np.int32)
    scope = np.full((states, MAX_LEVELS), -1, np.int32)
    for placement in placed:
        key = placement.instance.block, len(placement.instance.path)
        if key not in local:
            local[key] = _Local(*key, begins)
        local[key].copy(placement, moves, scope)
    moves[row_states] = own_moves
    accepts = np.zeros(states, np.bool_)
    accepts[accepting] = True
    _join([p for p in placed if p.joined and len(p.instance.block.joins)], moves, accepts)
    for state, path in inside:
        scope[state, : len(path)] = path
    next_state, operation = moves >> 8, moves.astype(np.uint8)
    kept = _kept(states, placed)
    if kept is not None:
        renumber = np.full(states + 1, -1, np.int32)  # -1 picks the last entry
        renumber[kept] = np.arange(len(kept))
        next_state, operation = renumber[next_state[kept]], operation[kept]
        accepts, scope = accepts[kept], scope[kept]
    live = scope >= 0
    used = np.unique(scope[live])
    renumber = np.full(len(bounds) + 1, -1, np.int32)
    renumber[used] = np.arange(len(used))
    limits = np.array(bounds, np.int64).reshape(-1, 2)[used].astype(np.int32)
    return ByteAutomaton(
        next_state=next_state,
        operation=operation,
        byte_class=byte_class,
        accepting=accepts,
        levels=live.dot(np.ones(MAX_LEVELS, np.int32)),
        scope=renumber[scope],
        low=np.ascontiguousarray(limits[:, 0]),
        high=np.ascontiguousarray(limits[:, 1]),
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


class _Local:
    """The moves of a block that stands within ``depth`` scopes, for the classes that begin with ``begins``."""

    def __init__(self, block: Block, depth: int, begins: np.ndarray) -> None:
        self.moves = block.moves[:, block.byte_class[begins]]
        inner = self.moves >= 0
        self.exits = np.flatnonzero(self.moves == EXIT_MOVE)
        self.step = inner.astype(np.int32) << 8  # what to add for each state that the block is moved by
        if depth:
            deeper = (self.moves & -16) + (depth << 4) | (self.moves & 15) << depth
            self.moves = np.where(inner, deeper, self.moves)

    def copy(self, placement: Placement, moves: np.ndarray, scope: np.ndarray) -> None:
        """Write moves and scopes of one copy."""
        instance = placement.instance
        block, depth = instance.block, len(instance.path)
        states = slice(placement.base, placement.base + block.states)
        np.multiply(self.step, placement.base, out=moves[states])
        moves[states] += self.moves
        moves[states].reshape(-1)[self.exits] = placement.exit << 8 | placement.exit_levels << 4
        if depth:
            scope[states, :depth] = instance.path
        if block.levels:
            own = block.scope[:, : block.levels]
            scope[states, depth : depth + block.levels] = np.where(own >= 0, own + instance.first_scope, -1)


def _join(placed: list[Placement], moves: np.ndarray, accepts: np.ndarray) -> None:
    """Let the accepting states of blocks go on like what follows; the bytes that they read are others."""
    if not placed:
        return
    lines = np.concatenate([placement.base + placement.instance.block.joins for placement in placed])
    after = np.repeat([placement.exit for placement in placed], [len(p.instance.block.joins) for p in placed])
    moves[lines] = np.maximum(moves[lines], moves[after])  # at most one of them is a move
    accepts[lines] = accepts[after]


def _kept(states: int, placed: list[Placement]) -> np.ndarray | None:
    """The states to keep, ascending; ``None`` for all."""
    kept: np.ndarray | None = None
    for placement in placed:
        if 0 in placement.entries:
            continue
        kept = np.ones(states, np.bool_) if kept is None else kept
        block = placement.instance.block
        kept[placement.base : placement.base + block.states] = block.reachable(frozenset(placement.entries))
    return None if kept is None else np.flatnonzero(kept)
