"""The record of one row's denoising, and the page that replays it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.viz.page import page

if TYPE_CHECKING:
    from latticework.diffusion.records import Step
    from latticework.tokens.vocabulary import Vocabulary

# What a slot is at a step; the page knows these numbers.
OPEN, DRAFT, GIVEN, FORCED, COMMITTED, ABSENT = range(6)


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One step: [N] arrays.

    Attributes:
        forwards: forwards so far.
        tokens: token of every slot, -1 where nothing is known.
        kinds: one of OPEN, DRAFT, GIVEN, FORCED, COMMITTED; ABSENT behind the end of a canvas that is shorter than it
            is at other steps.
        confidence: of the token at this step, NaN where there is none.
        retracted: slots that were taken back in this step.
    """

    forwards: int
    tokens: NDArray[np.int64]
    kinds: NDArray[np.int8]
    confidence: NDArray[np.float64]
    retracted: NDArray[np.int64]


@dataclass
class Trace:
    """Collects the steps of one row; give it to ``on_step``, or ask :meth:`Model.generate` for it with ``trace=True``.

    Attributes:
        vocabulary: what the tokens say.
        title: heading of the page.
        frames: the steps so far.
        fields: confidence by JSON Pointer of the finished text.
    """

    vocabulary: Vocabulary
    title: str = "Denoising"
    frames: list[Frame] = field(default_factory=list)
    fields: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, step: Step) -> None:
        kinds = np.where(step.free, OPEN, GIVEN).astype(np.int8)
        if self.frames:
            # Where the canvas has got another length, slots are told apart by what they are now.
            before = self.frames[-1].kinds
            kinds = before.copy() if len(before) == len(kinds) else np.where(step.free, OPEN, COMMITTED).astype(np.int8)
        kinds[step.forced] = FORCED
        kinds[step.committed] = COMMITTED
        kinds[step.free] = np.where(step.tokens[step.free] < 0, OPEN, DRAFT)
        retracted = np.asarray(step.retracted)
        self.frames.append(
            Frame(step.forwards, step.tokens.copy(), kinds, step.confidence.copy(), retracted.astype(np.int64))
        )

    def to_html(self, path: str | Path | None = None) -> str:
        """One page without any other file that replays the steps: slots, confidence, forwards, fields.

        Args:
            path: also write it there, UTF-8.

        Cost: size grows with the number of slots that change, some kilobytes for a usual document.
        """
        found = page(self.title, json.dumps(self.as_dict(), ensure_ascii=False, separators=(",", ":")))
        if path is not None:
            Path(path).write_text(found, encoding="utf-8")
        return found

    def as_dict(self) -> dict[str, Any]:
        """The steps as the page reads them: texts by token, and of every step the slots that changed.

        ``steps[i].slots`` are ``[slot, text number, kind, confidence in percent or null]``.
        """
        numbers: dict[int, int] = {}
        steps = []
        before: Frame | None = None
        count = max((len(frame.tokens) for frame in self.frames), default=0)
        for frame in (_padded(frame, count) for frame in self.frames):
            steps.append(
                {
                    "forwards": frame.forwards,
                    "slots": [self._slot(frame, slot, numbers) for slot in _changed(before, frame)],
                    "retracted": frame.retracted.tolist(),
                }
            )
            before = frame
        texts = [self._text(token) for token in numbers]
        return {"slots": count, "texts": texts, "steps": steps, "fields": dict(self.fields)}

    def _slot(self, frame: Frame, slot: int, numbers: dict[int, int]) -> list[int | None]:
        token = int(frame.tokens[slot])
        sure = float(frame.confidence[slot])
        percent = None if np.isnan(sure) else round(100 * min(sure, 1.0))
        return [slot, numbers.setdefault(token, len(numbers)), int(frame.kinds[slot]), percent]

    def _text(self, token: int) -> str:
        """What a slot shows: nothing for an unknown token, a dot for one without text."""
        if token < 0:
            return ""
        data = self.vocabulary.bytes(token)
        return data.decode("utf-8", errors="replace") if data else "·"


def _padded(frame: Frame, count: int) -> Frame:
    missing = count - len(frame.tokens)
    if not missing:
        return frame
    return Frame(
        frame.forwards,
        np.append(frame.tokens, np.full(missing, -1)),
        np.append(frame.kinds, np.full(missing, ABSENT, np.int8)),
        np.append(frame.confidence, np.full(missing, np.nan)),
        frame.retracted,
    )


def _changed(before: Frame | None, frame: Frame) -> list[int]:
    if before is None:
        return list(range(len(frame.tokens)))
    same = (
        (before.tokens == frame.tokens)
        & (before.kinds == frame.kinds)
        & ((before.confidence == frame.confidence) | (np.isnan(before.confidence) & np.isnan(frame.confidence)))
    )
    return np.flatnonzero(~same).tolist()
