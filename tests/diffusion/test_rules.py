"""Published selection rules against their formulas, on scores made by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from views import END, canvas, view, written

import latticework as lw
from latticework.diffusion import policies as p
from latticework.diffusion.policies.contract import Canvas
from latticework.diffusion.policies.guided import Guided
from latticework.diffusion.policies.klass import divergence
from latticework.diffusion.policies.learned import FEATURES, RADIUS, Filter, features_of
from latticework.diffusion.starting import Interleaved, Start
from latticework.errors import InputError

UNIT = st.floats(0.001, 1, allow_subnormal=False)


@given(confidence=st.lists(UNIT, min_size=1, max_size=8, unique=True), factor=st.floats(0, 5))
def test_factor_takes_the_largest_n_that_fits(confidence, factor):
    falling = sorted(confidence, reverse=True)
    fits = [n for n in range(1, len(falling) + 1) if (n + 1) * (1 - falling[n - 1]) < factor]
    chosen = p.Factor(factor).select(view(confidence))
    assert chosen.sum() == max([1, *fits])
    if len(fits) > 0:
        assert min(np.array(confidence)[chosen]) == pytest.approx(falling[max(fits) - 1], rel=1e-4)


def test_margin_and_entropy_rank_by_their_scores_with_dreams_quota():
    """Ten masks, four steps from 1 to eps: floor(10 (1 - s / t)) of them on the first."""
    times = np.linspace(1, 1e-3, 5)
    quota = math.floor(10 * (1 - times[1] / times[0]))
    numbers = [0.05 * place for place in range(10)]
    chosen = p.Margin(steps=4).select(view([0.5] * 10, margin=numbers))
    assert np.flatnonzero(chosen).tolist() == list(range(10 - quota, 10))
    chosen = p.Entropy(steps=4).select(view([0.5] * 10, entropy=numbers))
    assert np.flatnonzero(chosen).tolist() == list(range(quota))
    assert p.Margin(steps=4).select(view([0.5] * 3, margin=[0, 0, 0], step=3, remaining=3)).all(), "the last step"


def test_a_temperature_of_the_order_draws_in_proportion():
    policy = p.Margin(steps=10, alg_temp=0.5)
    rule, counts = policy.start(canvas(seed=1)), np.zeros(10)
    margins = np.linspace(0, 0.9, 10)
    for _ in range(4000):
        counts += rule.select(view([0.5] * 10, margin=margins))
    expected = np.exp(margins / 0.5) / np.exp(margins / 0.5).sum()
    quota = counts.sum() / 4000
    assert quota == 0, "Dream's first of ten steps takes floor(10 * 0.0999) = 0 slots"
    rule = p.Margin(steps=4, alg_temp=0.5).start(canvas(seed=1))
    first = np.zeros(4)
    for _ in range(4000):
        first += rule.select(view([0.5] * 4, margin=margins[::3], step=2, remaining=4, size=4)) * 1.0
    assert first.sum() > 0
    weights = np.exp(margins[::3] / 0.5)
    assert first.argmax() == weights.argmax()
    assert first.argmin() == weights.argmin()
    assert expected.sum() == pytest.approx(1)


@given(
    confidence=st.lists(UNIT, min_size=1, max_size=12),
    tau=UNIT,
    relaxed=UNIT,
    radius=st.integers(0, 5),
)
def test_local_leap_relaxes_near_anchors(confidence, tau, relaxed, radius):
    chosen = p.LocalLeap(tau, relaxed, radius).select(view(confidence))
    anchors = [i for i, c in enumerate(confidence) if c >= tau]
    for i, c in enumerate(confidence):
        near = any(abs(i - anchor) <= radius for anchor in anchors)
        if c >= tau or (near and c >= relaxed):
            assert chosen[i] or (near and relaxed > c)
        elif chosen[i]:
            assert c >= max(confidence) * (1 - 2e-5), "the best anyway"
    assert chosen.any()


def test_fixed_slots_are_anchors_on_request():
    seen = view([0.8, 0.8], slots=[1, 9], size=12, free=[i in (1, 9) for i in range(12)])
    assert p.LocalLeap(radius=1).select(seen).sum() == 1
    assert p.LocalLeap(radius=1, fixed_anchors=True).select(seen).all()


def test_klass_waits_for_calm_and_falls_back_to_the_quota():
    sure, other = [0.95, 0.03, 0.01, 0.01], [0.01, 0.95, 0.03, 0.01]
    policy = p.KLASS(threshold=0.9, kl=0.01, history=2)
    rule = policy.start(canvas())
    confidence = [0.95, 0.94]
    assert rule.select(view(confidence, rows=[sure, sure])).tolist() == [True, False], "nothing known: the best one"
    assert rule.select(view(confidence, rows=[other, sure])).tolist() == [True, False], "calm once"
    assert rule.select(view(confidence, rows=[sure, sure])).tolist() == [False, True], "calm twice; slot 0 moved"
    assert rule.select(view([0.95, 0.5], rows=[sure, sure])).tolist() == [True, False], "calm but not sure: the quota"


@given(
    new=st.lists(st.floats(0.01, 1), min_size=4, max_size=4), old=st.lists(st.floats(0.01, 1), min_size=4, max_size=4)
)
def test_divergence_is_that_of_the_definition(new, old):
    q, r = np.array(new) / sum(new), np.array(old) / sum(old)
    got = divergence(torch.from_numpy(q).log(), torch.from_numpy(r).log())
    assert got == pytest.approx(float((q * np.log(q / r)).sum()), abs=1e-9)
    assert divergence(torch.tensor([0.0, -math.inf]), torch.tensor([-math.inf, 0.0])) == math.inf
    assert divergence(torch.tensor([0.0, -math.inf]), torch.tensor([0.0, -math.inf])) == 0.0


def test_ccd_ranks_by_the_average_of_the_last_contexts():
    rule = p.CCD(history=2, dynamic=False).start(canvas())
    first = torch.tensor([[0.9, 0.1], [0.6, 0.4]]).log()
    second = torch.tensor([[0.1, 0.9], [0.6, 0.4]]).log()
    slots = np.array([0, 1])
    assert torch.allclose(rule.rescore(first, slots).exp(), first.exp())
    averaged = rule.rescore(second, slots)
    assert torch.allclose(averaged.exp(), torch.tensor([[0.5, 0.5], [0.6, 0.4]]))
    third = rule.rescore(second, slots)
    assert torch.allclose(third[0].exp(), torch.tensor([0.1, 0.9])), "only two contexts are kept"
    assert torch.equal(second, torch.tensor([[0.1, 0.9], [0.6, 0.4]]).log()), "the logits are not written to"
    assert rule.select(view([0.5, 0.6], entropy=[0.69, 0.67])).tolist() == [False, True]


def test_ccd_commits_what_stayed_among_the_best_with_its_token():
    rule = p.CCD(history=1, expand=4.0).start(canvas())
    rows = [[0.7, 0.3], [0.6, 0.4], [0.55, 0.45]]
    sizes = [int(rule.select(view([0.7, 0.6, 0.55], entropy=[0.1, 0.2, 0.3], rows=rows)).sum()) for _ in range(8)]
    assert sizes == [1, 1, 1, 1, 1, 1, 2, 3], "one more candidate a forward after the warm-up"
    moved = [[0.7, 0.3], [0.4, 0.6], [0.55, 0.45]]
    chosen = rule.select(view([0.7, 0.6, 0.55], entropy=[0.1, 0.2, 0.3], rows=moved))
    assert chosen.tolist() == [True, False, True], "slot 1 changed its mind"


def test_pc_sampler_scores_position_and_content(tmp_path):
    file = tmp_path / "frequencies.json"
    file.write_text(json.dumps({"1": 0.5, "2": 1e-6}))
    seen = view([0.9, 0.9, 0.9], draft=[1, 2, 1])

    def score(pos, frequency, c=0.9, decay=0.25, alpha=10.0):
        return math.exp(-decay * pos) * min(-c * math.log(frequency + 1e-9), alpha)

    expected = [score(0, 0.5), score(1, 1e-6), score(2, 0.5)]
    chosen = p.PCSampler(background=str(file)).select(seen)
    assert np.flatnonzero(chosen).tolist() == [int(np.argmax(expected))] == [1]
    assert p.PCSampler().select(seen).tolist() == [True, False, False], "without frequencies the first position wins"
    assert p.PCSampler(decay=0.0).select(view([0.5, 0.9])).tolist() == [False, True]
    with pytest.raises(InputError, match="background"):
        p.PCSampler(background=str(tmp_path / "none.json"))


def test_end_tokens_wait_by_a_factor_that_rises():
    def picks(step, end_confidence, other):
        seen = view([end_confidence, other], draft=[END, 1], step=step, remaining=2, window=5, size=5, slots=[0, 1])
        return p.EOSER(steps=5).select(seen).tolist()

    assert picks(0, 0.9, 0.37) == [False, True], "0.4 * 0.9 < 0.37"
    assert picks(2, 0.9, 0.62) == [True, False], "0.7 * 0.9 > 0.62"
    assert picks(4, 0.9, 0.89) in ([True, False], [True, True]), "the factor is 1 on the last step"


def test_ascending_steps_double_and_end():
    left, taken, step = 16, [], 0
    policy = p.Ascending(blocks=1)
    while left:
        slots = np.arange(16 - left, 16)
        chosen = policy.select(view([0.5] * left, step=step, remaining=left, window=16, size=16, slots=slots))
        taken.append(int(chosen.sum()))
        left -= taken[-1]
        step += 1
    assert taken == [1, 2, 4, 8, 1], "the last step takes the rest: 16 = 2^4"


def test_ascending_blocks_go_from_left_to_right():
    """16 slots, 4 blocks: 2^4; single-step blocks end at 3, 7 and 15 slots, the last step takes the rest."""
    confidence = np.linspace(0.1, 0.9, 16)
    first = p.Ascending(blocks=4).select(view(confidence, step=0, window=16, size=16))
    assert np.flatnonzero(first).tolist() == [0]
    seen = view(confidence[1:], step=1, window=16, size=16, slots=np.arange(1, 16))
    assert np.flatnonzero(p.Ascending(blocks=4).select(seen)).tolist() == [0, 1], "slots 1 and 2"
    two = p.Ascending(blocks=2).select(view(confidence, step=0, window=16, size=16))
    assert np.flatnonzero(two).tolist() == [6], "the first piece has 7 slots, its surest is taken"


def test_prophet_goes_all_in_by_the_mean_gap_of_its_phase():
    rows = np.array([[0.9, 0.1, 0, 0], [0.5, 0.5, 0, 0], [1, 0, 0, 0], [0.99, 0.01, 0, 0]])
    gap = (math.log(9) + 0 + math.log(99)) / 3, "slot 2 has one token, so no gap"
    for total, name in ((4, "early"), (8, "middle"), (16, "late")):
        seen = view([0.9, 0.5, 1.0, 0.99], rows=rows, total=total)
        never = {"early": 50.0, "middle": 50.0, "late": 50.0}
        assert not p.Prophet(**never).finish(seen)
        assert p.Prophet(**(never | {name: gap[0] - 0.01})).finish(seen)
        assert not p.Prophet(**(never | {name: gap[0] + 0.01})).finish(seen)


def test_prophet_watches_the_answer():
    rows = np.array([[0.5, 0.5, 0, 0], [0.999, 0.001, 0, 0]])
    seen = view([0.5, 0.999], rows=rows)
    assert p.Prophet(early=5.0, answer_start=1, width=1).finish(seen)
    assert not p.Prophet(early=5.0).finish(seen)


def test_ete_exploits_and_explores():
    seen = view([0.95, 0.6, 0.55, 0.3, 0.92], entropy=[0.1, 0.9, 1.1, 2.0, 0.2])
    assert p.ETE().select(seen).tolist() == [True, False, True, False, True], "0.3 is below the floor"
    assert p.ETE(explore=2).select(seen).tolist() == [True, True, True, False, True]
    assert p.ETE().select(view([0.2, 0.3], entropy=[1.0, 1.0])).tolist() == [False, True], "the best anyway"


@given(steps=st.integers(1, 6), slots=st.integers(1, 12), seed=st.integers(0, 100))
@settings(max_examples=60)
def test_first_hitting_commits_uniformly_and_ends(steps, slots, seed):
    one = p.FirstHitting().start(canvas(slots, seed))
    assert one.select(view([0.5] * slots)).sum() == 1
    grid, left, step = p.FirstHitting(steps).start(canvas(slots, seed)), slots, 0
    while left:
        left -= int(grid.select(view([0.5] * left, step=step, window=slots, size=slots, slots=range(left))).sum())
        step += 1
    assert step <= min(slots, steps), "no more forwards than cells"


def test_hits_of_a_linear_schedule_are_spread_evenly_over_the_cells():
    """Every mask is hit in each of four equal cells with probability a quarter, so a forward takes more than one."""
    counts = []
    for seed in range(400):
        rule, left, step = p.FirstHitting(4).start(canvas(16, seed)), 16, 0
        while left:
            took = int(rule.select(view([0.5] * left, step=step, window=16, size=16, slots=range(left))).sum())
            counts.append((step, took))
            left, step = left - took, step + 1
    first = [took for step, took in counts if step == 0]
    assert abs(np.mean(first) - 4) < 0.35, "binomial(16, 1/4), empty cells being rare"


def test_random_order_is_uniform():
    counts = np.zeros(4)
    rule = p.RandomOrder().start(canvas(seed=3))
    for _ in range(2000):
        counts += rule.select(view([0.9, 0.1, 0.5, 0.2]))
    assert counts.sum() == 2000
    assert np.abs(counts / 2000 - 0.25).max() < 0.05


def test_the_filter_is_two_layers_over_the_neighbourhood(tmp_path):
    features = features_of(np.array([0.3, 0.6, 0.9]), np.array([True, False, True]), np.array([0, 2]))
    assert features.shape == (2, FEATURES)
    assert features[0, RADIUS : RADIUS + 3].tolist() == pytest.approx([0.3, 1.0, 0.9])
    assert features[1, RADIUS - 2 : RADIUS + 2].tolist() == pytest.approx([0.3, 1.0, 0.9, 0.0])
    fixed = 2 * RADIUS + 1 + RADIUS
    assert features[0, fixed : fixed + 3].tolist() == [0.0, 1.0, 0.0]
    hidden = np.zeros((FEATURES, 1), np.float32)
    hidden[RADIUS] = 1.0
    own = Filter(hidden, np.zeros(1, np.float32), np.full(1, 10, np.float32), np.full(1, -5, np.float32))
    assert own.final(features) == pytest.approx([1 / (1 + math.exp(5 - 3)), 1 / (1 + math.exp(5 - 9))], rel=1e-5)
    own.save(tmp_path / "own.npz")
    chosen = p.Learned(str(tmp_path / "own.npz"), threshold=0.9).select(view([0.3, 0.9], slots=[0, 2], size=3))
    assert chosen.tolist() == [False, True]
    with pytest.raises(InputError, match="filter"):
        p.Learned(str(tmp_path / "none.npz"))


def test_guided_adds_what_the_helper_agrees_to():
    """Agreement of slots 1, 2 and 5; the policy alone takes the best of the slots in sight."""
    asked = []

    def agreement(prompt, draft):
        asked.append((prompt, draft.tolist()))
        return np.isin(np.arange(6), [1, 2, 5])

    policy = Guided(p.LowConfidence(scores="model"), agreement)
    assert (policy.scores, policy.revises, policy.needs_entropy) == ("model", False, False)
    rule = policy.start(Canvas(6, 6, np.random.default_rng(0), (7, 8)))
    seen = view([0.2, 0.3, 0.9], slots=[0, 1, 3], size=6, draft=[1, 2, 3, 1, 2, 3])
    assert rule.select(seen).tolist() == [False, True, True]
    assert rule.select(seen).tolist() == [False, True, True]
    assert asked == [((7, 8), [1, 2, 3, 1, 2, 3])], "once for each completion"


@pytest.mark.parametrize("kind", [p.KLASS, p.WINO, p.RhoEOS, p.FreeDave, p.EOSER, p.Editing, p.FirstHitting])
def test_guided_hands_every_question_on(kind):
    policy = Guided(kind(), lambda prompt, draft: np.zeros(len(draft), dtype=bool))
    for name in ("needs_entropy", "needs_margin", "random", "revises", "scores"):
        assert getattr(policy, name) == getattr(kind(), name)
    assert policy.first_slots(64, 3) == kind().first_slots(64, 3)
    alone, beside = kind().start(canvas()), policy.start(canvas())
    assert beside.look_ahead == alone.look_ahead
    seen = view([0.95, 0.5, 0.2], rows=np.tile([0.4, 0.3, 0.2, 0.1], (3, 1)))
    assert beside.select(seen).tolist() == alone.select(seen).tolist()
    assert beside.resize(seen) == alone.resize(seen)
    assert beside.finish(seen) == alone.finish(seen)
    own = written([0.9, 0.5], verified=[0.1, 0.95])
    assert beside.retract(seen, own).tolist() == alone.retract(seen, own).tolist()
    assert beside.edit(seen.scores, own).tolist() == alone.edit(seen.scores, own).tolist()
    assert [mask.tolist() for mask in beside.shadows(own)] == [mask.tolist() for mask in alone.shadows(own)]


def test_a_draft_keeps_what_a_valid_completion_shares_with_it():
    """Of ``[1,2`` in six slots, two of them the end, the grammar lets all stand but the comma's neighbours move."""
    vocabulary = lw.Vocabulary([b"", b"", b"[", b"]", b",", b"1", b"2"], {0: "mask", 1: "eos"})
    constraint = lw.compile(lw.regex(r"\[(1(,[12])*)?\]"), vocabulary)
    free = np.ones(6, dtype=bool)
    is_end = np.arange(7) == 1
    draft, slots = Start(np.array([2, 5, 4, 6, -1, -1])).shared(constraint.session(~free * 1, free), free, is_end)
    assert slots.tolist() == [0, 1, 2, 3]
    assert constraint.accepts(vocabulary.decode(draft[draft != 1]))
    draft, slots = Start(np.array([2, 6, 4, 6, 3, 1])).shared(constraint.session(~free * 1, free), free, is_end)
    assert slots.tolist() == [0, 2, 3, 4], "a first 2 is not in the language, and the end is left open"


def test_every_slot_of_a_draft_is_masked_in_one_canvas():
    masks = Interleaved().shadows(written([1.0] * 5))
    assert np.sum(masks, axis=0).tolist() == [1] * 5
