"""One line for each way of decoding: its figures, kept in a file so that a long run may go on, and its table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from latticework.bench.documents import Tally

HEADER = (
    "policy",
    "cache",
    "constraint",
    "forwards",
    "canvases shown",
    "tokens per forward",
    "seconds",
    "CPU seconds",
    "fields right",
    "documents valid",
    "slots forced",
    "MB kept",
)


@dataclass(frozen=True, slots=True)
class Line:
    """What one policy did behind one cache, with the constraint or without; figures per document.

    Attributes:
        policy, cache: names; no cache is ``""``.
        constrained: whether the canvas had the constraint of its schema.
        documents: how many the figures are of.
        forwards, evaluations, seconds: spent.
        tokens_per_forward: slots filled over forwards, what the constraint decided included.
        fields_right, valid, forced: shares.
        cpu: seconds of all threads of the process, which other work on the machine does not lengthen.
        kept: bytes of keys, values and hidden states at most, of all rows of a batch together.
    """

    policy: str
    cache: str
    constrained: bool
    documents: int
    forwards: float
    evaluations: float
    tokens_per_forward: float
    seconds: float
    fields_right: float
    valid: float
    forced: float
    kept: int = 0
    cpu: float = 0.0

    @classmethod
    def of(cls, policy: str, cache: str, constrained: bool, done: Tally, kept: int = 0) -> Line:
        count = done.documents
        return cls(
            policy,
            cache,
            constrained,
            count,
            done.forwards / count,
            done.evaluations / count,
            done.free / max(1, done.forwards),
            done.seconds / count,
            done.exact(),
            done.valid / count,
            done.forced / max(1, done.free),
            kept,
            done.cpu / count,
        )

    @property
    def key(self) -> tuple[str, str, bool]:
        return self.policy, self.cache, self.constrained

    def cells(self) -> list[str]:
        return [
            self.policy,
            self.cache or "none",
            "yes" if self.constrained else "no",
            f"{self.forwards:.1f}",
            f"{self.evaluations:.1f}",
            f"{self.tokens_per_forward:.1f}",
            f"{self.seconds:.2f}",
            f"{self.cpu:.2f}" if self.cpu else "",
            f"{self.fields_right:.2f}",
            f"{self.valid:.2f}",
            f"{self.forced:.2f}",
            f"{self.kept / 1e6:.1f}" if self.kept else "",
        ]


class Store:
    """Lines in a file, one JSON object each, under the settings they were measured with.

    Lines of other settings in the file are left alone and not read.
    """

    def __init__(self, file: Path, settings: str) -> None:
        self._file = file
        self._settings = settings
        self.lines = {line.key: line for line in self._read()}

    def _read(self) -> Iterator[Line]:
        if not self._file.is_file():
            return
        for text in self._file.read_text(encoding="utf-8").splitlines():
            found = json.loads(text)
            if found.pop("settings") == self._settings:
                yield Line(**found)

    def add(self, line: Line) -> None:
        self.lines[line.key] = line
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"settings": self._settings, **asdict(line)}) + "\n")


def report(lines: Sequence[Line], note: str) -> str:
    """A Markdown page with one table."""
    rows = [HEADER, ["---"] * len(HEADER), *(line.cells() for line in lines)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"# Policies on held-out documents\n\n{note}\n\n{table}\n"
