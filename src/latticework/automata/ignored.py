"""Ignored text as lexemes of a class of their own, which is no terminal.

A lexer lets ignored text go unnoticed: a lexeme behind a comment is one long lexeme that begins with the comment. Where
a comment may begin in one gap of a canvas and end in any later one, whatever may follow it would be listed for each
pair of gaps. With the comment set apart, only its end is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from latticework.automata.lexer import Lexer


def set_apart(lexer: Lexer) -> Lexer:
    """The same lexer, with a class for ignored text in whose states more of it, but no lexeme, may stand.

    White space after which the lexer stands where it started needs none. Lexers with several starts stay as they are.
    """
    if lexer.start_after.any():
        return lexer
    states = np.flatnonzero(lexer.may_end & (lexer.accept_class < 0) & (np.arange(lexer.states) > 0))
    if not len(states):
        return lexer
    kind = lexer.classes
    next_state, accept_class = lexer.next_state.copy(), lexer.accept_class.copy()
    rows = next_state[states]
    rows[rows == next_state[0]] = -1  # reached from the start, where the emission leads
    next_state[states] = rows
    accept_class[states] = kind
    adjacent = np.ones((kind + 1, kind + 1), np.bool_)
    adjacent[:-1, :-1] = lexer.adjacent
    return replace(
        lexer,
        next_state=next_state,
        accept_class=accept_class,
        start_after=np.append(lexer.start_after, 0).astype(np.int32),
        class_offset=np.append(lexer.class_offset, lexer.class_offset[-1:]),
        adjacent=adjacent,
        ignored_class=kind,
    )
