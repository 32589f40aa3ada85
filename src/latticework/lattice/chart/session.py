"""Questions about one canvas under a context-free language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import Infeasible, InputError, LimitExceeded
from latticework.lattice.chart.decide import Budget, Question, alike, decide, decide_passage
from latticework.lattice.chart.filling import Filling, filling_of, refilled
from latticework.lattice.chart.led import Led
from latticework.lattice.chart.nearby import nearby, passages
from latticework.lattice.chart.windows import Windows
from latticework.lattice.chart.wishes import Wishes, wishes_of
from latticework.lattice.diagnosis import diagnosed
from latticework.lattice.inputs import to_array
from latticework.lattice.path import Proposal

if TYPE_CHECKING:
    from latticework.lattice.chart.constraint import ContextFreeConstraint

WISHES = 8  # tokens of a slot that are looked for
_CHECKS = 6  # questions about wishes that the filling at hand does not hold, for one proposal
_WORTH_A_CHECK = 0.05  # probability of a wish
_NEARBY_BUDGET = Budget(max_nodes=1_500, max_rounds=1, max_attempts=1, max_windows=1, window_nodes=400)
_MANY = 24  # questions about one slot; for more a chart of all is looked at
_REACHES = 4, 16  # slots around those in question that are looked at first
_RUN = 8  # slots in question so near each other are asked for together
_PASSAGES = 2  # for each reach
_REFILLED = 16  # slots around those with new tokens that are filled anew


class ContextFreeSession(Led):
    """One canvas of N slots under a context-free constraint; made by :meth:`ContextFreeConstraint.session`.

    A session is for one thread at a time. Whether something fits is answered exactly, for fillings of the free slots
    with one token each that make the canvas a text of the language, followed by end or pad tokens if ``tail``. The
    session always holds one such filling. Which of the valid fillings is the likeliest is not computed: ``best``,
    ``sample`` and ``propose`` lead from the filling at hand towards the model's tokens, the most confident ones first.

    Logits are ``[N, V]``, NumPy or torch, on any device and of any float type; only rows of free slots are read.

    Attributes:
        constraint: the constraint.
        n_slots: N.
        tail: whether end and pad tokens may follow the document (False if the vocabulary has none).
        elastic: whether free slots may hold fillers, which leave no text.
    """

    def __init__(
        self, constraint: ContextFreeConstraint, tokens: Any, free: Any, tail: bool = True, elastic: bool = False
    ) -> None:
        self.constraint = constraint
        self._tokens = to_array(tokens, np.int64)
        self._free = to_array(free, np.bool_)
        if self._tokens.ndim != 1 or self._tokens.shape != self._free.shape:
            raise InputError(f"tokens {self._tokens.shape} and free {self._free.shape} must both be [N]")
        self.n_slots = len(self._tokens)
        self._ends = constraint.vocabulary.end_tokens
        self.tail = bool(tail) and len(self._ends) > 0
        self.elastic = bool(elastic)
        if self.elastic and constraint.language.filler < 0:
            raise InputError("the vocabulary has no token that may stand for a slot without text")
        self._language = constraint.language
        self._windows = Windows()
        self._filling = self._find(self._tokens, self._free)
        if self._filling is None:
            raise self._infeasible()

    @property
    def tokens(self) -> NDArray[np.int64]:
        """[N] copy of the slots; what free slots hold has no meaning."""
        return self._tokens.copy()

    @property
    def free(self) -> NDArray[np.bool_]:
        """[N] copy, True where a slot may be filled."""
        return self._free.copy()

    def feasible(self) -> bool:
        """Whether a valid filling exists. A session is never left infeasible."""
        return self._filling is not None

    def prepare(self) -> None:
        """Nothing can be computed ahead of the logits."""

    def forced(self) -> dict[int, int]:
        """Free slots known to have exactly one admissible token, and that token: the tail behind an end token."""
        fixed_ends = np.flatnonzero(~self._free & np.isin(self._tokens, self._ends)) if self.tail else []
        if not len(fixed_ends) or len(self._ends) > 1:
            return {}
        return {int(slot): int(self._ends[0]) for slot in np.flatnonzero(self._free) if slot > fixed_ends[0]}

    def only_ends(self) -> bool:
        """Whether nothing but end and pad tokens can be behind what is fixed, as far as this is known."""
        fixed_ends = np.flatnonzero(~self._free & np.isin(self._tokens, self._ends)) if self.tail else []
        return bool(len(fixed_ends)) and not self._free[: fixed_ends[0]].any()

    def admissible(self, max_questions: int = 20_000) -> NDArray[np.bool_]:
        """[N, V] bool: the token is in some valid filling. A fixed slot admits its own token.

        Every filling found answers for all its slots; of the token classes that are left, those that cannot be told
        apart in a slot are asked for together (see :mod:`.alike`), or, where these are many, all in one chart.

        Raises:
            LimitExceeded: it would take more than ``max_questions``, or one of them is over the budget.
        """
        language = self._language
        kind_of, kinds = language.lexical.class_of_token, language.lexical.classes
        special = {}  # columns behind those of the token classes
        if self.tail:
            special[kinds] = int(self._ends[0])
        if self.elastic:
            special[kinds + 1] = language.filler
        known = np.zeros((self.n_slots, kinds + 2), np.bool_)
        assert self._filling is not None
        near = self._filling
        self._note(known, near)
        asked = 0
        for slot, groups, exactly in self._groups():
            if sum(not known[slot, group].any() for group in groups) > _MANY:
                found = exactly()
                if found is not None:
                    known[slot, found] = True
                    groups = []
            for group in [*groups, *(np.array([column]) for column in special)]:
                if known[slot, group].any():
                    known[slot, group] = True
                    continue
                asked += 1
                if asked > max_questions:
                    raise LimitExceeded("questions about a canvas", max_questions)
                kind = int(group[0])
                token = special[kind] if kind in special else int(language.first_of_class[kind])
                found = self._with({slot: token}, near)
                if found is not None:
                    near = found
                    known[slot, group] = True
                    self._note(known, found)
        allowed = np.zeros((self.n_slots, len(self.constraint.vocabulary)), np.bool_)
        readable = kind_of >= 0
        free = np.flatnonzero(self._free)
        allowed[np.ix_(free, readable)] = known[np.ix_(free, kind_of[readable])]
        if self.tail:
            allowed[np.ix_(free, self._ends)] = known[free, -2][:, None]
        if self.elastic:
            allowed[free, language.filler] |= known[free, -1]
        fixed = np.flatnonzero(~self._free)
        allowed[fixed, self._tokens[fixed]] = True
        return allowed

    def propose(
        self,
        logits: Any,
        temperature: float = 0.0,
        generator: np.random.Generator | int | None = None,
        entropy: bool = False,
    ) -> Proposal:
        """A valid filling near the model's tokens, with the probabilities of its tokens under the model's own rows.

        Committing any part of it needs no check and leaves the rest valid. ``log_z`` is not known (NaN).
        """
        draw = np.random.default_rng(generator) if temperature > 0 else None
        return self.led_by(wishes_of(logits, self._free, self._readable(), WISHES, temperature, draw, entropy))

    def led_by(self, wishes: Wishes) -> Proposal:
        """As :meth:`propose`, towards wishes for all free slots that have been read already."""
        tokens = self._towards(wishes)
        confidence = np.ones(self.n_slots)
        log_prob = wishes.log_prob_of(tokens[wishes.slots])
        confidence[wishes.slots] = np.exp(log_prob)
        spread = None
        if wishes.entropy is not None:
            spread = np.zeros(self.n_slots)
            spread[wishes.slots] = wishes.entropy
        return Proposal(
            tokens=tokens,
            log_prob=float(log_prob.sum()),
            confidence=np.minimum(confidence, 1.0),
            entropy=spread,
            log_z=float("nan"),
            tail=np.isin(tokens, self._ends),
        )

    def commit(self, tokens: Mapping[int, int]) -> None:
        """Fix free slots.

        Tokens of the last path or proposal are taken without a check; others are tested.

        Raises:
            Infeasible: no valid filling holds them; names the first slot at fault. Nothing changes.
            InputError: a slot is out of range or already fixed to another token.
            LimitExceeded: the budget is spent; nothing changes.
        """
        changes = {int(slot): int(token) for slot, token in tokens.items()}
        for slot, token in changes.items():
            self._check_slot(slot)
            if not self._free[slot] and self._tokens[slot] != token:
                raise InputError(f"slot {slot} is fixed; retract it first")
        assert self._filling is not None
        if any(self._filling.tokens[slot] != token for slot, token in changes.items()):
            found = self._with(changes, self._filling)
            if found is None:
                raise self._infeasible(changes)
            self._filling = found
        slots = list(changes)
        self._tokens[slots] = list(changes.values())
        self._free[slots] = False

    def retract(self, slots: Iterable[int]) -> None:
        """Free slots again. Always safe: every filling that was valid stays valid.

        Raises:
            InputError: a slot is out of range.
        """
        chosen = [int(slot) for slot in slots]
        for slot in chosen:
            self._check_slot(slot)
        self._free[chosen] = True

    # ---- towards the model's tokens

    def _readable(self) -> NDArray[np.bool_]:
        """[V] tokens that may stand in some text, behind it, or in a spare slot."""
        allowed = self._language.lexical.class_of_token >= 0
        if self.tail:
            allowed[self._ends] = True
        if self.elastic:
            allowed[self._language.filler] = True
        return allowed

    def _towards(self, wishes: Wishes) -> NDArray[np.int64]:
        """A valid filling that holds wishes, the likeliest first; it is the session's filling from now on.

        All wishes that are worth it are asked for at once (the more is fixed, the cheaper is the question), then half
        of them, and so on: bisection finds those that do not fit, as far as the number of questions goes.
        """
        assert self._filling is not None
        order = np.argsort(-wishes.log_prob[:, 0], kind="stable")
        worth = order[wishes.log_prob[order, 0] >= np.log(_WORTH_A_CHECK)]
        wanted = [(int(wishes.slots[place]), int(wishes.tokens[place, 0])) for place in worth]
        filling = refilled(self._language, self._question({}), self._filling, self._free, wishes)
        kept: dict[int, int] = {}
        first, last, checks = 0, len(wanted), 0  # wishes before the first are settled
        while first < len(wanted):
            more = dict(wanted[first:last])
            found = filling if all(filling.tokens[slot] == token for slot, token in more.items()) else None
            if found is None and checks == _CHECKS:
                if last - first == 1:
                    break
                last = first + 1  # wishes that the filling holds anyway are kept
                continue
            if found is None:
                checks += 1
                found, _ = self._near(kept | more, filling)
            if found is not None:
                kept |= more
                changed = np.flatnonzero(found.tokens != filling.tokens)
                if len(changed):
                    part = slice(max(0, changed[0] - _REFILLED), changed[-1] + _REFILLED + 1)
                    filling = refilled(self._language, self._question(kept), found, self._free, wishes, part)
                first, last = last, len(wanted)
            elif last - first == 1:
                first, last = last, len(wanted)
            else:
                last = first + (last - first) // 2
        self._filling = filling
        return filling.tokens.copy()

    def _near(self, changes: Mapping[int, int], near: Filling) -> tuple[Filling | None, bool]:
        """A filling that holds some more tokens, if one is found near another one at little cost, and whether that is
        the last word."""
        found = self._run_by_run(changes, near)
        if found is not None:
            return found, True
        question = self._question(changes)
        touched = [slot for slot, token in changes.items() if near.tokens[slot] != token]
        free = -1
        for reach in _REACHES:
            part = nearby(question, near, touched, reach)
            if part.free.sum() == free:
                continue
            free = int(part.free.sum())
            try:
                found = self._answer(part, _NEARBY_BUDGET)
            except LimitExceeded:
                continue
            is_all = free == question.free.sum()
            if found is not None or is_all:
                return found, is_all
        return None, False

    def _run_by_run(self, changes: Mapping[int, int], near: Filling) -> Filling | None:
        """A filling that holds some more tokens, if one is found span by span around those of which another one has
        others."""
        waiting = sorted(slot for slot, token in changes.items() if near.tokens[slot] != token)
        while waiting:
            run = [slot for slot in waiting if slot - waiting[0] <= _RUN]
            waiting = waiting[len(run) :]
            question = self._question({slot: token for slot, token in changes.items() if slot not in waiting})
            found = self._around(question, near, run)
            if found is None:
                return None
            near = found
            waiting = [slot for slot in waiting if near.tokens[slot] != changes[slot]]
        return near

    def _around(self, question: Question, near: Filling, touched: list[int]) -> Filling | None:
        """A filling that differs from another one around some slots alone, if one is found at little cost."""
        part = slice(max(0, touched[0] - _REFILLED), touched[-1] + _REFILLED + 1)
        found = refilled(self._language, question, near, self._free, None, part)
        if found is not near:
            return found
        for reach in _REACHES:
            asked = nearby(question, near, touched, reach)
            for place in passages(self._language, asked, near, touched, _PASSAGES):
                try:
                    witness = decide_passage(self._language, place.passage, _NEARBY_BUDGET, self._windows).witness
                except LimitExceeded:
                    break
                if witness is not None:
                    return place.filling(self._language, asked, near, witness)
        return None

    def _question(self, changes: Mapping[int, int]) -> Question:
        tokens, free = self._tokens.copy(), self._free.copy()
        tokens[list(changes)], free[list(changes)] = list(changes.values()), False
        return Question(tokens, free, self.tail, self.elastic)

    def _with(self, changes: Mapping[int, int], near: Filling) -> Filling | None:
        """A filling that holds some more tokens, if there is one. Raises ``LimitExceeded``."""
        found, is_final = self._near(changes, near)
        return found if found is not None or is_final else self._answer(self._question(changes))

    def _find(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> Filling | None:
        return self._answer(Question(tokens, free, self.tail, self.elastic))

    def _answer(self, question: Question, budget: Budget | None = None) -> Filling | None:
        witness = decide(self._language, question, budget or self.constraint.budget, self._windows).witness
        return None if witness is None else filling_of(self._language, question, witness)

    def _note(self, known: NDArray[np.bool_], filling: Filling) -> None:
        """Token classes that a filling shows to be admissible."""
        for slot in np.flatnonzero(self._free):
            if slot >= filling.witness.length:
                known[slot, -2] = True
            elif self.elastic and filling.tokens[slot] == self._language.filler:
                known[slot, -1] = True
            else:
                known[slot, filling.witness.classes(self._language, int(slot))] = True

    def _groups(self) -> Iterator[tuple[int, list[NDArray[np.int64]], Callable[[], NDArray[np.int64] | None]]]:
        """Free slots, with token classes that are admissible there together or not at all (none of the others is), and
        what tells all that are, where that can be told at once."""
        free = np.flatnonzero(self._free)
        found = alike(self._language, self._question({}), self.constraint.budget)
        assert found is not None
        canvas, classes = found
        inside = free[free < canvas.body]
        gap = np.repeat(np.arange(canvas.gaps), canvas.gap_slots)
        place = np.arange(len(gap)) - np.searchsorted(gap, gap)
        for slot, own, at in zip(inside.tolist(), gap.tolist(), place.tolist(), strict=True):
            yield slot, classes.groups(own, at), partial(classes.admissible, own, at)
        for slot in free[len(inside) :].tolist():  # behind the text
            yield slot, [], lambda: None

    def _check_slot(self, slot: int) -> None:
        if not 0 <= slot < self.n_slots:
            raise InputError(f"slot {slot} is out of range for a canvas of {self.n_slots} slots")

    def _infeasible(self, changes: Mapping[int, int] | None = None) -> Infeasible:
        """The verdict, with what is at fault (of some changes, else of the fixed slots) as far as the budget lets it be
        found."""
        given = zip(np.flatnonzero(~self._free).tolist(), self._tokens[~self._free].tolist(), strict=True)
        suspects: dict[int, int] = dict(given if changes is None else sorted(changes.items()))
        free = self._free | (changes is None)

        def fits(shown: Sequence[int]) -> bool:
            tokens, is_free = self._tokens.copy(), free.copy()
            tokens[list(shown)], is_free[list(shown)] = [suspects[slot] for slot in shown], False
            return self._find(tokens, is_free) is not None

        try:
            return diagnosed(self.n_slots, suspects, fits, lambda: self.constraint.min_tokens)
        except LimitExceeded:
            return Infeasible(f"no valid filling of the {self.n_slots} slots", slots=self.n_slots)
