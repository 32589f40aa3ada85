"""Constraints for the ``diffusion_generate`` of Dream and its descendants, through the two hooks it offers.

That method starts from a prompt followed by mask tokens. In every step it scores all masks, calls the logits hook,
draws a token for each, writes some of them (chosen by confidence, margin, entropy or at random) and calls the tokens
hook, whose answer is the canvas from then on. So the method keeps its say in *which* slots are written when, from the
distributions the model has given that the document will be valid, and the tokens hook puts the tokens of one valid
filling there, of which any part may be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from latticework.errors import Infeasible, InputError
from latticework.integrations.shaping import Shaper, block_session

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint


class DreamHooks:
    """The hooks of one call: ``model.diffusion_generate(ids, steps=S, generation_tokens_hook_func=hooks.tokens,
    generation_logits_hook_func=hooks.logits, ...)`` with ``hooks = DreamHooks(constraint, steps=S, mask_id=...)``.

    Every row ends as a document of its constraint. End tokens, of which such models are sure too early, are written
    when nothing before them is open. Tokens that the method draws are not used: ``temperature`` here makes documents
    vary, its own temperature and top-p act on the order of slots only.
    """

    def __init__(
        self,
        constraint: AnyConstraint | Sequence[AnyConstraint | None],
        *,
        steps: int,
        mask_id: int,
        prompt_length: int | None = None,
        temperature: float = 0.0,
        seed: int | None = None,
    ) -> None:
        """
        Args:
            constraint: one for all rows, or a list with one for every row, ``None`` for a row that is left alone.
            steps: as given to ``diffusion_generate``; after the last of them no mask is left.
            mask_id: id of the mask token.
            prompt_length: columns before the canvas; by default those before the first mask of any row. Tokens behind
                it that are no masks stay and are part of the document.
            temperature: 0 for the likeliest document, above 0 for a sample.
            seed: of the samples.

        Raises:
            InputError: a number makes no sense, or a vocabulary has no end token.
        """
        if steps < 1:
            raise InputError(f"steps must be at least 1, got {steps}")
        if not 0.0 <= temperature < float("inf"):
            raise InputError(f"temperature must be a finite number >= 0, got {temperature}")
        self._constraint = constraint
        self._steps = steps
        self._mask = mask_id
        self._start = prompt_length
        self._temperature = temperature
        self._generator = np.random.default_rng(seed)
        self._rows: list[_Row | None] = []

    def tokens(self, step: int | None, x: torch.Tensor, logits: torch.Tensor | None) -> torch.Tensor:
        """``generation_tokens_hook_func``: x [B, L] before the first step, then after every step.

        Raises:
            Infeasible: no document fits between the tokens that are fixed; before any forward.
            InputError: the hooks have served another call before.
        """
        if step is None:
            return self._begin(x)
        result = x.clone()
        for number, row in enumerate(self._opened(x)):
            if row is not None:
                written = x[number, self._start :].cpu().numpy() != self._mask
                kept = row.write(written, last=step >= self._steps - 1)
                result[number, : self._start] = row.prompt
                result[number, self._start :] = torch.from_numpy(kept).to(x)
        return result

    def logits(self, step: int, x: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """``generation_logits_hook_func``: logits [B, L, V] whose row i scores the token at position i.

        Raises:
            ModelError: the model returned NaN.
        """
        result = logits.clone()
        for number, row in enumerate(self._opened(x)):
            if row is not None and row.free.any():
                result[number, self._start :] = row.shape(
                    logits[number, self._start :], self._temperature, self._generator
                )
        return result

    def texts(self, sequences: Any) -> list[str]:
        """The document of every row of what ``diffusion_generate`` returned, checked; rows without a constraint up to
        their first end token.

        Raises:
            InputError: a row is no document of its constraint, as when there were fewer ``steps`` than announced.
        """
        tokens = getattr(sequences, "sequences", sequences)
        rows = self._opened(tokens)
        reader = next(row.shaper for row in rows if row is not None)
        return [
            reader.text(own, None if row is None else row.constraint).decode(errors="replace")
            for row, own in zip(rows, tokens[:, self._start :].cpu().numpy(), strict=True)
        ]

    def _begin(self, x: torch.Tensor) -> torch.Tensor:
        if self._rows:
            raise InputError("hooks serve one call of diffusion_generate; make new ones for every call")
        canvas = (x == self._mask).cpu().numpy()
        if self._start is None:
            if not canvas.any():
                raise InputError(f"there is no mask token {self._mask} in the canvas")
            self._start = int(np.argmax(canvas.any(axis=0)))
        given = self._constraint if isinstance(self._constraint, Sequence) else [self._constraint] * len(x)
        if len(given) != len(x) or not any(own is not None for own in given):
            raise InputError(f"{len(x)} rows and {len(given)} constraints; give one for all, or one for each")
        for number, own in enumerate(given):
            tokens, free = x[number, self._start :].cpu().numpy(), canvas[number, self._start :]
            try:
                self._rows.append(
                    None if own is None else _Row(own, x[number, : self._start], tokens, free, self._mask)
                )
            except Infeasible as error:
                raise Infeasible(f"row {number}: {error}", error.needed, error.slots, error.slot) from None
        return x

    def _opened(self, x: torch.Tensor) -> list[_Row | None]:
        if len(self._rows) != len(x):
            raise InputError("the tokens hook was not called before the first step: pass both hooks")
        return self._rows


class _Row:
    """One canvas. Attributes: the prompt, its constraint, which slots are open."""

    def __init__(
        self,
        constraint: AnyConstraint,
        prompt: torch.Tensor,
        tokens: NDArray[np.int64],
        free: NDArray[np.bool_],
        mask: int,
    ) -> None:
        self.constraint = constraint
        self.prompt = prompt.clone()
        self.shaper = Shaper(constraint.vocabulary)
        self.free = free.copy()
        self._mask = mask
        self._tokens = np.where(free, mask, tokens)
        self._session = block_session(constraint, tokens, free)
        self._draft: NDArray[np.int64] | None = None

    def shape(self, scores: torch.Tensor, temperature: float, generator: np.random.Generator) -> torch.Tensor:
        """Logits of the whole canvas that say a filling of it; slots of its tail that are not due look like noise."""
        found = self.shaper.propose(self._session, scores, 0)
        if temperature > 0:
            found.tokens[:] = self._session.sample(scores, generator, temperature).tokens
        self._draft = found.tokens
        result = self.shaper.shape(found, scores)
        body = self.shaper.body(found.tokens)
        if self.free[:body].any():
            result[body:] = 0.0
        return result

    def write(self, chosen: NDArray[np.bool_], last: bool) -> NDArray[np.int64]:
        """The canvas with the draft's tokens in the slots that were chosen, and masks in those that stay open."""
        if self._draft is not None:
            body = self.shaper.body(self._draft)
            due = self.free & (chosen | last)
            due[body:] = self.free[body:] & ~(self.free & ~due)[:body].any()
            self._session.commit_block(self._draft, 0, due)
            self._tokens[due] = self._draft[due]
            self.free &= ~due
        return self._tokens.copy()
