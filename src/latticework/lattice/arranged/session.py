"""Questions about one canvas of a language with members in any order, by lazy refinement.

A question is put to a relaxed language, which contains the real one. An answer that is a document is the answer; else
the members that it repeats or lacks are tracked from then on and the question is put again (key bits tracked lazily).
Where too many would have to be tracked, the orders of the answer and of a filling known to be valid are the only ones
left: always valid, the best filling no longer guaranteed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from latticework.errors import Infeasible, InputError, LimitExceeded
from latticework.grammar.arrangement import Tracked
from latticework.lattice.arranged.constraint import over_budget
from latticework.lattice.arranged.keys import KeyOrders, broken, completions, key_orders, repaired
from latticework.lattice.path import Path, Proposal

if TYPE_CHECKING:
    import torch

    from latticework.lattice.arranged.constraint import ArrangedConstraint
    from latticework.lattice.session import Session

_ROUNDS = 12  # of refinement for one question
_AT_ONCE = 3  # members that one answer makes tracked
_WITNESSES_KEPT = 4
Found = TypeVar("Found", Path, Proposal)


class ArrangedSession:
    """One canvas of N slots under an :class:`ArrangedConstraint`; made by its :meth:`~ArrangedConstraint.session`.

    A session is for one thread at a time. Whether something fits is answered exactly or not at all
    (:class:`LimitExceeded`), and every filling is valid. One exception: a canvas on which nothing is fixed has to have
    room for a document in the order of the schema; others may need a token less, where one reaches over two members.
    ``best`` is the best filling of all, and ``sample`` exact, as long as :attr:`settled` is False. Confidences,
    entropies, marginals and ``log_z`` are those of the relaxed language in force, in which members that are not
    followed may be repeated: upper bounds of what is possible.

    Logits as in :class:`.Session`.

    Attributes:
        constraint: the constraint.
        n_slots: N.
        tail: whether end and pad tokens may follow the document (False if the vocabulary has none).
        settled: the order of keys has been chosen; from then on it is kept, and answers are exact within it.
    """

    def __init__(self, constraint: ArrangedConstraint, tokens: Any, free: Any, tail: bool = True) -> None:
        self.constraint = constraint
        self._tracked: Tracked = frozenset()
        self._session = constraint.relaxed(self._tracked).session(tokens, free, tail)
        self.n_slots, self.tail = self._session.n_slots, self._session.tail
        self.settled = False
        self._witnesses: list[NDArray[np.int64]] = []
        self._witnesses = [self._first_filling()]

    @property
    def tokens(self) -> NDArray[np.int64]:
        """[N] copy of the slots; what free slots hold has no meaning."""
        return self._session.tokens

    @property
    def free(self) -> NDArray[np.bool_]:
        """[N] copy, True where a slot may be filled."""
        return self._session.free

    @property
    def followed(self) -> Tracked:
        """Members of which the relaxed language in force knows whether they have been written."""
        return self._tracked

    def feasible(self) -> bool:
        """Whether a valid filling exists. A session is never left infeasible."""
        return bool(self._witnesses)

    def prepare(self) -> None:
        """As :meth:`.Session.prepare`."""
        self._session.prepare()

    def forced(self) -> dict[int, int]:
        """Free slots known to have exactly one admissible token, and that token."""
        return self._session.forced()

    def only_ends(self) -> bool:
        """Whether nothing but end and pad tokens may stand in the free slots, as far as this is known."""
        return self._session.only_ends()

    def admissible(self, max_questions: int = 2_000) -> NDArray[np.bool_]:
        """[N, V] bool: the token is in some valid filling. A fixed slot admits its own token.

        Every filling found answers for all documents with its order of keys; what is left is asked token by token.

        Raises:
            LimitExceeded: it would take more than ``max_questions``, or one of them cannot be answered.
        """
        tokens, free = self.tokens, self.free
        possible = self._relaxed_with(tokens, free).admissible()
        known = self._admitted(self._witnesses[-1], tokens, free)
        for _ in range(max_questions):
            open_tokens = possible & ~known
            slot, token = np.unravel_index(int(np.argmax(open_tokens)), open_tokens.shape)
            if not open_tokens[slot, token]:
                return known
            trial, rest = tokens.copy(), free.copy()
            trial[slot], rest[slot] = token, False
            found = self._filling(trial, rest)
            if found is not None:
                known |= self._admitted(found, tokens, free)
            else:
                possible[slot, token] = False
                possible &= self._relaxed_with(tokens, free).admissible()
        raise LimitExceeded("questions about a canvas", max_questions)

    def best(self, logits: Any) -> Path:
        """The valid filling of highest probability; once :attr:`settled`, among those in the chosen order."""
        return self._search(lambda session: session.best(logits))

    def sample(self, logits: Any, generator: np.random.Generator | int | None = None, temperature: float = 1.0) -> Path:
        """A joint sample, as :meth:`.Session.sample`; what is no document is drawn again."""
        draw = np.random.default_rng(generator)
        return self._search(lambda session: session.sample(logits, draw, temperature))

    def propose(
        self,
        logits: Any,
        temperature: float = 0.0,
        generator: np.random.Generator | int | None = None,
        entropy: bool = False,
    ) -> Proposal:
        """A valid filling (the best one, or a sample at ``temperature``) with confidences.

        Committing any part of it needs no check and leaves the rest valid.
        """
        draw = np.random.default_rng(generator) if temperature else None
        return self._search(lambda session: session.propose(logits, temperature, draw, entropy))

    def marginals(self, logits: Any) -> NDArray[np.float32] | torch.Tensor:
        """[N, V] float32 log-probabilities under the relaxed language in force, see :meth:`.Session.marginals`."""
        return self._session.marginals(logits)

    def commit(self, tokens: Mapping[int, int]) -> None:
        """Fix free slots.

        Tokens that all come from one path or proposal of this session are taken without a search; others are tested.

        Raises:
            Infeasible: no valid filling holds them. Nothing changes.
            InputError: a slot is out of range or already fixed to another token.
            LimitExceeded: it cannot be told; nothing changes.
        """
        changes = {int(slot): int(token) for slot, token in tokens.items()}
        agreeing = [w for w in self._witnesses if all(w[slot] == token for slot, token in self._inside(changes))]
        if not agreeing:
            fixed, free = self.tokens, self.free
            if any(not free[slot] and fixed[slot] != token for slot, token in changes.items()):
                self._session.commit(changes)  # raises
            fixed[list(changes)] = list(changes.values())
            free[list(changes)] = False
            found = self._filling(fixed, free)
            if found is None:
                slot = min(changes)
                raise Infeasible(
                    f"no valid filling of the {self.n_slots} slots has token {changes[slot]} at slot {slot}"
                    + (" beside the others" if len(changes) > 1 else ""),
                    slots=self.n_slots,
                    slot=slot,
                )
            agreeing = [found]
            self._reopen(found, fixed, free)
        else:
            self._session.commit(changes)
        self._witnesses = agreeing

    def retract(self, slots: Iterable[int]) -> None:
        """Free slots again. Always safe: every filling that was valid stays valid.

        Raises:
            InputError: a slot is out of range.
        """
        self._session.retract(slots)

    # ---- refinement

    def _search(self, ask: Callable[[Session], Found]) -> Found:
        """An answer that is a document."""
        for _ in range(_ROUNDS):
            found = ask(self._session)
            if self.settled or (orders := self._orders_if_broken(found.tokens)) is None:
                break
            if not self._track(orders):
                self._settle(orders)
        else:
            self._settle(self._orders_of(self._witnesses[-1]))
            found = ask(self._session)
        self._witnesses = [*self._witnesses[1 - _WITNESSES_KEPT :], found.tokens.copy()]
        return found

    def _first_filling(self) -> NDArray[np.int64]:
        tokens, free = self.tokens, self.free
        if free.all():
            return self.constraint.listed(()).session(tokens, free, self.tail).shortest()
        found = self._filling(tokens, free)
        if found is None:
            fixed = int((~free).sum())
            raise Infeasible(
                f"no valid filling of the {self.n_slots} slots holds the {fixed} tokens that are fixed: a key would "
                "stand twice, or there is no room for those that are required",
                slots=self.n_slots,
            )
        return found

    def _filling(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> NDArray[np.int64] | None:
        """Some filling of a canvas, ``None`` if there is none.

        Raises:
            LimitExceeded: it cannot be told.
        """
        near = [order for witness in self._witnesses[-1:] for order in self._orders_of(witness).all]
        for orders in dict.fromkeys((tuple(near), ())):
            found = self._filling_within(self.constraint.listed(orders).session, tokens, free)
            if found is not None:
                return found
        tracked = self._tracked
        for _ in range(_ROUNDS):
            found = self._filling_within(self.constraint.relaxed(tracked).session, tokens, free)
            if found is None:
                self._follow(tracked)  # what it took to know
                return None
            orders = self._orders_if_broken(found)
            if orders is None:
                return found
            listed = self.constraint.listed(completions(orders, self.constraint.sites))
            found = self._filling_within(listed.session, tokens, free)
            if found is not None:
                return found
            grown = self._grown(tracked, orders)
            if grown is None:
                break
            tracked = grown
        raise over_budget()

    def _filling_within(
        self, session: Callable[..., Session], tokens: NDArray[np.int64], free: NDArray[np.bool_]
    ) -> NDArray[np.int64] | None:
        try:
            return session(tokens, free, self.tail).shortest()
        except Infeasible:
            return None

    def _orders_if_broken(self, tokens: NDArray[np.int64]) -> KeyOrders | None:
        """The orders of keys of a filling that is no document, ``None`` if it is one."""
        text = self._text(tokens)
        orders = key_orders(text)
        return None if self.constraint.holds(text, orders) else orders

    def _orders_of(self, tokens: NDArray[np.int64]) -> KeyOrders:
        return key_orders(self._text(tokens))

    def _text(self, tokens: NDArray[np.int64]) -> bytes:
        vocabulary = self.constraint.vocabulary
        ends = np.flatnonzero(np.isin(tokens, vocabulary.end_tokens)) if self.tail else []
        return vocabulary.decode(tokens[: ends[0]] if len(ends) else tokens)

    def _track(self, orders: KeyOrders) -> bool:
        """Follow members that a filling repeats or lacks; False where they are too many."""
        grown = self._grown(self._tracked, orders)
        if grown is None:
            return False
        try:
            self._follow(grown)
        except LimitExceeded:
            return False
        return True

    def _follow(self, tracked: Tracked) -> None:
        """Put the next questions to a stricter relaxed language."""
        if tracked != self._tracked and not self.settled:
            self._session = self.constraint.relaxed(tracked).session(self.tokens, self.free, self.tail)
        self._tracked = tracked

    def _grown(self, tracked: Tracked, orders: KeyOrders) -> Tracked | None:
        wrong = broken(orders, self.constraint.sites, tracked)
        often = sorted(dict.fromkeys(wrong), key=wrong.count, reverse=True)
        grown = tracked.union(often[:_AT_ONCE])
        return grown if wrong and self.constraint.may_track(grown) else None

    def _settle(self, orders: KeyOrders) -> None:
        """Keep to the orders of a filling that is known and to those of another one, made good."""
        known = self._orders_of(self._witnesses[-1]).all
        listed = self.constraint.listed((*known, *map(repaired, orders.all)))
        self._session = listed.session(self.tokens, self.free, self.tail)
        self._witnesses = self._witnesses[-1:]  # the others may be in orders that are none any more
        self.settled = True

    def _reopen(self, found: NDArray[np.int64], tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> None:
        """A session on a canvas that the one at hand need not admit."""
        if self.settled:
            self._session = self.constraint.listed(self._orders_of(found).all).session(tokens, free, self.tail)
        else:
            self._session = self._relaxed_with(tokens, free)

    def _relaxed_with(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> Session:
        return self.constraint.relaxed(self._tracked).session(tokens, free, self.tail)

    def _admitted(
        self, filling: NDArray[np.int64], tokens: NDArray[np.int64], free: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """[N, V] tokens that are in documents with the order of keys of a filling."""
        return self.constraint.listed(self._orders_of(filling).all).session(tokens, free, self.tail).admissible()

    def _inside(self, changes: Mapping[int, int]) -> Iterable[tuple[int, int]]:
        for slot in changes:
            if not 0 <= slot < self.n_slots:
                raise InputError(f"slot {slot} is out of range for a canvas of {self.n_slots} slots")
        return changes.items()
