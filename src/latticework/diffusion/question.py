"""What a row asks its lattice in a step: a valid completion for logits, asked alone or with the rows of its batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.device_memory import memory_errors
from latticework.diffusion.canonical import Segmentation, propose_canonical
from latticework.errors import ModelError

if TYPE_CHECKING:
    import torch

    from latticework.lattice.path import Proposal


@dataclass(eq=False, slots=True)
class Question:
    """One proposal of one row.

    Attributes:
        session: of the row, with ``propose``; others than those of regular constraints are asked alone.
        logits: [N, V], weights added.
        temperature, generator, entropy: as ``Session.propose`` takes them.
        inside: [n] int64, the open slots of the active block.
        edited: [e] int64, slots that were opened to be written anew.
        segmentation: of the tokenizer where proposals are to be cut as it cuts them; such rows are asked alone.
        stop: slot from which on logits are no evidence, as ``Session.propose`` takes it; those rows too.
        undefined: scalar bool tensor, whether the model returned NaN, where reading it would wait for a device.
    """

    session: Any
    logits: torch.Tensor
    temperature: float
    generator: np.random.Generator
    entropy: bool
    inside: NDArray[np.int64]
    edited: NDArray[np.int64]
    segmentation: Segmentation | None = None
    undefined: torch.Tensor | None = None
    stop: int | None = None
    _proposal: Callable[[], Proposal] | None = None

    def answered(self) -> tuple[Any, Proposal]:
        """The completion, and the logits it is the best one (or a sample) of.

        Where segmentation counts, it counts for the open slots of the active block: others are not committed now.

        Raises ``ModelError`` when the model returned NaN.
        """
        if self.undefined is not None and bool(self.undefined):
            raise nan_error()
        if self._proposal is not None:
            return self.logits, self._proposal()
        if self.segmentation is None:
            return self.logits, self._propose(self.logits)
        due = np.zeros(len(self.logits), np.bool_)
        due[self.inside] = True
        return propose_canonical(self._propose, self.logits, due, self.segmentation)

    def _propose(self, logits: Any) -> Proposal:
        horizon = {} if self.stop is None else {"stop": self.stop}
        return self.session.propose(
            logits, temperature=self.temperature, generator=self.generator, entropy=self.entropy, **horizon
        )

    @property
    def _shares(self) -> bool:
        """Whether it may go into one launch with others."""
        return self.segmentation is None and self.stop is None and hasattr(self.session, "propose_here")

    def _take(self, proposal: Callable[[], Proposal]) -> None:
        self._proposal, self.undefined = proposal, None


def ask_together(questions: Sequence[Question]) -> None:
    """Ask what can be asked in one go, for logits on a device: one launch of each kernel and one copy to the host.

    What goes wrong is the answer to all of them; a device that runs out of memory is a ``ModelError``.
    """
    from latticework.lattice.together import Asked, propose_together

    shared = [question for question in questions if question._shares]
    if not shared:
        return
    asked = [Asked(own.session, own.logits, own.temperature, own.generator, own.entropy) for own in shared]
    flags = [own.undefined[None] for own in shared if own.undefined is not None]
    try:
        with memory_errors(f"the lattices of {len(asked)} canvases"):
            proposals, undefined = propose_together(asked, flags)
    except Exception as error:
        for own in shared:
            own._take(partial(_raise, error))
        return
    for own, proposal, flag in zip(shared, proposals, undefined, strict=True):
        own._take(partial(_raise, nan_error()) if flag[0] else proposal)


def nan_error() -> ModelError:
    return ModelError("the model returned NaN for this row")


def _raise(error: Exception) -> Proposal:
    raise error
