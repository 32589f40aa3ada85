"""Texts with holes: what a user gives, the canvas it becomes, and where a slot of the canvas stands in the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.tokens.vocabulary import Vocabulary

MAX_FIXED_BYTES = 1 << 20  # UTF-8 bytes of all fixed parts; far above any model's positions
HOLE_SIGN = "▁"  # what stands for a hole where a text is shown


@dataclass(frozen=True, slots=True)
class Hole:
    """A place to be filled with up to ``max_tokens`` tokens, none included where the grammar allows it.

    Attributes:
        max_tokens: its slots.
        rule: a rule of the whole text's grammar (or a terminal): some derivation of the whole has it for just the text
            of the hole. No lexeme and no comment crosses the border of the hole; white space may stand inside.
        grammar: a ``Grammar``, or anything ``json_schema`` takes: the text of the hole is one of it, byte for byte, and
            the whole is still one of its own grammar. At least one of the two grammars has to be regular.

    Raises ``InputError`` when ``max_tokens`` is no positive integer, or there are both a rule and a grammar.
    """

    max_tokens: int = 64
    rule: str | None = None
    grammar: Any = None

    def __post_init__(self) -> None:
        if isinstance(self.max_tokens, bool) or not isinstance(self.max_tokens, int) or self.max_tokens < 1:
            raise InputError(f"a hole takes at least 1 token, got max_tokens={self.max_tokens!r}")
        if self.rule is not None and (self.grammar is not None or not isinstance(self.rule, str)):
            raise InputError(f"a hole has a rule, which is a name, or a grammar; got {self.rule!r}, {self.grammar!r}")

    @property
    def is_typed(self) -> bool:
        """Whether it has a rule or a grammar."""
        return self.rule is not None or self.grammar is not None


Part: TypeAlias = str | Hole


@dataclass(frozen=True, eq=False, slots=True)
class Form:
    """Parts laid out on a canvas of N slots: their tokens where they are text, free slots where they are holes.

    Attributes:
        parts: P texts and holes, no empty text.
        tokens: [N] int64, 0 in free slots.
        free: [N] bool.
        offset: [P + 1] int64, the first slot of every part, then N.
    """

    parts: tuple[Part, ...]
    tokens: NDArray[np.int64]
    free: NDArray[np.bool_]
    offset: NDArray[np.int64]

    @property
    def holes(self) -> list[int]:
        """Places of the holes among the parts, ascending."""
        return [place for place, part in enumerate(self.parts) if isinstance(part, Hole)]

    def part_of(self, slot: int) -> int:
        """The part that a slot belongs to."""
        return int(np.searchsorted(self.offset, slot, side="right")) - 1

    def with_room(self, slots: Sequence[int]) -> Form:
        """The same texts with other numbers of slots for the holes, in their order."""
        wanted = dict(zip(self.holes, slots, strict=True))
        pieces = [
            np.zeros(wanted[place], np.int64)
            if place in wanted
            else self.tokens[self.offset[place] : self.offset[place + 1]]
            for place in range(len(self.parts))
        ]
        parts = tuple(
            replace(part, max_tokens=wanted[place]) if isinstance(part, Hole) else part
            for place, part in enumerate(self.parts)
        )
        return _form(parts, pieces)

    def hole_texts(self, tokens: NDArray[np.int64], vocabulary: Vocabulary) -> tuple[str, ...]:
        """What the holes hold in a filled canvas. A character that two neighbouring holes share is the first one's."""
        sizes = [len(vocabulary.bytes(int(token))) for token in tokens]
        data = vocabulary.decode(tokens.tolist())
        starts = np.concatenate(([0], np.cumsum(sizes)))[self.offset].tolist()
        for place in self.holes[1:]:
            if isinstance(self.parts[place - 1], Hole):
                while starts[place] < starts[place + 1] and data[starts[place]] & 0xC0 == 0x80:
                    starts[place] += 1
        return tuple(data[starts[place] : starts[place + 1]].decode(errors="replace") for place in self.holes)

    def pointed(self, part: int, offset: int) -> str:
        """Where character ``offset`` of a part is: its line and column in the text with holes, and the line with a
        caret below it. Holes are shown as one character."""
        shown = [HOLE_SIGN if isinstance(own, Hole) else own for own in self.parts]
        at = sum(map(len, shown[:part])) + offset
        text = "".join(shown)
        start = text.rfind("\n", 0, at) + 1
        end = text.find("\n", at)
        column = at - start
        left = max(0, column - 60)
        line = text[start:][left : left + 100] if end < 0 else text[start:end][left : left + 100]
        return (
            f"line {text.count(chr(10), 0, at) + 1}, column {column + 1} (part {part + 1} of {len(self.parts)})\n"
            f"  {line.expandtabs(1)}\n  {' ' * (column - left)}^"
        )


def lay_out(parts: object, encode_text: Callable[[str], list[int]], vocabulary: Vocabulary) -> Form:
    """The canvas of texts and holes. Texts are cut by the model's tokenizer part by part; where its tokens do not spell
    the text (a tokenizer that normalises), by the longest tokens of the vocabulary.

    Raises ``InputError``: there is no hole, a part is neither text nor hole, or a text cannot be written.
    """
    checked = _checked(parts)
    pieces = [
        np.zeros(part.max_tokens, np.int64)
        if isinstance(part, Hole)
        else np.array(_encoded(part, encode_text, vocabulary), np.int64)
        for part in checked
    ]
    return _form(checked, pieces)


def _form(parts: tuple[Part, ...], pieces: list[NDArray[np.int64]]) -> Form:
    sizes = [len(piece) for piece in pieces]
    free = np.repeat([isinstance(part, Hole) for part in parts], sizes)
    return Form(parts, np.concatenate(pieces), free, np.concatenate(([0], np.cumsum(sizes))).astype(np.int64))


def _checked(parts: object) -> tuple[Part, ...]:
    if not isinstance(parts, list | tuple):
        raise InputError(f"parts must be a list of texts and holes, got {type(parts).__name__}")
    if not parts:
        raise InputError("there are no parts: give texts and holes, at least one Hole()")
    for place, part in enumerate(parts):
        if not isinstance(part, str | Hole):
            raise InputError(f"part {place + 1} must be text or Hole(...), got {type(part).__name__}")
        if isinstance(part, str):
            _check_text(part, place)
    if not any(isinstance(part, Hole) for part in parts):
        raise InputError("there is no hole to fill: put at least one Hole() among the parts")
    size = sum(len(part.encode()) for part in parts if isinstance(part, str))
    if size > MAX_FIXED_BYTES:
        raise InputError(f"the fixed parts have {size} bytes; at most {MAX_FIXED_BYTES} are read")
    return tuple(part for part in parts if part != "")


def _check_text(text: str, place: int) -> None:
    if "\0" in text:
        raise InputError(f"part {place + 1} holds a NUL at character {text.index(chr(0))}: binary data, not text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"part {place + 1} holds a lone surrogate at character {error.start}: not valid Unicode text"
        ) from None


def _encoded(text: str, encode_text: Callable[[str], list[int]], vocabulary: Vocabulary) -> list[int]:
    data = text.encode()
    ids = encode_text(text)
    return ids if vocabulary.decode(ids) == data else vocabulary.encode(data)
