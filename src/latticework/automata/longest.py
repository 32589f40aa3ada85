"""Terminals that may as well end at their longest match.

Where every terminal may end wherever it matches, a lexer has to follow two readings at each such place. Mostly no byte
that could continue a lexeme may also come behind it: then the longest match is the only one that leads anywhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from latticework.automata.followers import followers_of, terminals_of
from latticework.automata.lexing import terminal_automaton
from latticework.automata.united import United
from latticework.grammar.cfg.syntax import ContextFreeGrammar


def with_longest_matches(grammar: ContextFreeGrammar, max_states: int) -> ContextFreeGrammar:
    """The same language, with ``munch`` wherever it leaves out no text.

    Args:
        grammar: of one mode, without priorities, literals and ignored terminals.
        max_states: of the lexer, and of the automaton of any terminal.

    Raises:
        LimitExceeded: ``max_states`` or ``max_nodes``.

    Cost: as of :func:`.lexing.build_lexer`, which then finds the automata of the terminals built.
    """
    if not grammar.terminals:
        return grammar
    automata = [terminal_automaton(terminal, max_states) for terminal in grammar.terminals]
    united = United(automata, max_states)
    united.start(range(len(automata)))
    begins = np.stack([automaton.next_state[0, automaton.byte_class] >= 0 for automaton in automata])
    behind = followers_of(grammar).behind
    follows = np.stack([begins[terminals_of(found)].any(0) for found in behind])
    ends_early = np.zeros(len(automata), np.bool_)
    for row, accepted in zip(united.rows, united.accepted, strict=True):
        if accepted:
            goes_on = (row >= 0)[united.byte_class]
            chosen = list(accepted)
            ends_early[chosen] |= (follows[chosen] & goes_on).any(1)
    terminals = tuple(
        replace(terminal, munch=not early)
        for terminal, early in zip(grammar.terminals, ends_early.tolist(), strict=True)
    )
    return replace(grammar, terminals=terminals)
