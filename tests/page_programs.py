"""The Python programs of a page of documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"(?P<before>[^\n]*)\n+^```python(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_REASON = re.compile(r"<!-- not run: \S.* -->")


@dataclass(frozen=True, slots=True)
class Program:
    """A block.

    Attributes:
        text: the program.
        runs: false if a comment above it, ``<!-- not run: REASON -->``, says why it does not run everywhere.
        rest: what follows the language in the block's first line, which should be nothing.
    """

    text: str
    runs: bool
    rest: str


def programs(page: Path) -> list[Program]:
    """All of them, in order; they may build on one another."""
    return [
        Program(block["text"], _REASON.fullmatch(block["before"].strip()) is None, block["rest"].strip())
        for block in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def running(page: Path) -> list[str]:
    """Texts of those that run."""
    return [program.text for program in programs(page) if program.runs]
