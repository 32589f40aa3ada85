"""The denoising loop against brute force: valid, always moving, reproducible, rows on their own."""

from __future__ import annotations

import numpy as np
import pytest
from fake_session import EOS, MASK, PAD, VOCABULARY, BruteConstraint, document_of
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import TinyModel

from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import EntropyBound, LowConfidence, Policy, Threshold
from latticework.diffusion.records import Request
from latticework.errors import Infeasible, InputError, LatticeworkError, ModelError

PATTERNS = {"a(,a)*": 1, "(ab|b)+,?a": 2, "a{2,6}": 2, "(a|b){3}": 2, "ab,ab": 3, "b?": 0, "(a,b|b,a)(,a)*": 3}
POLICIES = [LowConfidence(), LowConfidence(2), Threshold(0.9), Threshold(0.4), EntropyBound(0.1), EntropyBound(2.0)]
OPTIONS = st.builds(
    Options,
    policy=st.sampled_from(POLICIES),
    temperature=st.sampled_from([0.0, 0.7, 1.0]),
    block_length=st.sampled_from([None, 1, 2, 3]),
    batch_size=st.sampled_from([1, 2, 8]),
    overlap=st.booleans(),
)


def blank(pattern: str | None, slots: int, prompt=(3, 4), entropy=(0,)) -> Request:
    return Request.blank(prompt, slots, BruteConstraint(pattern) if pattern else None, entropy)


@given(
    pattern=st.sampled_from(sorted(PATTERNS)),
    slack=st.integers(0, 2),
    seed=st.integers(0, 1000),
    options=OPTIONS,
)
@settings(max_examples=120, deadline=None)
def test_every_outcome_is_a_document_and_every_forward_commits(pattern, slack, seed, options):
    slots = PATTERNS[pattern] + slack
    model = TinyModel(seed)
    steps = []
    constraint = BruteConstraint(pattern)
    if slots == 0:
        return
    [outcome] = denoise(model, [Request.blank((3,), slots, constraint, (seed,))], options, steps.append)
    assert outcome.error is None
    assert constraint.holds(outcome.tokens)
    assert document_of(outcome.tokens[: outcome.body]) == document_of(outcome.tokens)
    assert outcome.forwards == len(model.batches) <= slots
    progress = [step for step in steps if step.forwards > 0]
    assert len(progress) == outcome.forwards
    assert all(len(step.committed) >= 1 for step in progress)
    touched = np.concatenate([np.concatenate((step.committed, step.forced)) for step in steps])
    assert sorted(touched) == list(range(slots)), "every slot is fixed exactly once"
    assert outcome.forced_slots == sum(len(step.forced) for step in steps)
    assert (outcome.log_prob <= 1e-12).all()


@pytest.mark.parametrize(("pattern", "needed"), [item for item in PATTERNS.items() if item[1] > 1])
def test_a_canvas_one_slot_too_short_is_refused_before_any_forward(pattern, needed):
    model = TinyModel()
    [outcome] = denoise(model, [blank(pattern, needed - 1)])
    assert isinstance(outcome.error, Infeasible)
    assert model.batches == []


def test_forced_slots_need_no_forward():
    model = TinyModel()
    steps = []
    [outcome] = denoise(model, [blank("ab,ab", 3)], on_step=steps.append)
    assert outcome.error is None
    assert model.batches == []
    assert (outcome.forwards, outcome.forced_slots, outcome.free_slots) == (0, 3, 3)
    assert outcome.log_prob.tolist() == [0.0, 0.0, 0.0]
    assert [step.forced.tolist() for step in steps] == [[0, 1, 2]]


def test_one_round_of_forced_slots_is_a_fixed_point():
    session = BruteConstraint("ab?,a(,|b)").session([0] * 5, [True] * 5)
    session.commit(session.forced())
    assert session.forced() == {}


def test_the_model_sees_forced_slots_and_masks_elsewhere():
    seen = []

    class Spy(TinyModel):
        def forward(self, ids, attention, keep):
            seen.append((ids.clone(), keep))
            return super().forward(ids, attention, keep)

    denoise(Spy(), [blank("(a|b),(a|b)", 3, prompt=(5, 6, 3))], Options(policy=Threshold(0.0)))
    ids, keep = seen[0]
    assert ids.tolist() == [[5, 6, 3, MASK, 6, MASK]]
    assert keep == 3


