"""Where each value of a JSON document stands, by JSON Pointer (RFC 6901)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum, auto

_SPACE = re.compile(rb"[ \t\n\r]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PLAIN = re.compile(rb"[^\s,\]}]+")  # numbers and literals


class _Expects(Enum):
    """What comes next in the document."""

    VALUE = auto()
    FIRST = auto()  # the first item of a container, or its end
    KEY = auto()
    COLON = auto()
    NEXT = auto()  # a comma, the end of the container, or nothing more


@dataclass(slots=True)
class _Container:
    pointer: str
    start: int
    closer: bytes
    items: int = 0


class SpanReader:
    """Finds the values of one JSON document that arrives in pieces; each is reported once it is complete.

    A string is complete with its closing quote, a container with its bracket, a number or literal when something stands
    behind it. The document is trusted to be valid: on any other input the spans mean nothing.

    Attributes:
        document: the bytes so far.
        spans: ``(start, end)`` of every complete value, in the order in which they end; ``""`` is the root. Strings
            include their quotes. Of repeated keys the last counts, as in ``json.loads``.
    """

    def __init__(self) -> None:
        self.document = bytearray()
        self.spans: dict[str, tuple[int, int]] = {}
        self._containers: list[_Container] = []
        self._at = 0
        self._pointer = ""
        self._expects = _Expects.VALUE

    def feed(self, data: bytes, *, last: bool = False) -> list[tuple[str, int, int]]:
        """The values that ``data`` completes, as ``(pointer, start, end)``; ``last`` says that nothing follows.

        O(bytes), iterative; a string that is still open is looked at again with every piece.
        """
        self.document += data
        found: list[tuple[str, int, int]] = []
        while self._advance(found, last):
            pass
        return found

    def _advance(self, found: list[tuple[str, int, int]], last: bool) -> bool:
        """Read one token of the document; False when the next one is not complete."""
        at = self._at = _end(_SPACE, self.document, self._at) or self._at
        if at == len(self.document):
            return False
        head = self.document[at : at + 1]
        closes = self._expects in (_Expects.FIRST, _Expects.NEXT) and self._containers
        if closes and head == self._containers[-1].closer:
            done = self._containers.pop()
            self._complete(found, done.pointer, done.start, at + 1)
        elif self._expects is _Expects.NEXT:
            if not self._containers:
                return False
            self._at = at + 1
            self._open_item()
        elif self._expects is _Expects.COLON:
            self._at, self._expects = at + 1, _Expects.VALUE
        elif self._expects is _Expects.FIRST:
            self._open_item()
        elif self._expects is _Expects.KEY:
            return self._key(last)
        elif head in (b"{", b"["):
            self._containers.append(_Container(self._pointer, at, b"}" if head == b"{" else b"]"))
            self._at, self._expects = at + 1, _Expects.FIRST
        else:
            end = self._scalar_end(last)
            if end is None:
                return False
            self._complete(found, self._pointer, at, end)
        return True

    def _open_item(self) -> None:
        """Behind a bracket or a comma: an item, or the key of one."""
        container = self._containers[-1]
        if container.closer == b"}":
            self._expects = _Expects.KEY
            return
        self._pointer = f"{container.pointer}/{container.items}"
        self._expects = _Expects.VALUE
        container.items += 1

    def _key(self, last: bool) -> bool:
        end = self._scalar_end(last)
        if end is None:
            return False
        key = json.loads(self.document[self._at : end]).replace("~", "~0").replace("/", "~1")
        self._pointer = f"{self._containers[-1].pointer}/{key}"
        self._at, self._expects = end, _Expects.COLON
        return True

    def _scalar_end(self, last: bool) -> int | None:
        """The end of the string, number or literal that begins here; ``None`` while it may go on."""
        if self.document[self._at : self._at + 1] == b'"':
            return _end(_STRING, self.document, self._at)
        end = _end(_PLAIN, self.document, self._at)
        return None if end == len(self.document) and not last else end

    def _complete(self, found: list[tuple[str, int, int]], pointer: str, start: int, end: int) -> None:
        """Keep a value's span; a repeated key drops what an earlier value of that key held."""
        if pointer in self.spans:
            old_start, old_end = self.spans[pointer]
            for inner, (inner_start, inner_end) in list(self.spans.items()):
                if old_start <= inner_start and inner_end <= old_end:
                    del self.spans[inner]
        self.spans[pointer] = (start, end)
        found.append((pointer, start, end))
        self._at, self._expects = end, _Expects.NEXT


def value_spans(document: bytes) -> dict[str, tuple[int, int]]:
    """Byte spans of all values of a valid JSON document, as :attr:`SpanReader.spans` describes them. O(bytes)."""
    reader = SpanReader()
    reader.feed(document, last=True)
    return reader.spans


def _end(pattern: re.Pattern[bytes], document: bytearray, at: int) -> int | None:
    found = pattern.match(document, at)
    return found.end() if found else None
