"""One canvas on its way from noise to a document: forced slots, proposals, commits, revisions, the end rule."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.blocks import reach
from latticework.diffusion.lengths import room_behind_full_canvas, room_for_full_hole, spare_room
from latticework.diffusion.lookahead import Foresight
from latticework.diffusion.marks import FORCED
from latticework.diffusion.policies.contract import Canvas, Rule, View, Whole
from latticework.diffusion.question import Question, nan_error
from latticework.diffusion.records import Outcome, Step
from latticework.diffusion.row_state import RowState
from latticework.diffusion.scores import Scores
from latticework.diffusion.sight import view_of, visible
from latticework.diffusion.weighting import tokens_with_quotes
from latticework.errors import LatticeworkError
from latticework.lattice.inputs import is_on_device

if TYPE_CHECKING:
    from typing import TypeAlias

    from latticework.diffusion.unconstrained import FreeSession
    from latticework.lattice.arranged.session import ArrangedSession
    from latticework.lattice.chart.marked import MarkedSession
    from latticework.lattice.chart.session import ContextFreeSession
    from latticework.lattice.path import Proposal
    from latticework.lattice.session import Session

    AnySession: TypeAlias = Session | ArrangedSession | ContextFreeSession | MarkedSession | FreeSession

_EMPTY = np.empty(0, dtype=np.int64)
_SURE = 0.999  # confidence of what the constraint has decided, or nearly so


class Row(RowState):
    """One request on its way: what is done before, in and behind each forward."""

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
        decided, self._decided = self._decided, _EMPTY
        if self.done:
            return decided
        forced = {} if self._late or not self._request.fixes_forced else self._session.forced()
        if forced:
            self._fix(forced, FORCED)
        slots = [*decided, *forced]
        ends = self._tail_only and self._constrained and not self.done
        if ends and self._session.only_ends():  # pyright: ignore[reportAttributeAccessIssue]
            slots += self._fill_tail()
        self.timings.constraint += 1e3 * (perf_counter() - begun)
        return np.array(sorted(slots), dtype=np.int64)

    @property
    def _by_lattice(self) -> bool:
        """Whether the sets of a lattice say what is decided."""
        return hasattr(self._session, "propose_here")

    @property
    def _late(self) -> bool:
        """Whether decided slots wait for the next step. Not where all that is left seems decided: it needs no model."""
        if self.options.overlap != "late" or not self.forwards or not self._by_lattice:
            return False
        return not (self.confidence[self.free] >= _SURE).all()

    def _fix_decided(self) -> None:
        """Write what the constraint had decided before this step; its sets are those of the proposal."""
        forced = self._session.forced()
        self._fix(forced, FORCED)
        self._decided = np.array(list(forced), dtype=np.int64)
        if self.free.any() and not len(self._open_inside()):
            self._enter_window()

    def _fill_tail(self) -> list[int]:
        slots = np.flatnonzero(self.free)
        self._fix({int(slot): int(self._draft[slot]) for slot in slots}, FORCED)
        return [int(slot) for slot in slots]

    # ---- canvases of a forward

    def canvases(self) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
        """Tokens and free slots of what the next forward looks at: the canvas itself, then drafts and shadows of it."""
        return [(self.tokens, self.free), *self._foresight.canvases]

    def look_ahead(self) -> None:
        """Ask the rule which other canvases go along with the next forward; after :meth:`settle`."""
        self._foresight = Foresight()
        if self._rule is None or self.done:
            return
        begun = perf_counter()
        if self._rule.look_ahead and self._view is not None:
            self._foresight.draft(
                self._rule, self._view, self._session, self._draft, self.tokens, self.free, self._bounds()
            )
        written = self._written(_EMPTY)
        if len(written.slots):
            self._foresight.mask(self._rule, written, self.tokens, self.free)
        self.timings.constraint += 1e3 * (perf_counter() - begun)

    def foreseen(self) -> Any:
        """Logits of the canvas as it stands, if the last forward has looked at it as a draft; else ``None``."""
        return None if self.done else self._foresight.logits_of(self.tokens, self.free)

    def ask(self, logits: Any, others: Sequence[Any] | None = None) -> Question | None:
        """What to ask the lattice for ``logits`` [N, V]; ``None`` where the step is over without it.

        ``others``: logits of the other :meth:`canvases`, ``None`` where the logits were foreseen. The next call is
        :meth:`take`, with the question.
        """
        begun = perf_counter()
        undefined = logits.amax().isnan()  # of a device's logits read later: no temporary of their size, no wait
        if not is_on_device(logits) and bool(undefined):
            raise nan_error()
        policy = self.options.policy
        if self._rule is None:
            canvas = Canvas(len(self.tokens), self._free_slots, self._policy_generator, self.prompt)
            self._rule = policy.start(canvas)
        rule = self._rule
        if others is not None:
            self._foresight.receive(others, self._session, policy.scores, self._evidence_stop())
        self.retracted = _EMPTY
        if len(self._unchecked):
            self._check_start()
            if self.done:
                return None
        self._enter_window()
        edited = self._edit(rule, logits)
        if self._reaches:
            self._reach = reach(self._session, logits, self.free, self.options.adaptive_blocks)
        inside = self._open_inside()
        logits = self._weighting.added(rule.rescore(logits, inside), self.tokens, self.free)
        self.timings.constraint += 1e3 * (perf_counter() - begun)
        return Question(
            self._session,
            logits,
            self.options.temperature,
            self._generator,
            policy.needs_entropy and policy.scores == "constrained",
            inside,
            edited,
            self._request.segmentation,
            undefined,
            self._evidence_stop(),
        )

    @property
    def _reaches(self) -> bool:
        """Whether blocks may reach on behind their end."""
        if self._aligned or self._request.seen is not None or self._block >= len(self.tokens):
            return False
        return self.options.adaptive_blocks < 1.0 and hasattr(self._session, "fitting")

    def _evidence_stop(self) -> int | None:
        """The slot from which on the model is not believed; ``None`` where it is to the end."""
        horizon = self._request.preferences.horizon
        if horizon is None or not self._by_lattice:
            return None
        stop = self._bounds().stop + horizon
        return stop if stop < len(self.tokens) else None

    def take(self, question: Question) -> NDArray[np.int64]:
        """Commit slots out of the completion that answers the question; returns them.

        At least one slot is committed unless the canvas gets another length. Slots that the policy takes back are in
        ``retracted``.
        """
        begun, choosing = perf_counter(), self.timings.policy
        logits, proposal = question.answered()
        self._draft = np.asarray(proposal.tokens, dtype=np.int64)
        self.confidence = np.asarray(proposal.confidence, dtype=np.float64)
        slots = _EMPTY
        if not self._stretch():
            rule, inside = self._rule, question.inside
            assert rule is not None
            if self.options.overlap == "late" and self._request.fixes_forced and self._by_lattice:
                self._fix_decided()
                inside = self._open_inside()
            slots = self._step(rule, self._look(proposal, logits, inside), question.edited)
            left = self._draft[self.free]  # -1 where the canvas has grown: nothing is known of those slots
            self._tail_only = bool((left >= 0).all() and self._end[left].all())
        self.timings.constraint += 1e3 * (perf_counter() - begun) - (self.timings.policy - choosing)
        return slots

    def _enter_window(self) -> None:
        """Make the block of the first open slot the active one."""
        open_slots = np.flatnonzero(self.free)
        window = (int(open_slots[0]) + self._lead) // self._block
        self._window_forwards = self._window_forwards + 1 if window == self._window else 0
        self._window, self._reach = window, 0

    def _look(self, proposal: Proposal, logits: Any, inside: NDArray[np.int64]) -> View | None:
        """What the policy sees; ``None`` when nothing but the tail is left."""
        open_slots = np.flatnonzero(self.free)
        slots = visible(self._draft, self._end, self._filler, self._hole_of, open_slots, inside)
        if slots is None:
            return None
        whole = Whole(
            draft=self._draft.copy(),
            free=self.free.copy(),
            confidence=self.confidence.copy(),
            is_end=self._end,
            total=self._free_slots,
            limit=self._limit,
            model=Scores(logits),
        )
        return view_of(
            self.options.policy,
            self._session,
            logits,
            whole,
            slots,
            proposal.entropy,
            self._window_forwards,
            len(inside),
            self._bounds(),
            self._evidence_stop(),
        )

    def _step(self, rule: Rule, view: View | None, edited: NDArray[np.int64]) -> NDArray[np.int64]:
        """Commit what the rule chooses and edits, then take back and resize as it asks; the slots committed."""
        self._view = view
        if view is None or rule.finish(view):
            slots = np.flatnonzero(self.free)
            self._commit(slots, self.confidence[slots])
            return slots
        begun = perf_counter()
        chosen = np.asarray(rule.select(view), dtype=np.bool_)
        change = rule.resize(view) if self._may_resize() else None
        self.timings.policy += 1e3 * (perf_counter() - begun)
        if not chosen.any():
            if change is not None and self._resize(change):
                return _EMPTY
            chosen[np.argmax(view.confidence)] = True
            change = None
        chosen |= np.isin(view.slots, edited)
        slots = view.slots[chosen]
        self._commit(slots, view.confidence[chosen])
        self._take_back(rule, view, slots)
        if change is not None and not self.done:
            self._resize(change)
        self._trim()
        return slots

    def _check_start(self) -> None:
        """Take back what the first forward does not trust of the draft."""
        start, slots = self._request.start, self._unchecked
        assert start is not None
        self._unchecked = _EMPTY
        verified = self._foresight.verified(slots)
        self.confidence[slots] = self._at_commit[slots] = verified
        with np.errstate(divide="ignore"):
            self.log_prob[slots] = np.log(verified)
        self._reopen(self._text_of(slots), verified < start.trust)

    def _edit(self, rule: Rule, logits: Any) -> NDArray[np.int64]:
        """Open the slots that the rule wants to write anew."""
        written = self._written(_EMPTY)
        if not len(written.slots) or not self._retracts_left:
            return _EMPTY
        return self._reopen(written, np.asarray(rule.edit(Scores(logits), written), dtype=np.bool_))

    def _take_back(self, rule: Rule, view: View, fresh: NDArray[np.int64]) -> None:
        written = self._written(fresh)
        if len(written.slots) and self._retracts_left:
            self._reopen(written, np.asarray(rule.retract(view, written), dtype=np.bool_))

    def _stretch(self) -> bool:
        """Give more slots to a text that the draft takes to their end, if it may grow; whether it got them."""
        if not self._resizes_left:
            return False
        if self._grows is not None:
            change = room_for_full_hole(self._draft, self.free, self._hole_of, self._grows, self._filler)
            return change is not None and self._fit(change)
        if self._request.most <= len(self.tokens):
            return False
        parts = tokens_with_quotes(self._vocabulary)
        change = room_behind_full_canvas(self.tokens, self._draft, self.free, self._end, parts, self._at_commit)
        return change is not None and self._resize(change, released=_EMPTY)

    def _trim(self) -> None:
        """Take slots from a hole that has many more fillers than it needs."""
        if self._grows is None or not self._resizes_left or self.done:
            return
        may = self._grows & ~np.isin(self._hole_of, self._fitted)
        change = spare_room(self._draft, self.free, self._hole_of, may, self.confidence, self._filler)
        if change is not None:
            self._fit(change)

    # ---- reports

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
            retracted=self.retracted,
            provisional=self.options.policy.revises or self._grows is not None or len(self._unchecked) > 0,
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
            forced_slots=int((self._marks.kind == FORCED).sum()),
            ended=bool(len(ends)),
            timings=self.timings,
            error=error,
            evaluations=self.evaluations,
        )
