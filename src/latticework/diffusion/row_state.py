"""What a row has written and what is open: slots are fixed, taken back, and the canvas gets another length."""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.confidence import commit_log_prob
from latticework.diffusion.lengths import Shape, reshaped
from latticework.diffusion.lookahead import Foresight
from latticework.diffusion.marks import FORCED, WRITTEN, Marks
from latticework.diffusion.options import Options
from latticework.diffusion.policies.contract import Resize, Rule, View, Written
from latticework.diffusion.records import Request, Timings
from latticework.diffusion.sight import runs
from latticework.diffusion.starting import Interleaved, Start
from latticework.diffusion.weighting import Weighting
from latticework.errors import Infeasible, LimitExceeded

if TYPE_CHECKING:
    from typing import TypeAlias

    from latticework.diffusion.unconstrained import FreeSession
    from latticework.lattice.arranged.session import ArrangedSession
    from latticework.lattice.chart.marked import MarkedSession
    from latticework.lattice.chart.session import ContextFreeSession
    from latticework.lattice.session import Session
    from latticework.tokens.vocabulary import Vocabulary

    AnySession: TypeAlias = Session | ArrangedSession | ContextFreeSession | MarkedSession | FreeSession

RETRACTS_PER_SLOT = 8  # times the slots of the canvas: commits that may be taken back, so that every loop ends
MOST_RESIZES = 64  # of one row
_EMPTY = np.empty(0, dtype=np.int64)


