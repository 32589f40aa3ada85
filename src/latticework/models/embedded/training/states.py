"""What the model sees in training: states of a canvas that decoding passes through, and the slots to predict in them.

A masked slot sees the prompt and the visible slots, and no slot sees a masked one. So a state costs its visible tokens
plus the slots that are asked for, and all states in which a prefix is visible share one copy of the response:

- *prefixes*: for every slot, the response before it is visible; and some slots a little further behind a prefix.
- *subset*: any slots are visible (every slot with the same probability, or a prefix and islands behind it).
- *elastic*: keys and punctuation are visible, every value has spare room that fillers take up. Where a record says what
  the rooms of its scaffold are, these (a whole array, an optional member with its key), as decoding has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.models.embedded.tokenizer import EOS, FILLER, MASK
from latticework.models.embedded.training.tokenize import NO_SOURCE, Encoded, Piece

Ints = NDArray[np.int64]

EVERYTHING = 1 << 20  # limit of a slot that sees all visible tokens of its state
MAX_AHEAD = 24  # slots behind a prefix
AHEAD_SHARE = 0.6  # slots ahead that are asked for, per token of the response
THIN_SHARE = 0.5  # of the slots behind a prefix, those asked for in long responses
AHEAD_WEIGHT = 0.35  # they are guesses until the slots before them are known
OPENING = 3  # first slots of a value behind a prefix: whether there is one, and which; what follows is copying on
OPENING_WEIGHT = 3.0
MAX_ASKED = 24  # slots of one subset or elastic state
TAIL = 8  # end tokens of a state at most
TAIL_WEIGHT = 0.2  # of an end token after the first one, and of a filler after the first of its value
MOST_ROOM, MOST_TASK_ROOM = 17, 29  # slots of a room that is not full: a value; a value or an optional member
ELASTIC_SHARE = 0.35  # of the states that are not prefixes
_NO_TARGET = -1


@dataclass(frozen=True)
class State:
    """Tokens of one state, all [N] and parallel.

    ``tokens``: a visible token or the mask; ``target``: what a masked slot holds; ``slot``: its place on the canvas;
    ``limit``: it sees the visible tokens of its state in slots below; ``source``: where in the prompt the target can be
    copied from; ``weight`` in the loss.
    """

    tokens: Ints
    target: Ints
    slot: Ints
    limit: Ints
    source: Ints
    weight: NDArray[np.float32]


@dataclass(frozen=True)
class _Canvas:
    """A written-out canvas: [N] tokens, sources and weights."""

    tokens: Ints
    source: Ints
    weight: NDArray[np.float32]


def states(record: Encoded, rng: np.random.Generator) -> list[State]:
    """The states of one record that share a training row."""
    more = _elastic(record, rng) if rng.random() < ELASTIC_SHARE else None
    thin = bool(record.pieces)  # tasks are long
    return [prefixes(record, rng, thin=thin), more or subset(record, rng)]


def prefixes(record: Encoded, rng: np.random.Generator | None = None, *, thin: bool = False) -> State:
    """The whole response visible, and every slot asked for behind its prefix; with ``rng`` also slots further ahead.

    ``thin``: of slots that are not the first of a value only a part.
    """
    length = len(record.response)
    canvas = _plain(record, MAX_AHEAD)
    for first, last in record.spans:
        canvas.weight[first : min(last, first + OPENING)] = OPENING_WEIGHT
    asked = np.arange(length + 1)
    share = 1.0
    if thin and rng is not None:
        share = THIN_SHARE
        asked = asked[(canvas.weight[asked] > 1) | (rng.random(length + 1) < share)]
    limit = asked
    weight = np.ones(len(asked), np.float32)
    if rng is not None:
        count = int(AHEAD_SHARE * share * length) + 1
        start = rng.integers(0, length + 1, count)
        ahead = np.minimum(rng.geometric(0.2, count), MAX_AHEAD - 1)
        asked, limit = np.concatenate([asked, start + ahead]), np.concatenate([limit, start])
        weight = np.concatenate([weight, np.full(count, AHEAD_WEIGHT, np.float32)])
    return _state(canvas, np.arange(length), asked, limit, weight * canvas.weight[asked])


def subset(record: Encoded, rng: np.random.Generator) -> State:
    """Any slots visible, up to ``MAX_ASKED`` of the others asked for."""
    canvas = _plain(record, int(rng.integers(0, TAIL)))
    slots = np.arange(len(canvas.tokens))
    if rng.random() < 0.6:
        masked = rng.random(len(slots)) < max(rng.random(), 0.05)
    else:
        start = int(rng.integers(0, len(record.response)))
        masked = (slots >= start) & (rng.random(len(slots)) >= 0.7 * rng.random() * np.exp((start - slots) / 12.0))
    masked[rng.integers(len(slots))] = True
    return _masked_state(canvas, masked, rng)


def _elastic(record: Encoded, rng: np.random.Generator) -> State | None:
    """Spare fillers behind every value; None for a record without values."""
    pieces = record.pieces or _value_pieces(record)
    rooms = [piece for piece in pieces if piece.spare]
    if not rooms:
        return None
    most = MOST_TASK_ROOM if record.pieces else MOST_ROOM
    lengths = np.array([len(room.tokens) for room in rooms])
    ample = np.maximum(0, int(rng.integers(2, most)) - lengths)
    spare = iter(ample if rng.random() < 0.6 else rng.integers(0, 8, len(rooms)))
    tokens, source, weight, inside = [], [], [], []
    for piece in pieces:
        extra = int(next(spare)) if piece.spare else 0
        light = np.full(extra, TAIL_WEIGHT, np.float32)
        light[:1] = 1
        tokens += [piece.tokens, np.full(extra, FILLER, np.int64)]
        source += [piece.source, np.full(extra, NO_SOURCE, np.int64)]
        weight += [np.ones(len(piece.tokens), np.float32), light]
        inside.append(np.full(len(piece.tokens) + extra, piece.open))
    if not any(own.any() for own in inside):
        return None
    canvas = _Canvas(np.concatenate(tokens), np.concatenate(source), np.concatenate(weight))
    masked = np.concatenate(inside)
    slots = np.flatnonzero(masked)
    if rng.random() < 0.5:  # the values before one slot are known
        masked &= np.arange(len(masked)) >= rng.choice(slots)
    else:
        masked &= rng.random(len(masked)) < (1.0 if rng.random() < 0.3 else rng.random())
        masked[rng.choice(slots)] = True
    return _masked_state(canvas, masked, rng)


def _value_pieces(record: Encoded) -> list[Piece]:
    """The response as fixed text and, around every leaf value, a room."""
    pieces: list[Piece] = []
    done = 0
    for start, end in record.spans:
        for first, last, is_open in ((done, start, False), (start, end, True)):
            pieces.append(Piece(record.response[first:last], record.source[first:last], is_open, is_open))
        done = end
    return [*pieces, Piece(record.response[done:], record.source[done:], False, False)]


def _plain(record: Encoded, tail: int) -> _Canvas:
    light = np.full(tail, TAIL_WEIGHT, np.float32)
    light[:1] = 1
    return _Canvas(
        np.concatenate([record.response, np.full(tail, EOS, np.int64)]),
        np.concatenate([record.source, np.full(tail, NO_SOURCE, np.int64)]),
        np.concatenate([np.ones(len(record.response), np.float32), light]),
    )


def _masked_state(canvas: _Canvas, masked: NDArray[np.bool_], rng: np.random.Generator) -> State:
    asked = np.flatnonzero(masked)
    if len(asked) > MAX_ASKED:
        asked = np.sort(rng.choice(asked, MAX_ASKED, replace=False))
    limit = np.full(len(asked), EVERYTHING, np.int64)
    return _state(canvas, np.flatnonzero(~masked), asked, limit, canvas.weight[asked])


def _state(canvas: _Canvas, visible: Ints, asked: Ints, limit: Ints, weight: NDArray[np.float32]) -> State:
    """Visible slots, which see those up to themselves, then the slots asked for."""
    nothing = np.full(len(visible), _NO_TARGET, np.int64)
    return State(
        np.concatenate([canvas.tokens[visible], np.full(len(asked), MASK, np.int64)]),
        np.concatenate([nothing, canvas.tokens[asked]]),
        np.concatenate([visible, asked]),
        np.concatenate([visible + 1, limit]),
        np.concatenate([np.full(len(visible), NO_SOURCE, np.int64), canvas.source[asked]]),
        np.concatenate([np.zeros(len(visible), np.float32), weight]),
    )
