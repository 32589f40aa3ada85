"""One canvas on its way from noise to a document: forced slots, proposals, commits, the end rule."""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.options import Options
from latticework.diffusion.policy import View
from latticework.diffusion.records import Outcome, Request, Step, Timings
from latticework.errors import LatticeworkError, ModelError

if TYPE_CHECKING:
    from latticework.diffusion.unconstrained import FreeSession
    from latticework.lattice.chart.session import ContextFreeSession
    from latticework.lattice.path import Proposal
    from latticework.lattice.session import Session
    from latticework.tokens.vocabulary import Vocabulary


class Row:
    """Mutable state of one request inside the loop.

    The invariant: the fixed slots of the canvas can always be completed to a valid document of exactly N slots. Slots
    are fixed in two ways only: because the constraint leaves them one token, or out of one valid completion.

    Raises on construction: ``Infeasible`` when the canvas cannot hold a document.
    """

    def __init__(self, index: int, request: Request, vocabulary: Vocabulary, options: Options) -> None:
        begun = perf_counter()
        self.index = index
        self.options = options
        self.prompt = request.prompt
        self.tokens = np.array(request.tokens, dtype=np.int64)
        self.free = np.array(request.free, dtype=np.bool_)
        self.log_prob = np.zeros(len(self.tokens))
        self.confidence = np.full(len(self.tokens), math.nan)
        self.forwards = 0
        self.timings = Timings()
        self._draft = np.where(self.free, -1, self.tokens)
        self._free_slots = int(self.free.sum())
        self._forced_slots = 0
        self._constrained = request.constraint is not None
        self._end = np.zeros(len(vocabulary), dtype=np.bool_)
        self._end[vocabulary.end_tokens] = request.tail
        self._filler = vocabulary.filler if request.elastic else -1
        self._hole_of = _runs(self.free)
        self._tail_only = False
        self._block = options.block_length or len(self.tokens)
        self._lead = len(self.prompt) % self._block if request.aligned else 0
        self._window = -1
        self._window_forwards = 0
        self._generator = np.random.default_rng(np.random.SeedSequence(request.entropy))
        self._begun = begun
        self._session = self._open(request, vocabulary)
        self.timings.constraint += 1e3 * (perf_counter() - begun)

    def _open(self, request: Request, vocabulary: Vocabulary) -> Session | ContextFreeSession | FreeSession:
        options: dict[str, bool] = {"elastic": True} if request.elastic else {}
        if request.constraint is not None:
            return request.constraint.session(self.tokens, self.free, tail=request.tail, **options)
        from latticework.diffusion.unconstrained import FreeSession

        return FreeSession(vocabulary, self.tokens, self.free, request.tail, **options)

    @property
    def done(self) -> bool:
        return not self.free.any()

    def prepare(self) -> float:
        """Let the session compute what the next proposal needs; returns milliseconds. Runs in a worker thread."""
        begun = perf_counter()
        self._session.prepare()
        return 1e3 * (perf_counter() - begun)

    def settle(self) -> NDArray[np.int64]:
        """Fix what the constraint has decided and return those slots; needs no model.

        Fixing slots with one admissible token removes no completion, so one round reaches the fixed point. When the
        document stands and only end or pad can follow, the tail is filled too.
        """
        begun = perf_counter()
        forced = self._session.forced()
        if forced:
            self._fix(forced)
        slots = list(forced)
        ends = self._tail_only and self._constrained and not self.done
        if ends and self._session.only_ends():  # pyright: ignore[reportAttributeAccessIssue]
            slots += self._fill_tail()
        self._forced_slots += len(slots)
        self.timings.constraint += 1e3 * (perf_counter() - begun)
        return np.array(sorted(slots), dtype=np.int64)

    def _fill_tail(self) -> list[int]:
        slots = np.flatnonzero(self.free)
        self._fix({int(slot): int(self._draft[slot]) for slot in slots})
        return [int(slot) for slot in slots]

    def advance(self, logits: Any) -> NDArray[np.int64]:
        """Commit at least one slot out of one completion proposed for ``logits`` [N, V]; returns the slots."""
        begun = perf_counter()
        if bool(logits.isnan().any()):
            raise ModelError("the model returned NaN for this row")
        policy = self.options.policy
        proposal = self._session.propose(
            logits, self.options.temperature, self._generator, entropy=policy.needs_entropy
        )
        self._draft = np.asarray(proposal.tokens, dtype=np.int64)
        self.confidence = np.asarray(proposal.confidence, dtype=np.float64)
        proposed = perf_counter()
        slots = self._select(proposal)
        selected = perf_counter()
        self._fix({int(slot): int(self._draft[slot]) for slot in slots})
        with np.errstate(divide="ignore"):
            self.log_prob[slots] = np.log(self.confidence[slots])
        self._tail_only = not bool((self.free & ~self._end[self._draft]).any())
        self.timings.policy += 1e3 * (selected - proposed)
        self.timings.constraint += 1e3 * (perf_counter() - selected + proposed - begun)
        return slots

    def _select(self, proposal: Proposal) -> NDArray[np.int64]:
        """Slots to commit: the policy's choice among the open body slots of the active block.

        Models put early confidence on the tokens that leave no text, so these stay out of the policy's sight: end and
        pad until every slot before them is fixed, a filler until it is all that is left of its hole. In a completion of
        a constraint the tail is a suffix, so the whole of it is due then. Where nothing else is open in the block, its
        fillers are in sight.
        """
        open_slots = np.flatnonzero(self.free)
        tail = self._end[self._draft[open_slots]]
        if tail.all():
            return open_slots
        window = (int(open_slots[0]) + self._lead) // self._block
        self._window_forwards = self._window_forwards + 1 if window == self._window else 0
        self._window = window
        inside = (open_slots + self._lead) // self._block == window
        first = open_slots == open_slots[0]
        seen = inside & (~tail | first) & ~self._early_fillers(open_slots)
        slots = open_slots[seen if seen.any() else inside]
        view = View(
            slots=slots,
            confidence=self.confidence[slots],
            entropy=None if proposal.entropy is None else np.asarray(proposal.entropy, dtype=np.float64)[slots],
            step=self._window_forwards,
            remaining=int(inside.sum()),
            window=self._window_slots(window),
            canvas=len(self.tokens),
        )
        chosen = np.asarray(self.options.policy.select(view), dtype=np.bool_)
        if not chosen.any():
            chosen[np.argmax(view.confidence)] = True
        return slots[chosen]

    def _window_slots(self, window: int) -> int:
        """Slots of the canvas that lie in a block."""
        start = window * self._block - self._lead
        return min(start + self._block, len(self.tokens)) - max(start, 0)

    def _early_fillers(self, open_slots: NDArray[np.int64]) -> NDArray[np.bool_]:
        """[K] whether the draft has a filler in an open slot, and text in another of the same hole."""
        filler = self._draft[open_slots] == self._filler
        with_text = np.unique(self._hole_of[open_slots[~filler]])
        return filler & np.isin(self._hole_of[open_slots], with_text)

    def _fix(self, tokens: dict[int, int]) -> None:
        self._session.commit(tokens)
        for slot, token in tokens.items():
            self.tokens[slot] = token
            self.free[slot] = False
            self._draft[slot] = token

    def step(self, committed: NDArray[np.int64], forced: NDArray[np.int64]) -> Step:
        """A snapshot for trace hooks."""
        return Step(
            row=self.index,
            forwards=self.forwards,
            tokens=self._draft.copy(),
            free=self.free.copy(),
            committed=committed,
            forced=forced,
            confidence=self.confidence.copy(),
        )

    def outcome(self, error: LatticeworkError | None = None) -> Outcome:
        self.timings.total = 1e3 * (perf_counter() - self._begun)
        ends = np.flatnonzero(self._end[self.tokens] & ~self.free)
        return Outcome(
            tokens=self.tokens.copy(),
            body=int(ends[0]) if len(ends) else len(self.tokens),
            log_prob=self.log_prob.copy(),
            forwards=self.forwards,
            free_slots=self._free_slots,
            forced_slots=self._forced_slots,
            ended=bool(len(ends)),
            timings=self.timings,
            error=error,
        )


def _runs(free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """[N] number of the run of free slots that a slot is in; what fixed slots hold has no meaning."""
    starts = np.diff(free, prepend=False) & free
    return np.cumsum(starts, dtype=np.int64)
