"""What a call asks of every row beyond its grammar: prompt, scaffold, weights, segmentation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from latticework.diffusion.weighting import Preferences

if TYPE_CHECKING:
    from latticework.scaffold.choice import ScaffoldName


@dataclass(frozen=True, slots=True)
class Wishes:
    """Options of a row; the defaults are those of ``Model.generate``.

    Attributes:
        max_tokens: slots of the canvas.
        scaffold: how fixed text comes into it.
        preferences: weights that are added to the logits.
        canonical: only texts as the tokenizer cuts them.
        schema_in_prompt: whether the model's prompt describes the schema.
    """

    max_tokens: int | None = None
    scaffold: ScaffoldName = "auto"
    preferences: Preferences = field(default_factory=Preferences)
    canonical: bool = False
    schema_in_prompt: bool = True
