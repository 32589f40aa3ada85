"""Constraints for pipelines of Hugging Face diffusers that fill masks in blocks, through their scheduler.

``LLaDA2Pipeline`` hands the logits of one block and its tokens to ``BlockRefinementScheduler.step``, which writes the
tokens it is sure of. The scheduler here writes tokens of one valid filling of the block instead, of which any part may
be written, and is sure of them as far as the model is, given that the document will be valid.

The pipeline of DiffusionGemma is refused: it keeps canvases that its scheduler never gets to see, so what stands in a
finished canvas cannot be known when the next one begins. Use ``generate`` of transformers with
:class:`latticework.integrations.transformers.LatticeworkLogitsProcessor` for that model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from latticework.errors import Infeasible, InputError, ModelError
from latticework.integrations.shaping import LEAD, Shaper, block_session, certain, index

try:
    from diffusers.schedulers.scheduling_block_refinement import BlockRefinementScheduler
except ImportError as error:
    raise ModelError("diffusers with BlockRefinementScheduler is needed for this: pip install -U diffusers") from error

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint


def constrained(
    scheduler: Any,
    constraint: AnyConstraint | Sequence[AnyConstraint | None],
    *,
    prompt_length: int,
    gen_length: int,
    block_length: int | None = None,
) -> ConstrainedBlockRefinement:
    """A scheduler for one call of a pipeline: ``pipeline.scheduler = constrained(pipeline.scheduler, ...)``.

    Args:
        scheduler: a ``BlockRefinementScheduler``, whose configuration is taken over.
        constraint: one for all rows, or a list with one for every row, ``None`` for a row that is left alone.
        prompt_length: tokens of the prompt as the pipeline sees it, template and padding included.
        gen_length, block_length: as given to the pipeline.

    Raises:
        InputError: another scheduler, or a number makes no sense.
    """
    if not isinstance(scheduler, BlockRefinementScheduler):
        raise InputError(
            f"{type(scheduler).__name__} is not supported: it redraws tokens that it has written, or has no mask "
            "token. Only BlockRefinementScheduler is"
        )
    made = ConstrainedBlockRefinement.from_config(scheduler.config)
    assert isinstance(made, ConstrainedBlockRefinement)
    made.constrain(constraint, prompt_length, gen_length, block_length or scheduler.config["block_length"])
    return made


class ConstrainedBlockRefinement(BlockRefinementScheduler):
    """``BlockRefinementScheduler`` whose rows end as documents of their constraints; made by :func:`constrained`.

    Which slots are written when is decided as ever (threshold, fewest tokens a step). Tokens are the likeliest valid
    ones; written tokens are certain, so nothing is edited. End tokens wait until nothing before them is open.
    """

    def constrain(
        self,
        constraint: AnyConstraint | Sequence[AnyConstraint | None],
        prompt_length: int,
        gen_length: int,
        block_length: int,
    ) -> None:
        """Set what one call of the pipeline is to hold; see :func:`constrained`."""
        if min(gen_length, block_length) < 1 or prompt_length < 0:
            raise InputError("gen_length and block_length must be at least 1, prompt_length at least 0")
        self._constraint = constraint
        self._prompt_length, self._gen_length, self._block_length = prompt_length, gen_length, block_length
        self._block = prompt_length // block_length - 1
        self._rows: list[_Row | None] = []

    def set_timesteps(self, *given: Any, **options: Any) -> None:
        """As ever; pipelines call it once, at their start."""
        if self._rows:
            raise InputError("a scheduler serves one call of a pipeline; make a new one for every call")
        super().set_timesteps(*given, **options)

    def step(self, model_output: torch.Tensor, timestep: Any, sample: Any, **options: Any) -> Any:
        """One refinement step, with the arguments of the scheduler it replaces.

        Raises:
            Infeasible: no document fits ``gen_length``. Raised in the first step.
            InputError: sampling, uniform noise, or a second call of the pipeline.
        """
        mask = options.get("mask_token_id")
        if mask is None:
            raise InputError(
                "a model without a mask token: use generate of transformers with LatticeworkLogitsProcessor"
            )
        if options.get("temperature") or options.get("top_p") or options.get("top_k"):
            raise InputError("temperature, top_p and top_k draw every token on its own; leave them out")
        if int(timestep) == 0:
            self._open_block(sample)
        begin = self._block * self._block_length - self._prompt_length
        skip = max(-begin, 0)
        shaped = model_output.clone()
        drafts: list[NDArray[np.int64] | None] = []
        for number, row in enumerate(self._rows):
            if row is None:
                drafts.append(None)
                continue
            written = sample[number, skip:].cpu().numpy()
            draft, logits = row.shape(model_output[number, skip:], written, begin + skip, mask)
            shaped[number, skip:] = logits
            drafts.append(draft)
        asked: dict[str, Any] = options | {"return_dict": True}
        result = super().step(shaped, timestep, sample, **asked)
        assert not isinstance(result, tuple)
        for number, (row, draft) in enumerate(zip(self._rows, drafts, strict=True)):
            if row is not None and draft is not None:
                row.write(draft, result.transfer_index[number, skip:].cpu().numpy(), begin + skip)
        return result if options.get("return_dict", True) else tuple(result.values())

    def texts(self, sequences: Any) -> list[str]:
        """The document of every row of what the pipeline returned (prompts left out), checked.

        Raises:
            InputError: a row is no document of its constraint.
        """
        tokens = getattr(sequences, "sequences", sequences).cpu().numpy()
        reader = next(row.shaper for row in self._rows if row is not None)
        return [
            reader.text(own, None if row is None else row.constraint).decode(errors="replace")
            for row, own in zip(self._rows, tokens, strict=True)
        ]

    def _open_block(self, sample: torch.Tensor) -> None:
        self._block += 1
        if self._rows:
            return
        given = self._constraint if isinstance(self._constraint, Sequence) else [self._constraint] * len(sample)
        if len(given) != len(sample) or not any(own is not None for own in given):
            raise InputError(f"{len(sample)} rows and {len(given)} constraints; give one for all, or one for each")
        blocks = -(-(self._prompt_length + self._gen_length) // self._block_length)
        total = blocks * self._block_length - self._prompt_length
        for number, own in enumerate(given):
            try:
                self._rows.append(None if own is None else _Row(own, total, self._gen_length))
            except Infeasible as error:
                raise Infeasible(f"row {number}: {error}", error.needed, error.slots, error.slot) from None


class _Row:
    """The canvas of one row, all blocks of it. Attributes: its constraint, what its vocabulary has to do with it."""

    def __init__(self, constraint: AnyConstraint, total: int, slots: int) -> None:
        self.constraint = constraint
        self.shaper = Shaper(constraint.vocabulary)
        free = np.arange(total) < slots
        self._session = block_session(constraint, np.full(total, self.shaper.filler, np.int64), free)
        self._closed = False

    def shape(
        self, scores: torch.Tensor, written: NDArray[np.int64], first: int, mask: int
    ) -> tuple[NDArray[np.int64] | None, torch.Tensor]:
        """The filling of the block at slot ``first``, ``None`` once the document has ended, and logits that say it.

        End tokens that are not due are still the likeliest of their slots, but hardly likelier than any other token.
        """
        if self._closed:
            return None, certain(np.where(written == mask, self.shaper.filler, written), scores)
        known = ~self._session.free[first : first + len(written)] & (written != mask)
        if (self._session.tokens[first : first + len(written)][known] != written[known]).any():
            raise InputError("the tokens of the block are not those that this scheduler has written")
        found = self.shaper.propose(self._session, scores, first)
        logits = self.shaper.shape(found, scores)
        body = self.shaper.body(found.tokens)
        if (written[:body] == mask).any():
            tail = index(found.tokens[body:], scores)[:, None]
            logits[body:] = torch.full_like(logits[body:], -LEAD).scatter_(1, tail, 0.0)
        return found.tokens, logits

    def write(self, draft: NDArray[np.int64], chosen: NDArray[np.bool_], first: int) -> None:
        """Take over what the scheduler has written of a filling."""
        self._session.commit_block(draft, first, chosen)
        body = self.shaper.body(draft)
        self._closed = body < len(draft) and not self._session.free[first : first + body + 1].any()