class RowState:
    """Mutable state of one request inside the loop, with the operations that keep its invariant.

    The invariant: the fixed slots of the canvas can always be completed to a valid document of exactly N slots. Slots
    are fixed in two ways only: because the constraint leaves them one token, or out of one valid completion. Taking
    slots back only adds completions, and the canvas gets another length only where a session for it could be opened.

    Raises on construction: ``Infeasible`` when the canvas cannot hold a document.
    """

    def __init__(
        self, index: int, request: Request, vocabulary: Vocabulary, options: Options, limit: int | None = None
    ) -> None:
        """
        Args:
            index: number of the request.
            request: prompt and canvas.
            vocabulary: that of the model.
            options: how to denoise.
            limit: most slots that a policy may let the canvas grow to; by default what it has.
        """
        begun = perf_counter()
        self.index = index
        self.options = options
        self.prompt = request.prompt
        self.tokens = np.array(request.tokens, dtype=np.int64)
        self.free = np.array(request.free, dtype=np.bool_)
        self.log_prob = np.zeros(len(self.tokens))
        self.confidence = np.full(len(self.tokens), math.nan)
        self.forwards = 0
        self.evaluations = 0
        self.retracted = _EMPTY
        self._decided = _EMPTY  # fixed because the constraint had decided it, not reported yet
        self.timings = Timings()
        self._request = request
        self._vocabulary = vocabulary
        self._limit = len(self.tokens) if limit is None else limit
        self._draft = np.where(self.free, -1, self.tokens)
        self._marks = Marks(self.free)
        self._at_commit = np.zeros(len(self.tokens))
        self._free_slots = int(self.free.sum())
        self._retracts_left = RETRACTS_PER_SLOT * self._free_slots
        self._resizes_left = MOST_RESIZES
        self._constrained = request.constraint is not None
        self._end = np.zeros(len(vocabulary), dtype=np.bool_)
        self._end[vocabulary.end_tokens] = request.tail
        self._filler = vocabulary.filler if request.elastic else -1
        silent = np.append(np.flatnonzero(self._end), [self._filler] if self._filler >= 0 else [])
        self._weighting = Weighting(request.preferences, vocabulary, silent.astype(np.int64), request.source)
        self._hole_of = runs(self.free)
        self._grows = request.grows
        self._fitted: list[int] = []
        self._tail_only = False
        self._aligned = request.aligned
        self._window = -1
        self._window_forwards = 0
        self._reach = 0  # slot behind the last one that the active block reaches over
        self._rule: Rule | None = None
        self._view: View | None = None
        self._foresight = Foresight()
        sampling, choosing = np.random.SeedSequence(request.entropy), np.random.SeedSequence((1, *request.entropy))
        self._generator = np.random.default_rng(sampling)
        self._policy_generator = np.random.default_rng(choosing)
        self._begun = begun
        self._session = self._open(self.tokens, self.free)
        self._unchecked = _EMPTY if request.start is None else self._take_start(request.start)
        self.timings.constraint += 1e3 * (perf_counter() - begun)

    def _open(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> AnySession:
        request = self._request
        options: dict[str, bool] = {"elastic": True} if request.elastic else {}
        if request.constraint is not None:
            return request.constraint.session(tokens, free, tail=request.tail, **options)
        from latticework.diffusion.unconstrained import FreeSession

        return FreeSession(self._vocabulary, tokens, free, request.tail, **options)

    @property
    def done(self) -> bool:
        return not self.free.any() and not len(self._unchecked)

    @property
    def _block(self) -> int:
        block = self.options.block_length or len(self.tokens)
        return block if self._request.seen is None else _divisor(self._request.seen, block)

    @property
    def _lead(self) -> int:
        """Slots by which the first block of the canvas is shorter."""
        return len(self.prompt) % self._block if self._aligned else 0

    def _open_inside(self) -> NDArray[np.int64]:
        """The open slots of the active block."""
        bounds = self._bounds()
        return bounds.start + np.flatnonzero(self.free[bounds])

    def _bounds(self) -> slice:
        """The slots of the canvas that lie in the active block."""
        start = self._window * self._block - self._lead
        return slice(max(start, 0), min(max(start + self._block, self._reach), len(self.tokens)))

    def _commit(self, slots: NDArray[np.int64], confidence: NDArray[np.float64]) -> None:
        self._fix({int(slot): int(self._draft[slot]) for slot in slots}, WRITTEN)
        self._at_commit[slots] = confidence
        self.log_prob[slots] = commit_log_prob(self.confidence[slots])

    def _fix(self, tokens: dict[int, int], kind: int) -> None:
        self._session.commit(tokens)
        slots = np.fromiter(tokens, dtype=np.int64, count=len(tokens))
        values = np.fromiter(tokens.values(), dtype=np.int64, count=len(tokens))
        self.tokens[slots] = values
        self._draft[slots] = values
        self.free[slots] = False
        self._marks.fix(slots, kind)

    def _take_start(self, start: Start) -> NDArray[np.int64]:
        """Write what the nearest valid completion shares with a draft, its end left open; the slots written."""
        try:
            draft, slots = start.shared(self._session, self.free, self._end)
        except LimitExceeded:
            return _EMPTY  # a hint is not worth more
        if len(slots):
            self._draft[slots] = draft[slots]
            self.confidence[slots] = 1.0
            self._commit(slots, self.confidence[slots])
            self._foresight.mask(Interleaved(), self._text_of(slots), self.tokens, self.free)
        return slots

    def _written(self, fresh: NDArray[np.int64]) -> Written:
        """What the policy has committed in the active block, text only."""
        ours = (self._marks.kind == WRITTEN) & ~self._end[self.tokens] & (self.tokens != self._filler)
        slots = np.flatnonzero(ours)
        bounds = self._bounds()
        slots = slots[(slots >= bounds.start) & (slots < bounds.stop)]
        return self._text_of(slots, fresh)

    def _text_of(self, slots: NDArray[np.int64], fresh: NDArray[np.int64] = _EMPTY) -> Written:
        """Written slots as a policy sees them."""
        return Written(
            slots=slots,
            tokens=self.tokens[slots],
            confidence=self._at_commit[slots],
            fresh=np.isin(slots, fresh),
            verified=self._foresight.verified(slots),
        )

    def _reopen(self, written: Written, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Open the chosen slots, the weakest first as far as the run may still take back; those that are open now.

        What the constraint has decided because of them opens with them.
        """
        slots = written.slots[chosen][np.argsort(written.confidence[chosen], kind="stable")][: self._retracts_left]
        if not len(slots):
            return _EMPTY
        self._retracts_left -= len(slots)
        opened = self._marks.freed_with(slots)
        self._session.retract(opened.tolist())
        self._marks.free(opened)
        self.free[opened] = True
        self.log_prob[opened] = 0.0
        self.retracted = np.union1d(self.retracted, opened)
        return opened

    def _fit(self, change: Resize) -> bool:
        """Give a hole another length, after which it is not cut any more; whether it got it."""
        assert change.at is not None
        hole = int(self._hole_of[change.at - 1])
        self._fitted.append(hole)
        return self._resize(change)

    def _may_resize(self) -> bool:
        return self._request.tail and self._resizes_left > 0

    def _resize(self, change: Resize, released: NDArray[np.int64] | None = None) -> bool:
        """Give the canvas another length if it can be filled then; whether it got it.

        What was written stays; what the constraint had decided (or only the ``released`` of it) is decided anew.
        """
        if released is None:
            released = np.flatnonzero(self._marks.kind == FORCED)
        free = self.free.copy()
        free[released] = True
        shape = reshaped(self.tokens, free, change, self._limit)
        if shape is None:
            return False
        try:
            session = self._open(shape.tokens, shape.free)
        except Infeasible:
            return False
        self._session = session
        self._resizes_left -= 1
        self.log_prob[released] = 0.0
        self._marks.free(released)
        self._marks.reshape(shape)
        self._take_shape(shape)
        return True

    def _take_shape(self, shape: Shape) -> None:
        """Give everything that is kept by slot the length of the canvas."""
        self.log_prob = shape.fitted(self.log_prob, 0.0)
        self.confidence = shape.fitted(self.confidence, math.nan)
        self._at_commit = shape.fitted(self._at_commit, 0.0)
        self.tokens, self.free = shape.tokens, shape.free
        self._draft = np.where(self.free, -1, self.tokens)
        if self._grows is None:
            self._hole_of = runs(self.free)
        else:
            self._hole_of = shape.fitted(self._hole_of, self._hole_of[shape.at - 1])
            self._grows = shape.fitted(self._grows, True)
        self._free_slots += shape.count
        self._view = None


def _divisor(number: int, most: int) -> int:
    """The largest divisor of ``number`` that is not above ``most``."""
    return next(divisor for divisor in range(min(number, most), 0, -1) if number % divisor == 0)
