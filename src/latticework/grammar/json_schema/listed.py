"""The texts of a language one by one, where they are few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.arrangement import in_few_orders
from latticework.grammar.cfg.nested import holds_rule
from latticework.grammar.limits import Limits
from latticework.grammar.tree_size import tree_size

if TYPE_CHECKING:
    from latticework.automata.automaton import ByteAutomaton

MAX_TEXTS = 2_000
_MAX_WEIGHT = 5_000  # nodes of the grammar written out as a tree
_LIMITS = Limits(max_nodes=20_000, max_states=5_000)  # what has few texts is small


def listed(node: ir.Node) -> list[bytes] | None:
    """All texts of ``node``, ``None`` where they are more than ``MAX_TEXTS`` or the grammar is large.

    Of large objects with their members in any order, those in few orders.

    Cost: building the automaton of ``node``, unless it is a list already or plainly unlimited.
    """
    node = in_few_orders(node)
    plain = _plain(node)
    if plain is not None:
        return plain
    if _is_unlimited(node) or holds_rule(node) or tree_size(node).weight > _MAX_WEIGHT:
        return None
    from latticework.automata import algebra
    from latticework.automata.build import build_automaton

    try:
        automaton = algebra.minimise(algebra.expand(build_automaton(node, _LIMITS), _LIMITS.max_states))
    except LimitExceeded:
        return None
    count = _count(automaton)
    return None if count is None or count > MAX_TEXTS else [*_texts(automaton)]


def _plain(node: ir.Node) -> list[bytes] | None:
    """The texts of lists and unions of lists."""
    match node:
        case ir.Located():
            return _plain(node.body)
        case ir.Words():
            return [*node.words]
        case ir.Literal():
            return [node.data]
        case ir.Alt():
            parts = [_plain(option) for option in node.options]
            return None if None in parts else [text for part in parts for text in part or ()]
    return None


def _is_unlimited(node: ir.Node) -> bool:
    """Whether some part repeats without bound and nothing around it may say otherwise."""
    match node:
        case ir.JsonKey() | ir.Multiples():
            return True
        case ir.Ordered() if node.anywhere is not None:
            return True
        case ir.Repeat() | ir.Join() if node.high is None:
            return True
        case ir.Seq() | ir.Alt() | ir.Located() | ir.Alone() | ir.Repeat() | ir.Join() | ir.Ordered():
            return any(map(_is_unlimited, ir.children(node)))
    return False


def _edges(automaton: ByteAutomaton, state: int) -> list[tuple[int, int]]:
    """Bytes and where they lead; every state leads to the end of some text."""
    targets = automaton.next_state[state][automaton.byte_class]
    return [(byte, int(targets[byte])) for byte in np.flatnonzero(targets >= 0).tolist()]


def _count(automaton: ByteAutomaton) -> int | None:
    """How many texts there are, ``None`` where the automaton goes round."""
    counts: dict[int, int | None] = {}  # None: not known yet, met again it is a cycle
    stack = [0]
    while stack:
        state = stack[-1]
        targets = [target for _, target in _edges(automaton, state)]
        if state not in counts:
            counts[state] = None
            if any(target in counts and counts[target] is None for target in targets):
                return None
            stack += [target for target in set(targets) if target not in counts]
            continue
        stack.pop()
        if counts[state] is None:
            counts[state] = int(automaton.accepting[state]) + sum(counts[target] or 0 for target in targets)
    return counts[0]


def _texts(automaton: ByteAutomaton) -> Iterator[bytes]:
    stack = [(0, b"")]
    while stack:
        state, text = stack.pop()
        if automaton.accepting[state]:
            yield text
        stack += [(target, text + bytes((byte,))) for byte, target in reversed(_edges(automaton, state))]
