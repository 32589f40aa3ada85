"""What goes into the denoising loop and what comes out: requests, steps, timings, outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.weighting import Preferences
from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint
    from latticework.diffusion.canonical import Segmentation
    from latticework.diffusion.starting import Start
    from latticework.diffusion.weighting import Source
    from latticework.errors import LatticeworkError
    from latticework.lattice.chart.marked import MarkedConstraint
    from latticework.scaffold.constraint import ElasticConstraint


@dataclass(frozen=True, eq=False, slots=True)
class Request:
    """One row: a prompt and a canvas of N slots to be filled after it.

    Attributes:
        prompt: token ids before the canvas.
        tokens: [N] int64; what free slots hold does not matter.
        free: [N] bool, the slots to fill.
        constraint: the language of the filled canvas; ``None`` for plain masked-diffusion decoding.
        entropy: words that seed the row's generators (NumPy ``SeedSequence``); read only at temperatures above 0 and
            by policies that draw random numbers.
        tail: whether slots after a complete document may hold end or pad.
        elastic: whether free slots may hold the vocabulary's filler, which leaves no text. Needs ``tail=False``: where
            the filler is an end token it must not end the document.
        aligned: whether blocks are counted from the start of the prompt, as a block-causal network sees them, and not
            from that of the canvas.
        seen: slots that the network rates at a time, counted from the start of the canvas, where it cannot see all of
            it; blocks then divide them.
        fixes_forced: whether slots that the constraint leaves one token are written before the model is asked.
        grows: [N] bool, slots of holes of an elastic canvas that get more slots where a text fills all of theirs.
        most: slots to which the canvas may grow then, or where a document leaves no slot for an end.
        preferences: weights that are added to the logits.
        source: the text to copy from, where ``preferences`` have a weight for that.
        segmentation: of the tokenizer, where proposals are to be cut as it cuts them.
        start: a draft that the canvas starts from, as far as the constraint and the model agree to it.
    """

    prompt: tuple[int, ...]
    tokens: NDArray[np.int64]
    free: NDArray[np.bool_]
    constraint: AnyConstraint | MarkedConstraint | ElasticConstraint | None = None
    entropy: tuple[int, ...] = (0,)
    tail: bool = True
    elastic: bool = False
    aligned: bool = False
    seen: int | None = None
    fixes_forced: bool = True
    grows: NDArray[np.bool_] | None = None
    most: int = 0
    preferences: Preferences = field(default_factory=Preferences)
    source: Source | None = None
    segmentation: Segmentation | None = None
    start: Start | None = None

    def __post_init__(self) -> None:
        if self.elastic and self.tail:
            raise InputError("an elastic canvas has no tail: set tail=False")

    @classmethod
    def blank(
        cls,
        prompt: tuple[int, ...],
        slots: int,
        constraint: AnyConstraint | None = None,
        entropy: tuple[int, ...] = (0,),
        aligned: bool = False,
        seen: int | None = None,
    ) -> Request:
        """A request whose canvas is ``slots`` free slots."""
        tokens = np.zeros(slots, dtype=np.int64)
        free = np.ones(slots, dtype=np.bool_)
        return cls(tuple(prompt), tokens, free, constraint, entropy, aligned=aligned, seen=seen)


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One moment of one row, for trace hooks: after a forward, or after the forced slots before the first one.

    Attributes:
        row: index of the request.
        forwards: forwards the row has had so far.
        tokens: [N] int64 canvas; in free slots the token of the current completion, -1 before the first forward.
        free: [N] bool, slots still open.
        committed: [.] int64, slots the policy committed in this step.
        forced: [.] int64, slots the constraint decided in this step.
        confidence: [N] float64, confidence of ``tokens`` at this step; NaN where nothing was proposed.
        retracted: [.] int64, slots that the policy took back in this step, with what the constraint had decided for
            them. A slot may be in ``committed`` or ``forced`` of the same step, too; ``free`` says how it ended.
        provisional: whether the policy may still take back what is fixed, or give the canvas another length.
    """

    row: int
    forwards: int
    tokens: NDArray[np.int64]
    free: NDArray[np.bool_]
    committed: NDArray[np.int64]
    forced: NDArray[np.int64]
    confidence: NDArray[np.float64]
    retracted: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    provisional: bool = False


@dataclass(slots=True)
class Timings:
    """Milliseconds of wall time. A batched forward counts in full for each of its rows.

    Attributes:
        model: forwards; on an accelerator the time to queue them.
        constraint: lattice work the row waited for (start, forced slots, proposals, commits); on an accelerator also
            the rest of the forward, which ends in the same wait.
        hidden: lattice work done in a worker thread while the model was running.
        policy: choosing slots.
        total: from the row's first lattice question to its last commit.
    """

    model: float = 0.0
    constraint: float = 0.0
    hidden: float = 0.0
    policy: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """A filled canvas, or the reason why there is none.

    Attributes:
        tokens: [N] int64.
        body: slots before the tail; the document is ``tokens[:body]``, fillers of an elastic canvas left out.
        log_prob: [N] float64, log of the constrained marginal probability at commit; 0 for given and forced slots, and
            for these alone.
        forwards: forwards the row took part in.
        free_slots, forced_slots: slots that were open at the start, and how many of them the constraint decided.
        ended: whether an end token closed the document (otherwise it fills the canvas).
        error: set when the row failed; the other attributes then describe the canvas as it stood.
        evaluations: canvases the model was shown for this row: more than ``forwards`` where a policy drafts or
            verifies, or with guidance.
    """

    tokens: NDArray[np.int64]
    body: int
    log_prob: NDArray[np.float64]
    forwards: int
    free_slots: int
    forced_slots: int
    ended: bool
    timings: Timings = field(default_factory=Timings)
    error: LatticeworkError | None = None
    evaluations: int = 0
