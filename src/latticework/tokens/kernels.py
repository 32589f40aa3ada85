"""Numba kernels of the lifting: the memoised trie walk and the grouping of its result into edges.

A *map* is what a byte string does to the automaton: the ascending list of (source, code) pairs of the sources it can
be read from; codes as in :mod:`latticework.tokens.automaton`. Sources are states in another order, *ranks*: first those
without default. The others are listed only where they fare differently from their default (``kernels_defaults.py``):
what a byte does next depends on the code alone, so that equal codes stay equal. Maps are interned, so a token's map is
its class; only pairs (map, byte class) that the trie really meets are composed.

Kernels never allocate inside: they stop when a pool is full, the caller enlarges it and calls again.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.automata.automaton import NOWHERE, UNBOUNDED
from latticework.jit import CACHE
from latticework.tokens.automaton import ADD_SHIFT, ENTER_SHIFT, KEEP_SHIFT, STATE_MASK, UNIT_BITS, UNIT_MASK

# Above the target state and the kept levels of a byte step: which target levels count one more.
INC_SHIFT = KEEP_SHIFT + 2
# A step into a call: the number of an entry in place of the target state.
ENTRY_SHIFT = INC_SHIFT + 2
# A step that leaves, enters and counts nothing; nearly all are of this kind.
SIMPLE = 1 << ENTRY_SHIFT + 1
# In place of a step: back behind a call, there to read the same byte. ``RETURN`` of the automaton has read it.
BACK_AND_READ = -3

DONE, MAPS_FULL, PAIRS_FULL, UNITS_EXCEEDED = range(4)
UNKNOWN = -1
DEAD, IDENTITY = 0, 1

_ADD_0, _ENTER_0 = ADD_SHIFT[0], ENTER_SHIFT[0]
_STATE_AND_KEEP = STATE_MASK | 3 << KEEP_SHIFT
_IMPOSSIBLE, _OVERFLOW, _FULL = -1, -2, -3


# Entry points that nothing uses are left out: they took about a seventh of the compile time. References to arrays are
# not counted, see ``jit.py``.
_kernel = njit(cache=CACHE, nogil=True, no_cfunc_wrapper=True, _nrt=False)  # pyright: ignore[reportCallIssue]
_helper = njit(cache=CACHE, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True, _nrt=False)  # pyright: ignore[reportCallIssue]


@_helper
def mix(value):
    """Spreads a 64-bit key over a hash table (multiply, xor-shift, multiply)."""
    h = np.uint64(value) * np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return h ^ (h >> np.uint64(32))


def _compose(code, move, levels, low, high, entries):
    """The code followed by one byte step; a negative number when no count allows it or units overflow.

    move: target and operation of the step, see :func:`walk`; low, high: [S, 2] bounds of each state's levels.
    """
    middle, target = code & STATE_MASK, move & STATE_MASK
    keep, inc = (move >> KEEP_SHIFT) & 3, (move >> INC_SHIFT) & 3
    kept = (code >> KEEP_SHIFT) & 3
    if keep == levels[middle] and keep == levels[target] and not move >> ENTRY_SHIFT & 1:
        # Nothing is left or entered.
        code += target - middle
    else:
        place = np.int64(0)
        if move >> ENTRY_SHIFT & 1:
            place = np.int64(entries[target, 1])
            target = np.int64(entries[target, 0])
        for level in range(keep, levels[middle]):
            # A level entered and left inside the token has a known count: its bounds are settled here.
            shift = _ENTER_0 + UNIT_BITS * level
            entered = (code >> shift) & UNIT_MASK
            if level >= kept and (entered < low[middle, level] or entered > high[middle, level]):
                return np.int64(_IMPOSSIBLE)
            code -= entered << shift
        kept = keep if keep < kept else kept
        # A call is entered as the last level of all: the block begins outside of its own scopes.
        code = (code & ~_STATE_AND_KEEP) | target | (kept << KEEP_SHIFT)
        if move >> ENTRY_SHIFT & 1:
            code += place << (_ENTER_0 + UNIT_BITS * np.int64(entries[move & STATE_MASK, 2]))
    for level in range(2):
        if inc >> level & 1:
            shift = (_ADD_0 if level < kept else _ENTER_0) + UNIT_BITS * level
            units = (code >> shift) & UNIT_MASK
            # Without an upper bound, counts from ``low`` on are all alike: they stay at ``low``.
            if high[target, level] != UNBOUNDED or units < low[target, level]:
                if units >= high[target, level]:
                    return np.int64(_IMPOSSIBLE)
                if units == UNIT_MASK:
                    return np.int64(_OVERFLOW)
                code += np.int64(1) << shift
    return code


compose = _helper(_compose)
# In the innermost loop a call costs more than what it does.
_compose_here = njit(inline="always")(_compose)


@_helper
def back(code, place, letter, moves, levels, low, high, entries, returns, return_state):
    """The code followed by the return to a place of the call; with a letter it is read there."""
    middle = code & STATE_MASK
    level = np.int64(returns[middle, 0])
    if level < (code >> KEEP_SHIFT) & 3:
        code += place << (_ADD_0 + UNIT_BITS * level)  # which the count has to be
    target = np.int64(return_state[returns[middle, 1] + place])
    code = compose(code, target | np.int64(levels[target]) << KEEP_SHIFT, levels, low, high, entries)
    if code < 0 or letter < 0:
        return code
    move = np.int64(moves[letter, target])
    return compose(code, move, levels, low, high, entries) if move >= 0 else np.int64(_IMPOSSIBLE)


@_helper
def leave(before, middle, move, out, letter, moves, pool_source, pool_code, source, levels, low, high, calls):
    """Append to the pools at ``out`` what a return makes of ``before``; returns the new end.

    A negative end says that units overflow (``_OVERFLOW``) or that a pool is full (``_FULL``).
    """
    entries, returns, return_state = calls
    level, first, last = np.int64(returns[middle, 0]), np.int64(0), np.int64(returns[middle, 2])
    if level >= (before >> KEEP_SHIFT) & 3:
        first = (before >> (_ENTER_0 + UNIT_BITS * level)) & UNIT_MASK
        last = first + 1
    if out + last - first > len(pool_source):
        return np.int64(_FULL)
    read = np.int64(letter) if move == BACK_AND_READ else np.int64(-1)
    for place in range(first, last):
        code = back(before, place, read, moves, levels, low, high, entries, returns, return_state)
        if code >= 0:
            pool_source[out] = source
            pool_code[out] = code
            out += 1
        elif code == _OVERFLOW:
            return np.int64(_OVERFLOW)
    return out


@_helper
def image(begin, end, out, letter, moves, root_of, plain, latest, pool_source, pool_code, levels, low, high, calls):
    """Append to the pools at ``out`` the map ``begin..end`` followed by a byte; returns (new end, hash).

    A negative end says that units overflow (``_OVERFLOW``) or that a pool is full (``_FULL``). What becomes of sources
    without default comes first; the others follow where it differs, with ``NOWHERE`` where only they are stuck.
    """
    total, row, room, entries = np.uint64(0), moves[letter], len(pool_source), calls[0]
    pair = begin
    # Most sources are neither defaults nor have one: nothing is to be kept of them.
    while pair < end and pool_source[pair] < plain:
        source, before = np.int64(pool_source[pair]), pool_code[pair]
        pair += 1
        middle = before & STATE_MASK
        move = np.int64(row[np.uint64(middle)])
        if move == NOWHERE:
            continue
        if move < 0:
            start = out
            out = leave(
                before, middle, move, out, letter, moves, pool_source, pool_code, source, levels, low, high, calls
            )
            if out < 0:
                return out, total
            for entry in range(start, out):
                total += mix((source << 40) ^ pool_code[entry])
            continue
        if move >= SIMPLE:
            code = before + (move & STATE_MASK) - middle
        else:
            code = _compose_here(before, move, levels, low, high, entries)
            if code < 0:
                if code == _OVERFLOW:
                    return np.int64(_OVERFLOW), total
                continue
        if out == room:
            return np.int64(_FULL), total
        pool_source[out] = source
        pool_code[out] = code
        out += 1
        total += mix((source << 40) ^ code)
    if pair == end:
        return out, total
    stamp = latest[0, 0] + 1  # tells what belongs to this image
    latest[0, 0] = stamp
    source, root, start = np.int64(-1), np.int64(-1), out
    for at in range(pair, end + 1):
        following = np.int64(pool_source[at]) if at < end else np.int64(-1)
        if following != source:
            if root >= 0:
                first, last = np.int64(0), np.int64(0)
                if latest[0, root + 1] == stamp:
                    first, last = latest[1, root + 1], latest[2, root + 1]
                if out - start == last - first:
                    difference = np.int64(0)
                    for entry in range(last - first):
                        difference |= pool_code[first + entry] ^ pool_code[start + entry]
                    if difference == 0:
                        out = start
                elif out == start:
                    if out == room:
                        return np.int64(_FULL), total
                    pool_source[out] = source
                    pool_code[out] = NOWHERE
                    out += 1
            elif out > start:
                latest[0, source + 1], latest[1, source + 1], latest[2, source + 1] = stamp, start, out
            for entry in range(start, out):
                total += mix((source << 40) ^ pool_code[entry])
            if at == end:
                break
            source, root, start = following, np.int64(root_of[following]), out
        before = pool_code[at]
        if before == NOWHERE:
            continue
        middle = before & STATE_MASK
        move = np.int64(row[np.uint64(middle)])
        if move == NOWHERE:
            continue
        if move < 0:
            out = leave(
                before, middle, move, out, letter, moves, pool_source, pool_code, source, levels, low, high, calls
            )
            if out < 0:
                return out, total
            continue
        code = before + (move & STATE_MASK) - middle
        if move < SIMPLE:
            code = compose(before, move, levels, low, high, entries)
        if code >= 0:
            if out == room:
                return np.int64(_FULL), total
            pool_source[out] = source
            pool_code[out] = code
            out += 1
        elif code == _OVERFLOW:
            return np.int64(_OVERFLOW), total
    return out, total


@_helper
def same(left, right, size, sources, codes):
    """Whether the pools hold equal pairs at ``left`` and ``right``. Branch-free: hashes agreed, so they do."""
    difference = np.int64(0)
    for entry in range(size):
        difference |= codes[left + entry] ^ codes[right + entry]
        difference |= np.int64(sources[left + entry] ^ sources[right + entry])
    return difference == 0


@_kernel
def write_moves(next_state, operation, levels, returning, moves):
    """The steps of an automaton as :func:`walk` reads them.

    Args:
        next_state, operation, levels, returning: of the automaton and its calls.
        moves: [K, S] int32, out.
    """
    states, letters = next_state.shape
    for state in range(states):
        level = levels[state]
        for letter in range(letters):
            target = next_state[state, letter]
            if target < 0:
                moves[letter, state] = BACK_AND_READ if target == NOWHERE and returning[state] else target
                continue
            keep, inc = np.int32(operation[state, letter] >> 4), np.int32(operation[state, letter] & 3)
            move = target if target < states else target - states + (1 << ENTRY_SHIFT)
            move |= keep << KEEP_SHIFT | inc << INC_SHIFT
            if target < states and keep == level and inc == 0 and levels[target] == level:
                move |= SIMPLE
            moves[letter, state] = move


@_kernel
def walk(
    progress,
    byte,
    parent,
    byte_class,
    moves,
    root_of,
    plain,
    latest,
    levels,
    low,
    high,
    entries,
    returns,
    return_state,
    after,
    map_offset,
    map_hash,
    slots,
    pool_source,
    pool_code,
    map_of_node,
):
    """Give every trie node its map; resumable.

    Args:
        progress: [2] int64: the node to go on at, the number of maps. At the start 1 and 2: the map DEAD
            has no pairs, the map IDENTITY is the root's.
        byte, parent: see :class:`latticework.tokens.trie.Trie`.
        byte_class: [256] int64.
        moves: [K, S] int32, ``target | keep << KEEP_SHIFT | inc << INC_SHIFT``, or a number of an entry in place
            of the target and 1 at ``ENTRY_SHIFT``; with ``SIMPLE`` where it is; or one of ``NOWHERE``, ``RETURN`` and
            ``BACK_AND_READ``.
        root_of: [S] int32, the rank of the default of the source of each rank, -1 for none; plain: sources of smaller
            ranks have none and are none.
        latest: [3, 1 + sources without default] int64, zeros: scratch, what became of them last.
        levels: [S] int32; low, high: [S, 2] int64 bounds of each state's levels.
        entries: [M, 3] int32: state, value, level of the call; returns: [S, 3] int32: level of the call,
            where its returns begin, and how many; return_state: [R] int32.
        after: [M, K] int32, the memo: map after (map, byte class), or UNKNOWN.
        map_offset: [M + 1] int64 into the pools; map_hash: [M] uint64.
        slots: [power of two > 2 M] int32 hash table of maps, all -1; filled here.
        pool_source: [P] int32; pool_code: [P] int64.
        map_of_node: [N] int32, out.

    Returns: DONE, or which pool is full, or UNITS_EXCEEDED.
    """
    node, maps = progress[0], progress[1]
    mask = np.uint64(len(slots) - 1)
    for known in range(1, maps):
        slot = map_hash[known] & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = known
    status = DONE
    letters = np.uint64(after.shape[1])
    table = after.reshape(-1)
    while node < len(byte):
        # Unsigned, so that no index is tested for counting from the end.
        at = np.uint64(node)
        before, letter = map_of_node[np.uint64(parent[at])], byte_class[byte[at]]
        reached = table[np.uint64(before) * letters + np.uint64(letter)]
        if reached == UNKNOWN:
            begin, end, out = map_offset[before], map_offset[before + 1], map_offset[maps]
            if maps == len(after):
                status = MAPS_FULL
                break
            stop, digest = image(
                begin,
                end,
                out,
                letter,
                moves,
                root_of,
                plain,
                latest,
                pool_source,
                pool_code,
                levels,
                low,
                high,
                (entries, returns, return_state),
            )
            if stop < 0:
                status = PAIRS_FULL if stop == _FULL else UNITS_EXCEEDED
                break
            reached = DEAD
            if stop > out:
                slot = digest & mask
                reached = slots[slot]
                while reached >= 0 and not (
                    map_hash[reached] == digest
                    and map_offset[reached + 1] - map_offset[reached] == stop - out
                    and same(map_offset[reached], out, stop - out, pool_source, pool_code)
                ):
                    slot = (slot + np.uint64(1)) & mask
                    reached = slots[slot]
                if reached < 0:
                    reached = maps
                    slots[slot] = maps
                    map_hash[maps] = digest
                    after[maps] = UNKNOWN
                    maps += 1
                    map_offset[maps] = stop
            after[before, letter] = reached
        map_of_node[node] = reached
        node += 1
    progress[0], progress[1] = node, maps
    return status


@_kernel
def number_classes(map_of_node, node_of_token, class_of_map, class_of_token):
    """Number densely, in the order of first use, the maps that are some token's; returns how many.

    class_of_map: [M] int32, -1 at the start; class_of_token: [V] int32, out.
    """
    classes = 0
    for token in range(len(node_of_token)):
        node = node_of_token[token]
        reached = map_of_node[node] if node > 0 else DEAD
        if reached == DEAD:
            class_of_token[token] = -1
            continue
        known = class_of_map[reached]
        if known < 0:
            known = classes
            class_of_map[reached] = known
            classes += 1
        class_of_token[token] = known
    return classes
