"""Ignored text as lexemes of a class of their own, which is no terminal.

A lexer lets ignored text go unnoticed: a lexeme behind a comment is one long lexeme that begins with the comment. Where
a comment may begin in one gap of a canvas and end in any later one, whatever may follow it would be listed for each
pair of gaps. With the comment set apart, only its end is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer


def set_apart(lexer: Lexer) -> Lexer:
    """The same lexer, with classes for ignored text that is more than white space.

    Text that may go on or end (a comment to the end of the line) ends late, like a lexeme. Text that its last byte ends
    (``*/``) is given out before that byte, which a start of its own then reads. White space after which the lexer
    stands where it started needs no class. Lexers with several starts stay as they are, also
    where one is behind ignored text that not everything may follow.
    """
    if lexer.start_after.any():
        return lexer
    kind, states = lexer.classes, lexer.states
    next_state = np.append(lexer.next_state, np.full((1, 256), -1, np.int32), axis=0)
    accept_class = np.append(lexer.accept_class, np.int32(-1))
    open_ends = np.flatnonzero(lexer.may_end & (lexer.accept_class < 0) & (np.arange(states) > 0))
    rows = next_state[open_ends]
    if ((rows < 0) & (next_state[0] >= 0)).any():
        return lexer  # behind some ignored text only lexemes of a part of the grammar may come
    rows[rows == next_state[0]] = -1  # what the start reads leads where giving out the text leads
    next_state[open_ends] = rows
    accept_class[open_ends] = kind
    inner = np.flatnonzero(_only_ignored(lexer, open_ends))
    source, byte = np.nonzero(next_state[inner] == 0)
    next_state[-1, byte] = 0
    next_state[inner[source], byte] = -1
    accept_class[inner[source]] = kind + 1
    adjacent = np.ones((kind + 2, kind + 2), np.bool_)
    adjacent[:kind, :kind] = lexer.adjacent
    return replace(
        lexer,
        next_state=next_state,
        accept_class=accept_class,
        split_class=np.append(lexer.split_class, np.int32(-1)),
        may_end=np.append(lexer.may_end, False),
        start_after=np.append(lexer.start_after, [0, states]).astype(np.int32),
        class_offset=np.append(lexer.class_offset, np.repeat(lexer.class_offset[-1:], 2)),
        adjacent=adjacent,
        ignored_from=kind,
    )


def _only_ignored(lexer: Lexer, open_ends: NDArray[np.intp]) -> NDArray[np.bool_]:
    """[Q] states within ignored text: no lexeme ends before the lexer is back at its start."""
    found = (lexer.accept_class >= 0) | (lexer.split_class >= 0)
    behind = np.zeros(lexer.states, np.bool_)
    behind[open_ends] = True
    behind[0] = True
    source, byte = np.nonzero(lexer.next_state >= 0)
    target = lexer.next_state[source, byte]
    passes = ~behind[target]
    source, target = source[passes], target[passes]
    while True:
        more = source[found[target] & ~found[source]]
        if not len(more):
            return ~found & ~behind
        found[more] = True
