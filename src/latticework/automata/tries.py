"""Tries in the builder's graph: finite sets of words, and JSON keys that must be none of some."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

from latticework.automata.encodings import BACKSLASH, QUOTE, json_template
from latticework.automata.graph import Edge, Graph, Path
from latticework.grammar.ranges import complement_ranges

KeyTrie: TypeAlias = dict[int, Any]  # code point -> trie behind it; _END marks the end of a key

_END = -1
_ESCAPED = json_template(((0, 0x1F), (QUOTE, QUOTE), (BACKSLASH, BACKSLASH)), False)


def words(graph: Graph, sorted_words: tuple[bytes, ...], k: int, path: Path) -> int:
    """Minimal trie by sorted insertion (Daciuk et al. 2000); a word may begin another."""
    pending: list[list[Edge]] = [[]]
    ends: list[bool] = [False]
    previous = b""

    def seal(depth: int) -> None:
        while len(pending) - 1 > depth:
            edges, end = pending.pop(), ends.pop()
            byte = previous[len(pending) - 1]
            if end and not edges:
                target = k
            else:
                target = graph.node(tuple(edges), path)
                if end:
                    target = graph.union([target, k], path)
            pending[-1].append((byte, byte, target, 0))

    for word in sorted_words:
        shared = 0
        while shared < min(len(word), len(previous)) and word[shared] == previous[shared]:
            shared += 1
        seal(shared)
        previous = word
        while len(pending) - 1 < len(word):
            pending.append([])
            ends.append(False)
        ends[-1] = True
    seal(0)
    root = graph.node(tuple(pending[0]), path)
    return graph.union([root, k], path) if ends[0] else root


def json_key(graph: Graph, excluded: tuple[str, ...], rest: int, k: int, path: Path) -> int:
    """A whole JSON string that is none of ``excluded``, followed by ``k``; ``rest`` starts the rest of any string.

    A trie of the excluded keys: from every node, all characters but those that lead on in it go to ``rest``.
    Its nodes share their edges with literals byte by byte, so that named keys merge into it (:meth:`Graph.union`).
    """
    if not excluded:
        return graph.literal(b'"', rest, path)
    graph.unfold(rest)
    any_char = [edge for edge in graph.edges[rest] if edge[0] != QUOTE]
    close: Edge = (QUOTE, QUOTE, graph.from_path(k, path), 0)
    wide = [edge for edge in any_char if edge[0] >= 0x80]
    wide.append((BACKSLASH, BACKSLASH, graph.edges[graph.spell(_ESCAPED, rest, path)][0][2], 0))
    starts: dict[int, int] = {}
    trie = _trie(excluded)
    for at in _children_first(trie):
        children = {char: starts[id(child)] for char, child in at.items() if char != _END}
        own = [] if _END in at else [close]
        if not children:
            starts[id(at)] = graph.trie_node([*any_char, *own], path)
        elif all(char < 0x80 and char not in (QUOTE, BACKSLASH) and char >= 0x20 for char in children):
            edges = [(char, char, child, 0) for char, child in children.items()]
            edges += [(low, high, rest, 0) for low, high in _raw_ascii_between(tuple(children))]
            starts[id(at)] = graph.trie_node([*wide, *edges, *own], path)
        else:
            others = complement_ranges((char, char) for char in children)
            options = [graph.spell(json_template(others, False), rest, path)]
            options += [
                graph.spell(json_template(((char, char),), False), child, path) for char, child in children.items()
            ]
            starts[id(at)] = graph.union([*options, graph.trie_node(own, path)], path)
    return graph.trie_node([(QUOTE, QUOTE, starts[id(trie)], 0)], path)


def _trie(keys: tuple[str, ...]) -> KeyTrie:
    trie: KeyTrie = {}
    for key in keys:
        at = trie
        for char in key:
            at = at.setdefault(ord(char), {})
        at[_END] = {}
    return trie


def _children_first(trie: KeyTrie) -> list[KeyTrie]:
    """All tries in it, each behind those within; long keys need no recursion."""
    order: list[KeyTrie] = []
    stack = [trie]
    while stack:
        at = stack.pop()
        order.append(at)
        stack.extend(child for char, child in at.items() if char != _END)
    return order[::-1]


@lru_cache(maxsize=1 << 12)
def _raw_ascii_between(chars: tuple[int, ...]) -> list[tuple[int, int]]:
    """The characters below 0x80 that JSON allows unescaped, without ``chars``."""
    ranges: list[tuple[int, int]] = []
    low = 0x20
    for char in sorted({*chars, QUOTE, BACKSLASH, 0x80}):
        if low < char:
            ranges.append((low, char - 1))
        low = char + 1
    return ranges
