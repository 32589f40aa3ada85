r"""A lexer of decoded text, written out for the texts of JSON strings.

Within a JSON string a character may be an escape of several bytes, of which the first ones say nothing yet: behind
white space, ``\`` may begin ``\n``, which is more of it, or ``\"``, which is the next lexeme. Terminals written out one
by one would have to go back there. So the escapes are the outer automaton of a product: a state is where the lexer of
the decoded text stands and which part of an escape was read. A lexeme that the finished escape turns out not to belong
to ends in its class *and* that part, behind which the next lexeme starts with the part read.

A character has one spelling (that of RFC 8259, section 7, which is the shortest): itself, else ``\"``, ``\\``, ``\b``,
``\f``, ``\n``, ``\r``, ``\t``, else ``\u00XX`` with hexadecimal digits in either case.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer

# Stands for the quotation mark behind the string in decoded text; no UTF-8 text has it.
CLOSING = 0xFF
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_SHORT = {b'"': b'"', b"\\": b"\\", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def _escapes() -> dict[bytes, int]:
    """All spellings that are escapes, and the characters they stand for."""
    found = {b"\\" + letter: character[0] for letter, character in _SHORT.items()}
    for code in set(range(0x20)) - set(found.values()):
        for spelling in (b"\\u%04x" % code, b"\\u00%02X" % code):
            found[spelling] = code
    return found


_ESCAPES = _escapes()
_PARTS = sorted({spelling[:end] for spelling in _ESCAPES for end in range(1, len(spelling))})


def first_bytes(characters: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[256] the bytes with which some of the characters begin that may come next in a string ([256], decoded)."""
    found = characters.copy()
    found[:0x20] = found[CLOSING] = False
    found[_QUOTE] = characters[CLOSING]
    found[_BACKSLASH] = characters[list(_ESCAPES.values())].any()
    return found


def written_out(lexer: Lexer, in_string: NDArray[np.bool_]) -> Lexer:
    """The lexer whose texts have the strings escaped.

    Args:
        lexer: reads the text of strings decoded, and :data:`CLOSING` for the quotation mark behind it.
        in_string: [Q] the states in which a string goes on; no state has both moves in a string and others.

    Cost: up to six more states for each of them, one where no control character may come.
    """
    if not in_string.any():
        return lexer
    states, decoded = lexer.states, lexer.next_state
    goes_on = np.zeros((states, len(_PARTS)), np.bool_)  # with some escape that begins so
    for spelling, character in _ESCAPES.items():
        for end in range(1, len(spelling)):
            goes_on[:, _PARTS.index(spelling[:end])] |= in_string & (decoded[:, character] >= 0)
    source, part = np.nonzero(goes_on)
    number = np.full((states, len(_PARTS)), -1, np.int32)
    number[source, part] = states + np.arange(len(source))
    next_state = np.concatenate([decoded, np.full((len(source), 256), -1, np.int32)])
    rows = next_state[:states]
    rows[in_string, :0x20] = -1
    rows[in_string, CLOSING] = -1
    rows[in_string, _QUOTE] = decoded[in_string, CLOSING]
    rows[in_string, _BACKSLASH] = number[in_string, _PARTS.index(b"\\")]
    for index, read in enumerate(_PARTS):
        own = np.flatnonzero(goes_on[:, index])
        for longer, other in enumerate(_PARTS):
            if other[:-1] == read:
                next_state[number[own, index], other[-1]] = number[own, longer]
        for spelling, character in _ESCAPES.items():
            if spelling[:-1] == read:
                next_state[number[own, index], spelling[-1]] = decoded[own, character]
    return _with_classes(replace(lexer, next_state=next_state), number, source, part)


def _with_classes(lexer: Lexer, number: NDArray[np.int32], source: NDArray, part: NDArray) -> Lexer:
    """The classes of the lexemes that end within an escape.

    Args:
        lexer: has all states already.
        number: [Q, parts] the state that a part of an escape leads to from each state, -1 for none.
        source, part: of every state behind the Q.
    """
    accept = lexer.accept_class[source]
    # Where it may end whatever follows, it has ended before the escape.
    accept = np.where(lexer.split_class[source] == accept, -1, accept)
    behind = np.append(lexer.start_after, -1)[accept]
    start = np.where(accept >= 0, number[behind, part], -1)
    accept = np.where(start >= 0, accept, -1)
    ends = np.flatnonzero(accept >= 0)
    pairs, first, place = np.unique(
        np.stack([accept[ends], part[ends]], 1), axis=0, return_index=True, return_inverse=True
    )
    more = np.full(len(source), -1, np.int32)
    more[ends] = lexer.classes + place.reshape(-1)
    terminals = [lexer.class_terminal[slice(*lexer.class_offset[kind : kind + 2])] for kind in pairs[:, 0].tolist()]
    origin = np.concatenate([np.arange(lexer.classes), pairs[:, 0]])
    sizes = np.array([len(found) for found in terminals], np.int32)
    return replace(
        lexer,
        accept_class=np.concatenate([lexer.accept_class, more]),
        split_class=np.concatenate([lexer.split_class, np.full(len(source), -1, np.int32)]),
        start_after=np.concatenate([lexer.start_after, start[ends[first]].astype(np.int32)]),
        may_end=np.concatenate([lexer.may_end, np.zeros(len(source), np.bool_)]),
        class_offset=np.concatenate([lexer.class_offset, lexer.class_offset[-1] + np.cumsum(sizes, dtype=np.int32)]),
        class_terminal=np.concatenate([lexer.class_terminal, *terminals]),
        adjacent=lexer.adjacent[np.ix_(origin, origin)],
    )
