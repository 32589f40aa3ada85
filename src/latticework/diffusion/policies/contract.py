"""What a decoding policy may ask and answer: select, finish, retract, edit, verify, look ahead, resize.

A policy never touches tokens: after a forward the loop hands it one valid completion with the confidence of every slot
that may be committed, and it answers with a subset. Any subset keeps the canvas feasible, taking slots back only adds
completions, and a canvas of another length is used only if it can be filled. So a policy can be slow or careless but
never wrong. Policies are immutable values and may be shared between rows and threads; what a method remembers of
earlier steps lives in the :class:`Rule` that :meth:`Policy.start` makes for each row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.diffusion.scores import Scores

SCORES = ("constrained", "model")


@dataclass(frozen=True, eq=False, slots=True)
class Canvas:
    """What a row's rule is told when it starts.

    Attributes:
        slots, free: slots of the canvas, and those that are open.
        generator: the row's own source of random numbers, fixed by the seed and by what the row is made of.
        prompt: token ids before the canvas.
    """

    slots: int
    free: int
    generator: np.random.Generator
    prompt: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Whole:
    """The row beyond the slots that may be committed now; N slots, V tokens.

    Attributes:
        draft: [N] int64, the valid completion.
        free: [N] bool.
        confidence: [N] float64, probability of ``draft`` under the constraint; 1 in fixed slots.
        is_end: [V] bool, the token ends the text or stands behind its end.
        total: slots that were open when the row started.
        limit: most slots the canvas may have.
        model: probabilities of the model's own rows, the constraint left aside; of fixed slots, too.
    """

    draft: NDArray[np.int64]
    free: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    is_end: NDArray[np.bool_]
    total: int
    limit: int
    model: Scores


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """What a policy sees of one row after one forward; K slots may be committed.

    Attributes:
        slots: [K] int64, canvas positions, ascending, K >= 1.
        confidence: [K] float64. Scores "constrained": marginal probability under the constraint of the token the
            completion has there. Scores "model": largest probability of the model's row, whatever token it is of.
        entropy: [K] float64, nats, of the same distribution; only when the policy ``needs_entropy``.
        step: forwards the row has had since its current window opened, from 0.
        remaining: free slots of the window, tail slots and fillers that may not be committed yet included.
        window: slots of the window (the block, or the whole canvas).
        canvas: slots of the canvas.
        margin: [K] float64, largest minus second largest probability; only when the policy ``needs_margin``.
        whole: the rest of the row. The loop always sets it.
        scores: distributions behind ``confidence``, to be asked before the step commits. The loop always sets it.
        start: first slot of the window.
    """

    slots: NDArray[np.int64]
    confidence: NDArray[np.float64]
    entropy: NDArray[np.float64] | None
    step: int
    remaining: int
    window: int
    canvas: int
    margin: NDArray[np.float64] | None = None
    whole: Whole | None = None
    scores: Scores | None = None
    start: int = 0

    def share(self, steps: int) -> int:
        """How many of ``steps`` forwards of the canvas are the window's, at least 1."""
        return max(1, steps * self.window // self.canvas)

    def part(self, kept: NDArray[np.bool_], remaining: int) -> View:
        """The view without the slots where ``kept`` [K] is False, one step later, with ``remaining`` free slots."""
        return View(
            slots=self.slots[kept],
            confidence=self.confidence[kept],
            entropy=None if self.entropy is None else self.entropy[kept],
            step=self.step + 1,
            remaining=remaining,
            window=self.window,
            canvas=self.canvas,
            margin=None if self.margin is None else self.margin[kept],
            whole=self.whole,
            scores=self.scores,
            start=self.start,
        )


@dataclass(frozen=True, eq=False, slots=True)
class Written:
    """Slots of the window that the policy has committed and may take back; C slots.

    Slots that were given, that the constraint decided, or that hold the end are never among them.

    Attributes:
        slots: [C] int64, ascending.
        tokens: [C] int64.
        confidence: [C] float64, confidence at the commit.
        fresh: [C] bool, committed in this very step.
        verified: [C] float64, probability of the token in a canvas in which the slot was masked (see
            :meth:`Rule.shadows`); NaN where none was asked for.
    """

    slots: NDArray[np.int64]
    tokens: NDArray[np.int64]
    confidence: NDArray[np.float64]
    fresh: NDArray[np.bool_]
    verified: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Resize:
    """Another length for the canvas.

    Attributes:
        count: masks to put in (above 0), or free slots to cut (below 0).
        at: the slot before which they are put, or the first one that is cut; ``None`` for the end of the canvas.
    """

    count: int
    at: int | None = None


class Rule(ABC):
    """The policy at work on one row. Only :meth:`select` must be there; the other answers are "nothing"."""

    __slots__ = ()

    look_ahead: int = 0  # steps that are drafted and sent along with the next forward

    @abstractmethod
    def select(self, view: View) -> NDArray[np.bool_]:
        """[K] bool: commit these of ``view.slots``. The loop adds the most confident slot to an empty choice."""

    def rescore(self, logits: Any, slots: NDArray[np.int64]) -> Any:
        """Logits [N, V] to be used instead; ``slots`` are the open ones of the window. Must not write to ``logits``."""
        return logits

    def edit(self, model: Scores, written: Written) -> NDArray[np.bool_]:
        """[C] bool: open these slots before the completion is proposed and write what it has there.

        Asked first; ``model`` are the model's own rows, those of fixed slots included. ``written.verified`` is NaN
        where no shadow was asked for, and no slot is ``fresh``.
        """
        return np.zeros(len(written.slots), dtype=np.bool_)

    def finish(self, view: View) -> bool:
        """Whether to commit the whole completion now, tail included. Asked before :meth:`select`."""
        return False

    def retract(self, view: View, written: Written) -> NDArray[np.bool_]:
        """[C] bool: take these slots back. Asked after the commits of the step."""
        return np.zeros(len(written.slots), dtype=np.bool_)

    def shadows(self, written: Written) -> Sequence[NDArray[np.bool_]]:
        """[C] bool each: slots to be masked in one more canvas of the next forward, which verifies their tokens."""
        return ()

    def resize(self, view: View) -> Resize | None:
        """Another length, asked after :meth:`select` and given after the commits; with it, none need be made.

        Ignored where the canvas could not be filled.
        """
        return None


@dataclass(frozen=True, slots=True)
class Policy(Rule):
    """An immutable decoding method. A method without memory is its own rule; others override :meth:`start`.

    Attributes:
        scores: ``"constrained"`` scores slots by the marginals under the constraint (regular constraints; with
            context-free ones by the model's probability of the token the completion has), ``"model"`` by the largest
            probability of the model's unconstrained rows, as published.
    """

    needs_entropy: ClassVar[bool] = False
    needs_margin: ClassVar[bool] = False
    random: ClassVar[bool] = False  # draws random numbers at temperature 0, too
    revises: ClassVar[bool] = False  # commits may be taken back, or the canvas change its length

    scores: str = field(default="constrained", kw_only=True)

    def __post_init__(self) -> None:
        if self.scores not in SCORES:
            raise InputError(f"scores must be one of {', '.join(SCORES)}, got {self.scores!r}")
        self._check()

    def _check(self) -> None:
        """Refuse options that make no sense (``InputError``)."""

    def start(self, canvas: Canvas) -> Rule:
        """What decides for one row."""
        return self

    def first_slots(self, slots: int, needed: int) -> int:
        """Slots to start with when ``slots`` are the most there may be and ``needed`` the fewest that do."""
        return slots


def most_confident(confidence: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """[K] bool with the ``count`` highest confidences set; ties go to the earlier slot.

    Slots the constraint ties together have equal confidence up to rounding, which differs with the batch. Differences
    below one part in 100,000 count as ties so that rounding does not decide the order.
    """
    with np.errstate(divide="ignore"):
        order = np.argsort(-np.round(np.log(confidence), 5), kind="stable")
    chosen = np.zeros(len(confidence), dtype=np.bool_)
    chosen[order[:count]] = True
    return chosen


def check_probability(name: str, value: float) -> None:
    """``InputError`` unless ``value`` lies between 0 and 1."""
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{name} must lie between 0 and 1, got {value}")


def check_count(name: str, value: int | None, least: int = 1) -> None:
    """``InputError`` when ``value`` is given and below ``least``."""
    if value is not None and value < least:
        raise InputError(f"{name} must be at least {least}, got {value}")


def check_not_negative(name: str, value: float) -> None:
    """``InputError`` unless ``value`` is a number of at least 0."""
    if not value >= 0.0:
        raise InputError(f"{name} must not be negative, got {value}")
