"""Questions about one canvas: what is possible, what is best, how sure the model is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from latticework.errors import Infeasible, InputError
from latticework.lattice import kernels_scoring
from latticework.lattice.best import BestSearch
from latticework.lattice.diagnosis import diagnosed
from latticework.lattice.horizon import draw_kinds, faded, front_sums
from latticework.lattice.inputs import to_array
from latticework.lattice.path import Path, Proposal
from latticework.lattice.scoring import ClassScores, Logits, open_logits
from latticework.lattice.sets import CanvasSets, with_some
from latticework.lattice.sums import CompletionSums, SumBuffers, entropies

if TYPE_CHECKING:
    import torch

    from latticework.lattice.constraint import Constraint
    from latticework.lattice.lattice_device import DeviceCanvas
    from latticework.lattice.scoring_device import DeviceLogits

_WITNESSES_KEPT = 4


class Session:
    """One canvas of N slots under a constraint; made by :meth:`Constraint.session`.

    A session is for one thread at a time. All answers are exact: a token, path or probability is
    about fillings of the free slots, one token each, that make the canvas a document of the
    constraint, followed by end or pad tokens if ``tail``.

    Logits are ``[N, V]``, NumPy or torch, on any device and of any float type; only rows of free
    slots are read. Where a logit lies more than 1e5 below the largest of its row, or is infinite or
    undefined, it counts as 1e5 below: logits order fillings, they never make one impossible.

    Attributes:
        constraint: the constraint.
        n_slots: N.
        tail: whether end and pad tokens may follow the document (False if the vocabulary has none).
    """

    def __init__(self, constraint: Constraint, tokens: Any, free: Any, tail: bool = True) -> None:
        self.constraint = constraint
        self._tokens = to_array(tokens, np.int64)
        self._free = to_array(free, np.bool_)
        if self._tokens.ndim != 1 or self._tokens.shape != self._free.shape:
            raise InputError(f"tokens {self._tokens.shape} and free {self._free.shape} must both be [N]")
        self.n_slots = len(self._tokens)
        self.tail = bool(tail) and len(constraint.tokens.end_tokens) > 0
        self._table = constraint.class_table
        self._sets = CanvasSets(constraint.layout(self.n_slots, self.tail), self._tokens, self._free)
        self._search = BestSearch(constraint, self.n_slots, self.tail)
        self._buffers = SumBuffers()
        self._there: DeviceCanvas | None = None
        self._witnesses: list[NDArray[np.int64]] = []
        if not self._sets.feasible:
            raise self._diagnose()

    @property
    def tokens(self) -> NDArray[np.int64]:
        """[N] copy of the slots; what free slots hold has no meaning."""
        return self._tokens.copy()

    @property
    def free(self) -> NDArray[np.bool_]:
        """[N] copy, True where a slot may be filled."""
        return self._free.copy()

    def feasible(self) -> bool:
        """Whether a valid filling exists. A session is never left infeasible, so this is a self-check."""
        return self._sets.feasible

    def prepare(self) -> None:
        """Compute what depends on the committed tokens only, outside the GIL, so that it can run in a
        worker thread during the model's forward. The session must not be used meanwhile."""
        _ = self._sets.fits

    def admissible(self) -> NDArray[np.bool_]:
        """[N, V] bool: the token is in some valid filling. A fixed slot admits its own token.

        The memory order is that of a transposed array: a column is written at a time, which is several times faster.
        """
        classes = np.ascontiguousarray(self._admissible_classes().T)
        allowed = classes.take(self._table.kind, axis=0).T
        fixed = np.flatnonzero(~self._free)
        allowed[fixed, self._tokens[fixed]] = True
        return allowed

    def forced(self) -> dict[int, int]:
        """Free slots with exactly one admissible token, and that token."""
        classes = self._admissible_classes()
        counts = classes @ self._table.sizes()
        slots = np.flatnonzero(self._free & (counts == 1))
        kinds = np.argmax(classes[slots] & (self._table.sizes() > 0), axis=1)
        return {int(slot): int(self._table.members(kind)[0]) for slot, kind in zip(slots, kinds, strict=True)}

    def only_ends(self) -> bool:
        """Whether nothing but end and pad tokens may stand in the free slots."""
        return not self._admissible_classes()[:, : self._table.end].any()

    def open(self, logits: Any) -> Logits:
        """A reader of the rows of free slots of ``logits``, where they are."""
        return open_logits(logits, self._free, self._table)

    def best(self, logits: Any) -> Path:
        """The valid filling of highest probability (MAP under the model's independent rows)."""
        rows = self.open(logits)
        if self.served_by(rows):
            found = self._propose_there(rows, 0.0, None, sure=False)
            return Path(found.tokens, found.log_prob)
        scores = rows.classes(sums=False)
        return self._remember(self._best_tokens(rows, scores), rows, scores)

    def shortest(self) -> NDArray[np.int64]:
        """[N] a valid filling with the fewest tokens before the tail; needs no logits."""
        table = self._table
        least = np.ones((int(self._free.sum()), table.classes), np.float32)
        least[:, table.end] = 0
        least[:, table.sizes() == 0] = 1e30
        kinds = self._kinds_of_best(ClassScores(least, None, None, np.zeros(len(least))))
        tokens = self._tokens.copy()
        tokens[self._free] = table.order[table.offset[kinds]]
        return tokens

    def sample(self, logits: Any, generator: np.random.Generator | int | None = None, temperature: float = 1.0) -> Path:
        """An exact joint sample: fillings in proportion to the product of softmax(logits / temperature).

        Raises:
            InputError: the temperature is not a positive number.
        """
        rows = self.open(logits)
        if self.served_by(rows):
            found = self._propose_there(rows, _positive(temperature), generator, sure=False)
            return Path(found.tokens, found.log_prob)
        scores = rows.classes(sums=True, temperature=_positive(temperature))
        tokens = self._draw(rows, scores, temperature, np.random.default_rng(generator), self.n_slots)
        return self._remember(tokens, rows, scores if temperature == 1 else rows.classes(sums=False))

    def marginals(self, logits: Any, stop: int | None = None) -> NDArray[np.float32] | torch.Tensor:
        """[N, V] float32 log-probabilities of every token in every slot, given that the canvas is valid.

        -inf for tokens that are not admissible; in a fixed slot 0 at its token. A tensor on the
        device of the logits if those are a tensor, else an array. ``stop``: as in :meth:`propose`; in slots from there
        on, the model's own, which then need not sum to 1.
        """
        rows = self.open(logits)
        free_rows = self._marginal_rows(rows, self._stop(stop))
        fixed = np.flatnonzero(~self._free)
        if isinstance(free_rows, np.ndarray):
            result = np.full((self.n_slots, len(self._table.kind)), -np.inf, np.float32)
            result[rows.rows] = free_rows
            result[fixed, self._tokens[fixed]] = 0.0
            return result
        import torch

        filled = free_rows.new_full((self.n_slots, len(self._table.kind)), -np.inf)
        filled[free_rows.new_tensor(rows.rows, dtype=torch.long)] = free_rows
        filled[torch.from_numpy(fixed), torch.from_numpy(self._tokens[fixed])] = 0.0
        return filled

    def log_z(self, logits: Any) -> float:
        """Log of the probability that independent draws from softmax(logits) make the canvas valid, nats."""
        rows = self.open(logits)
        scores = rows.classes(sums=True)
        return self._sums(scores, self.n_slots).log_total - float(scores.normaliser.sum())

    def propose(
        self,
        logits: Any,
        temperature: float = 0.0,
        generator: np.random.Generator | int | None = None,
        entropy: bool = False,
        stop: int | None = None,
    ) -> Proposal:
        """A valid filling (the best one, or a sample at ``temperature``) with confidences.

        Committing any part of it needs no check and leaves the rest valid.

        Args:
            logits: [N, V].
            temperature: 0 for the best filling.
            generator: of the sample.
            entropy: whether entropies are wanted.
            stop: slot from which on logits are no evidence; there a filling has to be possible and no more (see
                :mod:`.horizon`). All is then of the distribution over fillings of the slots before (the best one to
                2**-14 nats a slot behind). Behind, tokens are those of a best filling that goes on from these,
                confidences and entropies the model's own, over admissible tokens.
        """
        rows, stop = self.open(logits), self._stop(stop)
        if stop == self.n_slots and self.served_by(rows):
            return self._propose_there(rows, temperature, generator, entropy=entropy)
        return self.propose_here(rows, temperature, generator, entropy, stop)

    def propose_here(
        self,
        rows: Logits,
        temperature: float,
        generator: np.random.Generator | int | None,
        entropy: bool,
        stop: int | None = None,
    ) -> Proposal:
        """:meth:`propose` from logits that are open, by the host's lattice."""
        stop = self._stop(stop)
        count = int(np.searchsorted(rows.rows, stop))
        scores = rows.classes(sums=True, means=entropy)
        if temperature == 0:
            tokens = self._best_tokens(rows, faded(scores, count))
        else:
            at_temperature = scores if temperature == 1 else rows.classes(sums=True, temperature=_positive(temperature))
            tokens = self._draw(rows, at_temperature, temperature, np.random.default_rng(generator), stop)
        path = self._remember(tokens, rows, scores)

        sums = self._sums(scores, stop)
        ratio = self._ratios(sums, scores)
        kinds = self._table.kind[tokens[rows.rows]]
        confidence = np.ones(self.n_slots)
        confidence[rows.rows] = np.exp(ratio[np.arange(len(kinds)), kinds] - rows.gaps(tokens[rows.rows]))
        spread = None
        if entropy:
            spread = np.zeros(self.n_slots)
            spread[rows.rows] = entropies(ratio, scores)
        return Proposal(
            tokens=path.tokens,
            log_prob=path.log_prob,
            confidence=np.minimum(confidence, 1.0),
            entropy=spread,
            log_z=sums.log_total - float(scores.normaliser[:count].sum()),
            tail=self._table.kind[tokens] == self._table.end,
        )

    def _marginal_rows(self, rows: Logits, stop: int) -> NDArray[np.float32] | torch.Tensor:
        """Marginals of the free slots, where the logits are."""
        if stop == self.n_slots and self.served_by(rows):
            from latticework.lattice.lattice_device import marginals

            return marginals(self.on_device(rows), rows)
        scores = rows.classes(sums=True)
        return rows.expand(self._ratios(self._sums(scores, stop), scores).astype(np.float32))

    def on_device(self, rows: DeviceLogits) -> DeviceCanvas:
        """The canvas as it stands, on the device of logits; its buffers are kept."""
        from latticework.lattice.lattice_device import DeviceCanvas

        if self._there is None or self._there.device != rows.source.device:
            self._there = DeviceCanvas(self._sets.layout, self._table, self.n_slots, rows.source.device)
        kinds = np.where(self._free, -1, self._table.kind[np.where(self._free, 0, self._tokens)])
        self._there.place(self._sets, kinds.astype(np.int32))
        return self._there

    def served_by(self, rows: Logits) -> TypeGuard[DeviceLogits]:
        """Whether the device of the logits makes proposals, too."""
        if type(rows) is Logits or not len(rows.rows):
            return False
        from latticework.lattice.scoring_device import HAS_TRITON, DeviceLogits

        assert isinstance(rows, DeviceLogits)
        if not HAS_TRITON:
            return False
        from latticework.lattice.lattice_device import serves

        return serves(rows, self._sets.layout, self.n_slots)

    def _propose_there(
        self,
        rows: DeviceLogits,
        temperature: float,
        generator: np.random.Generator | int | None,
        *,
        entropy: bool = False,
        sure: bool = True,
    ) -> Proposal:
        from latticework.lattice.lattice_device import propose

        generators = [np.random.default_rng(generator)] if temperature else []
        [proposal] = propose(
            [self.on_device(rows)],
            [rows],
            [self._tokens],
            temperature=_positive(temperature) if temperature else 0.0,
            generators=generators,
            entropy=entropy,
            sure=sure,
        )
        self.remember(proposal.tokens)
        return proposal

    def remember(self, tokens: NDArray[np.int64]) -> None:
        """Take a valid filling [N] as known, so that committing parts of it needs no check."""
        self._witnesses = [*self._witnesses[1 - _WITNESSES_KEPT :], tokens.copy()]

    def fitting(self, slots: NDArray[np.int64], tokens: NDArray[np.int64]) -> int:
        """How many of the tokens [k] of free ``slots`` [k], from the first on, can stand together in a valid filling.

        Nothing is committed. Cost: one pass over the canvas, log2(k) more where they are not all of them.
        """
        tokens_then = self._tokens.copy()
        tokens_then[slots] = tokens

        def fit(count: int) -> bool:
            free = self._free.copy()
            free[slots[:count]] = False
            return CanvasSets(self._sets.layout, tokens_then, free).feasible

        low, high = 0, len(slots) + 1
        count = len(slots)
        while high - low > 1:
            low, high = (count, high) if fit(count) else (low, count)
            count = (low + high) // 2
        return low

    def commit(self, tokens: Mapping[int, int]) -> None:
        """Fix free slots.

        Tokens that all come from one path or proposal of this session, made since the canvas last
        left that path, are taken without a check; others are tested.

        Raises:
            Infeasible: no valid filling holds them; names the first slot at fault. Nothing changes.
            InputError: a slot is out of range or already fixed to another token.
        """
        changes = {int(slot): int(token) for slot, token in tokens.items()}
        for slot, token in changes.items():
            self._check_slot(slot)
            if not self._free[slot] and self._tokens[slot] != token:
                raise InputError(f"slot {slot} is fixed; retract it first")
        agreeing = [w for w in self._witnesses if all(w[slot] == token for slot, token in changes.items())]
        before = self._tokens.copy(), self._free.copy()
        slots = list(changes)
        self._tokens[slots] = list(changes.values())
        self._free[slots] = False
        self._sets.place(self._tokens, self._free)
        if not agreeing and not self._sets.feasible:
            error = self._diagnose([slot for slot in sorted(slots) if before[1][slot]])
            self._tokens, self._free = before
            self._sets.place(self._tokens, self._free)
            raise error
        self._witnesses = agreeing

    def retract(self, slots: Iterable[int]) -> None:
        """Free slots again. Always safe: every filling that was valid stays valid.

        Raises:
            InputError: a slot is out of range.
        """
        chosen = [int(slot) for slot in slots]
        for slot in chosen:
            self._check_slot(slot)
        self._free[chosen] = True
        self._sets.place(self._tokens, self._free)

    def _best_tokens(self, rows: Logits, scores: ClassScores) -> NDArray[np.int64]:
        return self._filled(rows, rows.closest(self._kinds_of_best(scores)))

    def _kinds_of_best(self, scores: ClassScores, sets: CanvasSets | None = None) -> NDArray[np.int32]:
        """[n] classes of the free slots of the best filling, of the canvas as it stands or of other ``sets``."""
        sets = self._sets if sets is None else sets
        labels = self._search.labels(sets, self._table, scores, sets.tokens)[sets.free]
        kinds = np.empty(len(labels), np.int32)
        kernels_scoring.closest_classes(scores.least, labels, self._table.label_offset, self._table.label_class, kinds)
        return kinds

    def _draw(
        self, rows: Logits, scores: ClassScores, temperature: float, generator: np.random.Generator, stop: int
    ) -> NDArray[np.int64]:
        kinds = draw_kinds(self._sums(scores, stop), scores, self._table, self._free, generator)
        drawn = rows.draw(kinds, temperature, generator)
        count = len(kinds)
        tokens, free = self._tokens.copy(), self._free.copy()
        tokens[rows.rows[:count]], free[rows.rows[:count]] = drawn, False
        if free.any():  # goes on as well as it can
            behind = replace(scores, least=scores.least[count:])
            rest = self._kinds_of_best(behind, CanvasSets(self._sets.layout, tokens, free))
            tokens[free] = rows.closest(np.concatenate((kinds, rest)))[count:]
        return tokens

    def _sums(self, scores: ClassScores, stop: int) -> CompletionSums:
        """Sums over all fillings of the slots before ``stop``; what an earlier call returned is void."""
        return front_sums(self._sets, scores, self._table, self._buffers, stop)

    def _ratios(self, sums: CompletionSums, scores: ClassScores) -> NDArray[np.float64]:
        """[n, classes] log of posterior over exp(-gap) of all free slots, those behind the sums the model's own."""
        ratios = sums.log_ratios(self._table)
        count = len(ratios)
        if count == len(scores.least):
            return ratios
        admissible = self._admissible_classes()[self._free][count:]
        return np.concatenate((ratios, np.where(admissible, -scores.normaliser[count:, None], -np.inf)))

    def _filled(self, rows: Logits, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        tokens = self._tokens.copy()
        tokens[rows.rows] = chosen
        return tokens

    def _remember(self, tokens: NDArray[np.int64], rows: Logits, scores: ClassScores) -> Path:
        self.remember(tokens)
        log_prob = -float((rows.gaps(tokens[rows.rows]) + scores.normaliser).sum())
        return Path(tokens, log_prob)

    def _admissible_classes(self) -> NDArray[np.bool_]:
        """[N, classes] bool; False in fixed slots."""
        classes = np.zeros((self.n_slots, self._table.classes), np.bool_)
        kernels_scoring.classes_of_labels(self._sets.fits, self._table.label_offset, self._table.label_class, classes)
        return classes

    def _check_slot(self, slot: int) -> None:
        if not 0 <= slot < self.n_slots:
            raise InputError(f"slot {slot} is out of range for a canvas of {self.n_slots} slots")

    def _diagnose(self, slots: list[int] | None = None) -> Infeasible:
        """Why no filling exists: the first of some slots (by default, all fixed ones) at fault, else too few slots."""
        chosen: list[int] = np.flatnonzero(~self._free).tolist() if slots is None else slots
        fits = with_some(self._sets.layout, self._tokens, self._free, chosen)
        suspects = {slot: int(self._tokens[slot]) for slot in chosen}
        return diagnosed(self.n_slots, suspects, fits, lambda: self.constraint.min_tokens)

    def _stop(self, stop: int | None) -> int:
        """Where evidence ends."""
        if stop is not None and stop < 0:
            raise InputError(f"stop must not be negative, got {stop}")
        return self.n_slots if stop is None else min(stop, self.n_slots)


def _positive(temperature: float) -> float:
    if not 0 < temperature < np.inf:
        raise InputError(f"temperature must be a positive number, got {temperature}")
    return temperature