@given(seed=st.integers(0, 500), temperature=st.sampled_from([0.0, 0.8]), policy=st.sampled_from(POLICIES))
@settings(max_examples=25, deadline=None)
def test_rows_do_not_depend_on_the_batch(seed, temperature, policy):
    rows = [
        blank("a(,a)*", 4, prompt=(3,), entropy=(seed, 1)),
        blank("(a|b){3}", 5, prompt=(3, 4, 5, 6, 3), entropy=(seed, 2)),
        blank("b?", 3, prompt=(4, 4), entropy=(seed, 3)),
        blank("(ab|b)+,?a", 2, prompt=(6,) * 9, entropy=(seed, 4)),
    ]
    options = Options(policy=policy, temperature=temperature, batch_size=3)
    together = denoise(TinyModel(seed), rows, options)
    for row, batched in zip(rows, together, strict=True):
        [alone] = denoise(TinyModel(seed), [row], options)
        assert alone.tokens.tolist() == batched.tokens.tolist()
        assert np.allclose(alone.log_prob, batched.log_prob)
        assert alone.forwards == batched.forwards


def test_a_seed_fixes_the_sample_and_seeds_differ():
    options = Options(temperature=1.0, policy=LowConfidence())
    model = TinyModel(scale=0.3)

    def draw(seed):
        return tuple(denoise(model, [blank("(a|b)(a|b)(,|b)(a|b)", 4, entropy=(seed,))], options)[0].tokens)

    assert [draw(seed) for seed in range(6)] == [draw(seed) for seed in range(6)]
    assert len({draw(seed) for seed in range(12)}) > 1


def test_a_failing_row_leaves_the_others_alone():
    class Poisoned(TinyModel):
        def forward(self, ids, attention, keep):
            logits = super().forward(ids, attention, keep)
            logits[(ids[:, -6] == 6)] = float("nan")
            return logits

    rows = [blank("a{2,6}", 1), blank("a(,a)*", 5, prompt=(3,)), blank("(a|b){3}", 5, prompt=(6,))]
    first, second, third = denoise(Poisoned(), rows)
    assert isinstance(first.error, Infeasible)
    assert second.error is None
    assert BruteConstraint("a(,a)*").holds(second.tokens)
    assert isinstance(third.error, ModelError)
    assert third.forwards == 1


def test_an_error_while_preparing_stays_in_its_row():
    class Refusing(BruteConstraint):
        def session(self, tokens, free, tail=True):
            session = super().session(tokens, free, tail)

            def prepare():
                raise LatticeworkError("no room")

            session.prepare = prepare
            return session

    rows = [Request.blank((3,), 4, Refusing("a(,a)*")), blank("a(,a)*", 4)]
    bad, good = denoise(TinyModel(), rows, Options(overlap=True))
    assert str(bad.error) == "no room"
    assert good.error is None


def test_finished_rows_leave_the_batch_and_waiting_rows_take_their_place():
    model = TinyModel()
    rows = [blank("(a|b)", 1), blank("(a|b){5}", 5), blank("(a|b)", 1), blank("(a|b)", 1)]
    outcomes = denoise(model, rows, Options(policy=LowConfidence(), batch_size=2))
    assert all(outcome.error is None for outcome in outcomes)
    assert model.batches[:3] == [2, 2, 2]
    assert sum(model.batches) == sum(outcome.forwards for outcome in outcomes)


@pytest.mark.parametrize("policy", [Threshold(0.0), EntropyBound(100.0), LowConfidence(1)])
def test_blocks_are_finished_in_order(policy):
    steps = []
    denoise(TinyModel(3), [blank("(b|,){6}", 6)], Options(policy=policy, block_length=2), steps.append)
    for step in steps:
        fixed_blocks = [not step.free[at : at + 2].any() for at in range(0, 6, 2)]
        started = [not step.free[at : at + 2].all() for at in range(0, 6, 2)]
        for block in (1, 2):
            assert fixed_blocks[block - 1] or not started[block]
    assert max(step.forwards for step in steps) == 3


