"""Which families and which styles a split draws from. No family or style of a held-out split is one of ``train``."""

from __future__ import annotations

from dataclasses import dataclass

from latticework.evaluation.tasks.styles import STYLES
from latticework.models.embedded.training.families import HELD_OUT_FAMILIES, TRAINED_FAMILIES, Family
from latticework.models.embedded.training.pools import HELD_OUT, TRAINED

_DEV_EVERY = 5  # of the families that are not held out, every fifth is one of ``dev``
_HELD_OUT_STYLES = ("ocr", "transcript")


@dataclass(frozen=True, slots=True)
class Split:
    """A part of the tasks: its families, its styles, and the part of the word lists that its values come from."""

    name: str
    families: tuple[Family, ...]
    styles: tuple[str, ...]
    values: int


_DEV = TRAINED_FAMILIES[_DEV_EVERY - 1 :: _DEV_EVERY]
_TRAIN = tuple(one for one in TRAINED_FAMILIES if one not in _DEV)
_STYLES = tuple(name for name in STYLES if name not in _HELD_OUT_STYLES)

SPLITS = (
    Split("train", _TRAIN, _STYLES, TRAINED),
    Split("dev", _DEV, _STYLES, HELD_OUT),
    Split("held-out-families", HELD_OUT_FAMILIES, _STYLES, HELD_OUT),
    Split("held-out-styles", _TRAIN, _HELD_OUT_STYLES, HELD_OUT),
    Split("held-out-both", HELD_OUT_FAMILIES, _HELD_OUT_STYLES, HELD_OUT),
)
