"""Keyword arguments of the calls of a model, for type checkers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from pathlib import Path

    from latticework.diffusion.caches import Strategy
    from latticework.diffusion.options import Overlap
    from latticework.diffusion.policy import Policy
    from latticework.diffusion.records import Step
    from latticework.models.autoregressive import AutoregressiveModel
    from latticework.scaffold.choice import ScaffoldName


class InfillOptions(TypedDict, total=False):
    """Keyword arguments of ``Model.infill``, explained at ``Model.generate``."""

    temperature: float
    seed: int | None
    policy: str | Policy | None
    threshold: float | None
    steps: int | None
    gamma: float | None
    policy_options: Mapping[str, Any] | None
    guidance: float
    block_length: int | None
    cache: str | Strategy | None
    cache_options: Mapping[str, Any] | None
    guide: str | Path | AutoregressiveModel | None
    batch_size: int
    overlap: Overlap
    on_step: Callable[[Step], None] | None
    trace: bool


class GenerateOptions(InfillOptions, total=False):
    """Keyword arguments of ``Model.generate``, explained there."""

    max_tokens: int | None
    start: str | Sequence[str | None] | AutoregressiveModel | None
    start_trust: float
    scaffold: ScaffoldName
    stop: str | Sequence[str] | None
    stop_token_ids: Sequence[int] | None
    copy_bias: float
    length_bonus: float
    null_bias: float
    horizon: int | None
    adaptive_blocks: float | None
    canonical: bool
    schema_in_prompt: bool
