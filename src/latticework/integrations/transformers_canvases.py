"""Constraints for ``DiffusionGemmaForBlockDiffusion.generate``: a logits processor that looks at whole canvases.

That method denoises a document in canvases of C slots, one after the other. In every step it scales the logits that
processors return by a temperature, draws a token for every slot, keeps the draws in the slots of least entropy, puts
noise into the others, and stops when the likeliest tokens have not changed and the mean entropy is small; the
*likeliest tokens of the last step* become the canvas. What the processor makes of the logits: :mod:`.shaping`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import LogitsProcessor

from latticework.errors import Infeasible, InputError
from latticework.integrations.block_rows import BlockRow
from latticework.integrations.shaping import Shaper
from latticework.lattice.arranged.constraint import ArrangedConstraint
from latticework.lattice.chart.constraint import ContextFreeConstraint
from latticework.lattice.constraint import Constraint

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint


class LatticeworkLogitsProcessor(LogitsProcessor):
    """Makes every row of a ``generate`` call of a canvas model a document of its constraint.

    One object serves one call, in a list of its own, as ``generate`` appends to the list it gets:
    ``generate(ids, max_new_tokens=512, logits_processor=LogitsProcessorList([LatticeworkLogitsProcessor(...)]))``. Put
    it last if there are other processors. Rows whose document has ended cost nothing.

    Whatever the sampler does, the canvases that are kept hold a document that ends within ``max_new_tokens``: what is
    left of the budget after a canvas is part of what is possible in it. Under a regular constraint the rows are exact
    marginals at temperature 1; under a context-free one see :mod:`.shaping`.
    """

    def __init__(
        self,
        constraint: AnyConstraint | Sequence[AnyConstraint | None],
        *,
        max_new_tokens: int,
        canvas_length: int,
        prompt_length: int | None = None,
    ) -> None:
        """
        Args:
            constraint: one for all rows, or a list with one for every row, ``None`` for a row that is left alone.
            max_new_tokens: as given to ``generate``.
            canvas_length: ``model.config.canvas_length``.
            prompt_length: columns of ``input_ids``; read from the first call by default.

        Raises:
            Infeasible: no document of a constraint fits; names the row and the tokens it needs. Before any forward.
            InputError: a number makes no sense, or a vocabulary has no end token.
            TypeError: a constraint is none; compile a grammar with ``latticework.compile``.
        """
        for name, value in (("max_new_tokens", max_new_tokens), ("canvas_length", canvas_length)):
            if value < 1:
                raise InputError(f"{name} must be at least 1, got {value}")
        self._length = canvas_length
        self._budget = max_new_tokens
        self._prompt_length = prompt_length
        self._common = None if isinstance(constraint, Sequence) else constraint
        given = constraint if isinstance(constraint, Sequence) else [constraint]
        if not len(given):
            raise InputError("the list of constraints is empty; give one for every row")
        self._rows = [self._row(own, number) for number, own in enumerate(given)]
        self._seen: torch.Tensor | None = None
        self._finished = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """New logits [B, C, V] for the canvas that follows ``input_ids`` [B, L].

        Raises:
            InputError: the shapes are not those announced, or the object has served another call before.
            ModelError: the model returned NaN.
        """
        self._check(input_ids, scores)
        self._advance(input_ids)
        shaped = torch.empty_like(scores)
        for row, own, new in zip(self._rows, scores, shaped, strict=True):
            new.copy_(own if row is None else row.shape(own))
        return shaped

    def texts(self, sequences: Any) -> list[str]:
        """The document of every row of what ``generate`` returned, checked; ``None`` rows as they are.

        Args:
            sequences: [B, L] token ids, prompt included, or the output object that has them.

        Raises:
            InputError: a row is no document of its constraint: ``generate`` ran with another ``max_new_tokens``, or
                something changed logits or tokens behind this processor.
        """
        tokens = getattr(sequences, "sequences", sequences).detach().cpu().numpy()
        if self._prompt_length is None or len(tokens) != len(self._rows):
            raise InputError("these are not the sequences of the call that this processor served")
        some = next((row for row in self._rows if row), None)
        if some is None:
            raise InputError("no row has a constraint, so there is no vocabulary to read tokens with")
        reader = Shaper(some.constraint.vocabulary)
        return [
            (reader.text(own, None) if row is None else row.text(own)).decode(errors="replace")
            for row, own in zip(self._rows, tokens[:, self._prompt_length :], strict=True)
        ]

    def _row(self, constraint: object, number: int) -> BlockRow | None:
        if constraint is None:
            return None
        if not isinstance(constraint, Constraint | ArrangedConstraint | ContextFreeConstraint):
            raise TypeError(f"expected a compiled constraint or None, got {type(constraint).__name__}")
        try:
            return BlockRow(constraint, self._length, -(-self._budget // self._length), self._budget)
        except Infeasible as error:
            raise Infeasible(f"row {number}: {error}", error.needed, error.slots, error.slot) from None

    def _check(self, input_ids: torch.Tensor, scores: torch.Tensor) -> None:
        if scores.ndim != 3:
            raise InputError(
                f"logits of a canvas have three dimensions (rows, slots, vocabulary), these have {scores.ndim}: this "
                "processor is for models that denoise canvases, such as DiffusionGemma. For masked models pass "
                "custom_generate=latticework.integrations.transformers.custom_generate"
            )
        if self._seen is None and self._common is not None:
            self._rows += [self._row(self._common, number) for number in range(len(self._rows), len(scores))]
        if len(scores) != len(self._rows) or len(input_ids) != len(self._rows):
            raise InputError(f"{len(self._rows)} rows were announced, the batch has {len(scores)}")
        if scores.shape[1] != self._length:
            raise InputError(f"canvas_length={self._length} was announced, the canvas has {scores.shape[1]} slots")
        width = next((len(row.constraint.vocabulary) for row in self._rows if row), scores.shape[2])
        if scores.shape[2] != width:
            raise InputError(
                f"the model scores {scores.shape[2]} ids, the vocabulary of the constraint has {width}: build it with "
                f"size={scores.shape[2]}"
            )

    def _advance(self, input_ids: torch.Tensor) -> None:
        """Take over the canvases that were finished since the last call."""
        if input_ids is self._seen:
            return
        if self._prompt_length is None:
            self._prompt_length = input_ids.shape[1]
        begins = self._prompt_length + self._finished * self._length
        grown = input_ids.shape[1] - begins
        if grown == self._length and self._seen is not None:
            self._finished += 1
            canvas = input_ids[:, begins:].cpu().numpy()
            for number, (row, own) in enumerate(zip(self._rows, canvas, strict=True)):
                if row is not None:
                    self._finish(row, own, number)
        elif grown != 0:
            raise InputError(self._unexpected(input_ids.shape[1], begins))
        before = self._seen
        if before is not None and not torch.equal(input_ids[:, : before.shape[1]], before):
            raise InputError("input_ids are not those of the call before: " + _ONCE)
        self._seen = input_ids

    def _finish(self, row: BlockRow, canvas: np.ndarray, number: int) -> None:
        try:
            row.finish(canvas)
        except Infeasible as error:
            raise InputError(
                f"row {number}: the canvas that was kept is not one of those proposed ({error}). Another processor "
                "changes the logits after this one, or generate stops at ids that are no end tokens of the vocabulary"
            ) from None

    def _unexpected(self, columns: int, begins: int) -> str:
        if self._seen is None:
            return f"prompt_length={begins} was announced, input_ids have {columns} columns"
        return f"input_ids have {columns} columns, expected {begins} or {begins + self._length}: " + _ONCE


_ONCE = "a processor serves one call of generate; make a new one for every call"
