"""Lexers of whole grammars, which follow two readings of a text only where both may lead on.

A terminal that does not munch may end wherever it matches. Mostly no byte that could continue the lexeme may also come
behind it; then the longest match is the only one that leads anywhere, and the lexer need not split there.
"""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from latticework.automata.escaped import first_bytes, written_out
from latticework.automata.followers import followers_of, terminals_of
from latticework.automata.lexer import Lexer
from latticework.automata.lexing import NO_CLASS, build_decoded
from latticework.automata.terminals import terminal_automaton
from latticework.grammar.cfg.syntax import ContextFreeGrammar

_known: WeakKeyDictionary[ContextFreeGrammar, Lexer] = WeakKeyDictionary()


def whole_lexer(grammar: ContextFreeGrammar, max_states: int) -> Lexer:
    """As :func:`.lexing.build_lexer`, for texts behind which nothing stands; kept as long as the grammar.

    Raises:
        LimitExceeded: ``max_states`` or ``max_nodes``; names the terminal at fault.
        InputError: as :func:`.lexing.build_lexer`.
    """
    found = _known.get(grammar)
    if found is None or found.states > max_states:
        decoded, in_string = build_decoded(grammar, max_states)
        found = _known[grammar] = written_out(_without_idle_splits(decoded, grammar, max_states), in_string)
    return found


def _without_idle_splits(lexer: Lexer, grammar: ContextFreeGrammar, max_states: int) -> Lexer:
    splitting = np.flatnonzero(lexer.split_class != NO_CLASS)
    if not len(splitting):
        return lexer
    follows = _following_bytes(lexer, grammar, max_states)
    goes_on = lexer.next_state[splitting] >= 0
    idle = ~(goes_on & follows[lexer.split_class[splitting]]).any(1)
    split_class = lexer.split_class.copy()
    split_class[splitting[idle]] = NO_CLASS
    return replace(lexer, split_class=split_class)


def _following_bytes(lexer: Lexer, grammar: ContextFreeGrammar, max_states: int) -> NDArray[np.bool_]:
    """[K, 256] whether what may stand behind a lexeme of a class begins with a byte; within a string, one decoded."""
    begins = np.zeros((len(grammar.terminals), 256), np.bool_)
    for number, terminal in enumerate(grammar.terminals):
        automaton = terminal_automaton(terminal, max_states)
        begins[number] = automaton.next_state[0, automaton.byte_class] >= 0
    written = np.array(
        [
            first_bytes(found) if terminal.writing in ("escaped", "closing") else found
            for terminal, found in zip(grammar.terminals, begins, strict=True)
        ]
    )
    behind = followers_of(grammar).behind
    follows = np.zeros((lexer.classes, 256), np.bool_)
    for number in range(lexer.classes):
        first, last = lexer.class_offset[number : number + 2]
        for terminal in lexer.class_terminal[first:last].tolist():
            inside = grammar.terminals[terminal].writing == "escaped"
            follows[number] |= (begins if inside else written)[[*terminals_of(behind[terminal]), *grammar.ignored]].any(
                0
            )
    return follows
