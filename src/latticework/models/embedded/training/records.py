"""A training record: prompt, response, and for every character of the response where it can be copied from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from latticework.models.embedded.prompt import Leaf, format_prompt
from latticework.models.embedded.training.values import Value


@dataclass
class Planned:
    """One field of a record before it is written down.

    ``said`` are its values (several for a list; none for a choice); ``literal`` is the JSON literal of a choice;
    ``missing`` says that the text does not state it. ``offsets`` are filled by the writer of the text: where each value
    of ``said`` starts in the text.
    """

    path: tuple[str, ...]
    label: str
    clause: str
    letter: str
    said: list[Value] = field(default_factory=list)
    literal: str = ""
    options: tuple[str, ...] = ()
    mark: str = ""
    missing: bool = False
    offsets: list[int] = field(default_factory=list)

    @property
    def many(self) -> bool:
        return self.letter.startswith("l")

    @property
    def quoted(self) -> bool:
        return self.letter in ("s", "d", "e", "l", "ld")

    def leaf(self) -> Leaf:
        return Leaf(".".join(self.path), self.letter, self.options, self.mark)


@dataclass(frozen=True)
class Span:
    """A leaf value in the response: characters ``[start, end)``, its path and its kind for the evaluation."""

    start: int
    end: int
    path: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Room:
    """A place of an elastic scaffold: characters ``[start, end)`` of the response, with fillers behind if ``spare``."""

    start: int
    end: int
    spare: bool


@dataclass(frozen=True)
class Record:
    """``copies`` maps a character of the response to the character of the prompt it equals.

    ``rooms``: those of an elastic scaffold, in order; empty ones are members that are left out. None: every leaf value.
    """

    family: str
    leaves: tuple[Leaf, ...]
    text: str
    prompt: str
    response: str
    spans: tuple[Span, ...]
    copies: dict[int, int]
    rooms: tuple[Room, ...] | None = None


def write_record(family: str, fields: Sequence[Planned], text: str) -> Record:
    """Prompt and response of ``fields`` (in schema order, groups contiguous) over ``text``."""
    leaves = tuple(one.leaf() for one in fields)
    prompt = format_prompt(leaves, text)
    writer = _Response(text_start=sum(len(leaf.line()) + 1 for leaf in leaves) + 1)
    line = 0
    for one, leaf in zip(fields, leaves, strict=True):
        if not (one.missing and one.mark == "*"):
            writer.add(one, line)
        line += len(leaf.line()) + 1
    return Record(family, leaves, text, prompt, writer.close(), tuple(writer.spans), writer.copies)


class _Response:
    """Writes compact JSON and remembers where its characters come from."""

    def __init__(self, text_start: int) -> None:
        self.text_start = text_start
        self.out = "{"
        self.open: tuple[str, ...] = ()
        self.first = True
        self.spans: list[Span] = []
        self.copies: dict[int, int] = {}

    def add(self, one: Planned, line: int) -> None:
        """One leaf; ``line`` is where its schema line starts in the prompt."""
        parents = one.path[:-1]
        shared = 0
        while shared < min(len(parents), len(self.open)) and parents[shared] == self.open[shared]:
            shared += 1
        self.out += "}" * (len(self.open) - shared)
        at = line + sum(len(part) + 1 for part in one.path[:shared])
        for part in one.path[shared:]:
            self.out += ("" if self.first else ",") + '"'
            self._copy(part, at)
            self.out += '":'
            self.first = True
            at += len(part) + 1
            if part is not one.path[-1]:
                self.out += "{"
        self.open, self.first = parents, False
        start = len(self.out)
        kind = self._value(one, line)
        self.spans.append(Span(start, len(self.out), one.path, kind))

    def close(self) -> str:
        return self.out + "}" * (len(self.open) + 1)

    def _copy(self, text: str, source: int) -> None:
        for i in range(len(text)):
            self.copies[len(self.out) + i] = source + i
        self.out += text

    def _value(self, one: Planned, line: int) -> str:
        if one.missing:
            self.out += empty_literal(one)
            return "null" if one.mark == "?" else "empty"
        if not one.said:
            if one.letter == "b":
                self.out += one.literal
                return "boolean"
            shown = one.leaf().line()
            at = shown.index(":" + "|".join(one.options)) + 1
            for option in one.options:
                if option == one.literal:
                    break
                at += len(option) + 1
            self.out += '"'
            self._copy(one.literal, line + at)
            self.out += '"'
            return "enum"
        if one.many:
            self.out += "["
        for index, (value, offset) in enumerate(zip(one.said, one.offsets, strict=True)):
            self.out += ("," if index else "") + ('"' if one.quoted else "")
            for said_at, literal_at in value.copies:
                self.copies[len(self.out) + literal_at] = self.text_start + offset + said_at
            self.out += value.literal + ('"' if one.quoted else "")
        if one.many:
            self.out += "]"
            return "list"
        return {"s": "string", "d": "date", "n": "number", "i": "integer"}[one.letter]


def empty_literal(one: Planned) -> str:
    """What stands for a value the text does not state: null where allowed, else the empty value of its type."""
    if one.mark == "?":
        return "null"
    if one.many:
        return "[]"
    return {"s": '""', "b": "false", "n": "0", "i": "0"}[one.letter]
