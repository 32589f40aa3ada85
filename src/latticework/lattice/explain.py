"""Where a text leaves a language."""

from __future__ import annotations

from dataclasses import dataclass

from latticework.automata import run
from latticework.automata.automaton import ByteAutomaton


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a text is or is not in the language.

    Attributes:
        accepted: the text is in the language.
        offset: bytes of the text that some document begins with.
        line, column: 1-based position of that byte in the text, the column in characters.
        expected: bytes one of which must follow there, ascending; empty when only the end may.
        ends_early: every byte could be read, but the text is not complete.
    """

    accepted: bool
    offset: int
    line: int
    column: int
    expected: bytes
    ends_early: bool

    def __str__(self) -> str:
        if self.accepted:
            return "accepted"
        return f"{self.place()}, expected {self._choices()}"

    def place(self) -> str:
        """What is wrong with a text that is not accepted, and where."""
        what = "text ends too early" if self.ends_early else "text leaves the language"
        return f"{what} at byte {self.offset} (line {self.line}, column {self.column})"

    def _choices(self) -> str:
        if not self.expected:
            return "the end of the text"
        if len(self.expected) > 40:
            return f"any of {len(self.expected)} bytes"
        return "one of " + " ".join(_shown(byte) for byte in self.expected)


def explain(automaton: ByteAutomaton, data: bytes) -> Explanation:
    """Follow ``data``; cost O(len(data))."""
    offset = run.prefix_length(automaton, data)
    return explanation(data, offset, run.next_bytes(automaton, data[:offset]), run.accepts(automaton, data))


def explanation(data: bytes, offset: int, expected: bytes, accepted: bool) -> Explanation:
    """Of what is known about a text."""
    before = data[:offset]
    line_start = before.rfind(b"\n") + 1
    return Explanation(
        accepted=accepted,
        offset=offset,
        line=before.count(b"\n") + 1,
        column=len(before[line_start:].decode("utf-8", "ignore")) + 1,
        expected=expected,
        ends_early=not accepted and offset == len(data),
    )


def _shown(byte: int) -> str:
    return repr(chr(byte)) if 0x20 < byte < 0x7F else f"0x{byte:02x}"
