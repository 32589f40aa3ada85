"""The texts of a language one by one, where they are few."""

from __future__ import annotations

import numpy as np

from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.limits import Limits

MAX_TEXTS = 2_000
_LIMITS = Limits(max_nodes=50_000, max_states=20_000)  # what has few texts is small
_MAX_STEPS = 100_000


def listed(node: ir.Node) -> list[bytes] | None:
    """All texts of ``node``, ``None`` where they are more than ``MAX_TEXTS`` or longer than is worth while.

    Cost: building the automaton of ``node`` unless it is a list already.
    """
    while isinstance(node, ir.Located):
        node = node.body
    if isinstance(node, ir.Words):
        return [*node.words]
    from latticework.automata import algebra
    from latticework.automata.build import build_automaton

    try:
        automaton = algebra.minimise(algebra.expand(build_automaton(node, _LIMITS), _LIMITS.max_states))
    except LimitExceeded:
        return None
    texts: list[bytes] = []
    steps = 0
    stack = [(0, b"")]
    while stack:
        state, text = stack.pop()
        steps += 1
        # Every state leads to the end of some text, so a way longer than there are states goes round.
        if len(text) > automaton.states or steps > _MAX_STEPS or len(texts) > MAX_TEXTS:
            return None
        if automaton.accepting[state]:
            texts.append(text)
        targets = automaton.next_state[state][automaton.byte_class]
        stack += [(int(targets[byte]), text + bytes((byte,))) for byte in np.flatnonzero(targets >= 0)[::-1].tolist()]
    return texts
