"""How to denoise: the options of one call, or of one row where rows of several calls share a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from latticework.diffusion.policies import Policy, Threshold
from latticework.errors import InputError

Overlap: TypeAlias = bool | Literal["late"] | None


@dataclass(frozen=True, slots=True)
class Options:
    """How to denoise.

    Attributes:
        policy: which slots to commit after a forward.
        temperature: 0 takes the likeliest valid completion, above 0 a joint sample of the valid completions.
        block_length: semi-autoregressive decoding in blocks of this many slots; ``None`` for the whole canvas at once.
        adaptive_blocks: a block reaches on behind its end over the slots of whose tokens the model alone is surer than
            this, as far as the constraint lets these tokens stand together (:mod:`.blocks`); 1 for blocks as they are.
            Networks with blocks of their own keep those, and so do context-free grammars and members in any order.
        batch_size: rows per forward; a row that finishes makes room for the next.
        overlap: prepare lattices in a worker thread during the forward. ``"late"`` does all of it there: what the
            constraint decides because of a step's commits is written with the next step's, not before the forward in
            between. Documents are as valid, but the model sees decided slots one forward later, so that texts may
            differ. ``None`` is ``"late"`` beside an accelerator, True on a CPU of which torch leaves a core, else
            False.
        guidance: classifier-free guidance w >= 0: logits are u + (w + 1)(c - u), where u comes from a second canvas in
            the same forward, behind a prompt that is masked (or what the model's ``unconditional`` makes of it); 0 for
            none. Ho and Salimans, arXiv 2207.12598; for masked diffusion Nie et al., arXiv 2410.18514.
    """

    policy: Policy = field(default_factory=Threshold)
    temperature: float = 0.0
    block_length: int | None = None
    adaptive_blocks: float = 1.0
    batch_size: int = 8
    overlap: Overlap = None
    guidance: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.temperature < float("inf"):
            raise InputError(f"temperature must be a finite number >= 0, got {self.temperature}")
        if self.block_length is not None and self.block_length < 1:
            raise InputError(f"block_length must be at least 1, got {self.block_length}")
        if not 0.0 <= self.adaptive_blocks <= 1.0:
            raise InputError(f"adaptive_blocks must be a probability, got {self.adaptive_blocks}")
        if self.batch_size < 1:
            raise InputError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.overlap not in (None, False, True, "late"):
            raise InputError(f"overlap must be True, False, 'late' or None, got {self.overlap!r}")
        if not 0.0 <= self.guidance < float("inf"):
            raise InputError(f"guidance must be a finite number >= 0, got {self.guidance}")