class TailLover(TinyModel):
    """Gives every slot a high score for the end token."""

    def forward(self, ids, attention, keep):
        logits = super().forward(ids, attention, keep)
        logits[..., EOS] += 8.0
        return logits


@pytest.mark.parametrize("policy", [Threshold(0.5), LowConfidence(), EntropyBound(1.0)])
@pytest.mark.parametrize("pattern", ["a(,a)*", "(ab|b)+,?a"])
def test_tail_slots_wait_for_every_slot_before_them(policy, pattern):
    steps = []
    [outcome] = denoise(TailLover(5), [blank(pattern, 5)], Options(policy=policy), steps.append)
    assert BruteConstraint(pattern).holds(outcome.tokens)
    for step in steps:
        fixed_ends = np.flatnonzero(~step.free & np.isin(step.tokens, [EOS, PAD]))
        if len(fixed_ends):
            assert not step.free[: fixed_ends[0]].any()


def test_an_open_end_is_decided_with_the_whole_text_in_view():
    """The proposal that ends the text must come from a forward that saw every slot before the end."""

    class ContextModel(TinyModel):
        """Prefers to end while slot 0 is masked, and to go on once it is an 'a'."""

        def forward(self, ids, attention, keep):
            logits = super().forward(ids, attention, keep) * 0.01
            logits[..., EOS] += 3.0
            written = ids[:, -keep] == 3
            logits[written, 1, 3] += 12.0
            return logits

    [outcome] = denoise(ContextModel(), [blank("aa?", 3)])
    assert document_of(outcome.tokens) == b"aa"


def test_a_closed_document_needs_no_forward_for_its_tail():
    """After ``a,b`` only end and pad may follow, two tokens each: decided by the constraint all the same."""
    steps = []
    [outcome] = denoise(TinyModel(), [blank("(a|b)", 4)], Options(policy=LowConfidence()), steps.append)
    assert outcome.forwards == 1
    assert outcome.forced_slots == 3
    assert steps[-1].forced.tolist() == [1, 2, 3]


def test_a_policy_that_chooses_nothing_still_moves():
    class Idle(Policy):
        def select(self, view):
            return np.zeros(len(view.slots), dtype=bool)

    [outcome] = denoise(TinyModel(), [blank("(a|b){4}", 4)], Options(policy=Idle()))
    assert outcome.error is None
    assert outcome.forwards <= 4


def test_given_tokens_of_a_canvas_stay():
    tokens = np.array([MASK, 6, MASK, 6, 4])
    request = Request((3,), tokens, tokens == MASK, BruteConstraint("(a|b),(a|b),b"))
    [outcome] = denoise(TinyModel(), [request])
    assert outcome.tokens[[1, 3, 4]].tolist() == [6, 6, 4]
    assert request.tokens.tolist() == [MASK, 6, MASK, 6, 4], "the caller's arrays are not written to"
    assert BruteConstraint("(a|b),(a|b),b").holds(outcome.tokens)


def test_trace_arrays_are_snapshots():
    steps = []
    denoise(TinyModel(), [blank("(a|b){4}", 4)], Options(policy=LowConfidence()), steps.append)
    open_counts = [int(step.free.sum()) for step in steps]
    assert open_counts == sorted(open_counts, reverse=True)
    assert open_counts[-1] == 0
    assert len(set(open_counts)) == len(open_counts)


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1.0}, {"temperature": float("nan")}, {"block_length": 0}, {"batch_size": 0}]
)
def test_options_are_checked(wrong):
    with pytest.raises(InputError):
        Options(**wrong)


def test_timings_add_up():
    [outcome] = denoise(TinyModel(), [blank("(a|b){5}", 6)], Options(overlap=False))
    spent = outcome.timings
    assert spent.hidden == 0.0
    assert 0 < spent.model + spent.constraint + spent.policy <= spent.total


def test_vocabulary_of_the_fake_is_what_the_loop_expects():
    assert VOCABULARY.end_tokens.tolist() == [EOS, PAD]
