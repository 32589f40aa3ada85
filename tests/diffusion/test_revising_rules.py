"""Rules that take commits back or change the length, against their formulas, on scores made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from views import END, canvas, view, written

from latticework.diffusion import policies as p
from latticework.diffusion.policies.contract import Resize
from latticework.errors import InputError

UNIT = st.floats(0.001, 1, allow_subnormal=False)


@given(masks=st.integers(1, 12), steps=st.integers(1, 12), seed=st.integers(0, 99))
def test_rcr_keeps_as_many_as_the_schedule_and_the_weakest_go(masks, steps, seed):
    quotas = [masks // steps + (i < masks % steps) for i in range(steps)]
    rule, rng, confidence = p.RCR(steps).start(canvas(masks)), np.random.default_rng(seed), {}
    free = list(range(masks))
    for step in range(steps):
        if not free:
            break
        seen = view(rng.random(len(free)), step=step, window=masks, size=masks, slots=free)
        assert rule.select(seen).all(), "everything is written"
        confidence.update(zip(free, seen.confidence.tolist(), strict=True))
        held = [confidence[slot] for slot in range(masks)]
        back = rule.retract(seen, written(held, fresh=np.isin(range(masks), free)))
        assert back.sum() == sum(quotas[step + 1 :])
        assert not back.any() or max(np.array(held)[back]) <= min([1, *np.array(held)[~back]])
        free = np.flatnonzero(back).tolist()
    assert not free


@given(
    schedule=st.sampled_from(["cap", "rescale"]),
    eta=st.floats(0, 1),
    steps=st.integers(2, 20),
    step=st.integers(0, 19),
)
def test_remdm_keeps_the_marginals_of_the_forward_process(schedule, eta, steps, step):
    """A slot is a mask with probability 1 - alpha_t before the step; after it with 1 - alpha_s."""
    step = min(step, steps - 1)
    alpha_t, alpha_s = step / steps, (step + 1) / steps
    policy = p.ReMDM(steps, schedule, eta)
    sigma, write = policy.sigma(alpha_t, alpha_s), policy.write_probability(alpha_t, alpha_s)
    assert alpha_t * sigma + (1 - alpha_t) * (1 - write) == pytest.approx(1 - alpha_s, abs=1e-9)
    largest = 1.0 if alpha_t == 0 else min(1.0, (1 - alpha_s) / alpha_t)
    assert sigma == (min(eta, largest) if schedule == "cap" else eta * largest)


def test_remdm_by_confidence_shares_sigma_out_by_softmax_of_minus_confidence():
    rule = p.ReMDM(steps=10, schedule="conf").start(canvas(seed=4))
    seen = view([0.5], step=5, window=10, size=10, slots=[9])
    held = written([0.1, 0.9, 0.5], fresh=[False, False, False])
    counts = np.mean([rule.retract(seen, held) for _ in range(4000)], axis=0)
    weight = np.exp([-0.1, -0.9, -0.5])
    assert np.abs(counts - (0.4 / 0.5) * weight / weight.sum()).max() < 0.03
    fresh = written([0.1, 0.9, 0.5], fresh=[True, True, True])
    assert not any(rule.retract(seen, fresh).any() for _ in range(50)), "what this step wrote stays"


def test_remdm_writes_everything_on_the_last_step():
    rule = p.ReMDM(steps=4).start(canvas())
    assert rule.select(view([0.1, 0.2], step=3, window=4, size=4, slots=[0, 1])).all()
    assert not rule.retract(view([0.1], step=3, window=4, size=4, slots=[0]), written([0.5] * 3)).any()


@given(confidence=st.lists(UNIT, min_size=1, max_size=30, unique=True))
def test_wino_accepts_widely_within_its_limit(confidence):
    chosen = p.WINO().select(view(confidence))
    most = int(min(max(0.7 * len(confidence), 5), 20))
    expected = min(sum(c > 0.6 for c in confidence), most)
    assert chosen.sum() == max(1, expected)


def test_wino_takes_back_the_refuted_but_fewer_than_it_accepted_before():
    rule = p.WINO().start(canvas())
    held = written([0.7] * 5, fresh=[False, False, False, True, True], verified=[0.95, 0.2, 0.5, np.nan, np.nan])
    assert rule.retract(view([0.7]), held).tolist() == [False, True, True, False, False], "30 - 1 may go at first"
    assert rule.retract(view([0.7]), held).tolist() == [False, True, False, False, False], "2 - 1 afterwards"
    one = written([0.7] * 3, fresh=[False, False, True], verified=[0.1, 0.1, np.nan])
    assert not rule.retract(view([0.7]), one).any(), "just one was accepted"


def test_wino_masks_each_written_slot_in_one_shadow():
    rule = p.WINO(canvases=3).start(canvas())
    shadows = rule.shadows(written([0.7] * 7))
    assert len(shadows) == 3
    assert np.sum(shadows, axis=0).tolist() == [1] * 7
    assert len(rule.shadows(written([0.7]))) == 1


def test_saber_follows_the_mean_and_takes_back_the_largest_drop():
    rule = p.Saber(least=2).start(canvas())
    even = np.full((12, 4), 0.25)
    first = rule.select(view([0.9, 0.8, 0.1, 0.2], size=12, rows=even))
    assert first.tolist() == [True, True, False, False], "nothing written: threshold 1, so the best two"
    rows = even.copy()
    rows[:2] = [[0.9, 0.1, 0, 0], [0.8, 0.2, 0, 0]]
    assert not rule.retract(view([0.5], size=12, rows=rows), written([0.9, 0.8], fresh=[True, True])).any()
    chosen = rule.select(view([0.86, 0.87, 0.84], size=12, slots=[2, 3, 4], rows=rows))
    assert chosen.tolist() == [True, True, False], "above the mean of 0.9 and 0.8"
    rows[:2] = [[0.85, 0.15, 0, 0], [0.5, 0.5, 0, 0]]
    held = written([0.9, 0.8, 0.86, 0.87], fresh=[False, False, True, True])
    back = rule.retract(view([0.5], size=12, rows=rows), held)
    assert back.tolist() == [False, True, False, False], "r = min(max(1, ceil(2 / 8)), 2 - 1) = 1"
    alone = written([0.9, 0.8], fresh=[False, True])
    assert not rule.retract(view([0.5], size=12, rows=even), alone).any(), "k - 1 = 0"


def test_editing_asks_anew_where_the_row_prefers_another_token():
    rows = np.array([[0.1, 0.9, 0, 0], [0.1, 0.2, 0.7, 0], [0.1, 0.4, 0.5, 0], [0.1, 0.3, 0.6, 0]])
    seen = view([0.5] * 4, rows=rows)
    chosen = p.Editing().edit(seen.whole.model, written([0.9] * 4))
    assert chosen.tolist() == [False, True, False, True], "0.5 is not above 0.5"


@pytest.mark.parametrize(
    ("rho", "change"),
    [(0.5, 0), (0.4, 0), (0.6, 0), (0.35, 8), (0.25, 16), (0.15, 32), (0.01, 64), (0.65, -8), (0.95, -64)],
)
def test_rho_eos_doubles_its_change_by_the_tenth(rho, change):
    assert p.RhoEOS().change(rho) == change


def test_rho_eos_counts_ends_of_the_completion_or_of_the_model():
    rows = np.full((4, 4), [0.1, 0.7, 0.1, 0.1])
    rows[3] = [0.7, 0.1, 0.1, 0.1]
    seen = view([0.5] * 4, draft=[1, 1, END, END], rows=rows, limit=100)
    assert p.RhoEOS().resize(seen) is None, "2 of 4"
    assert p.RhoEOS(scores="model").resize(seen) == Resize(16), "1 of 4: 0.15 below the range"
    assert p.RhoEOS(scores="model").resize(view([0.5] * 4, rows=rows, limit=10)) == Resize(6), "not beyond the limit"
    assert p.RhoEOS().first_slots(500, 10) == 64
    assert p.RhoEOS().first_slots(500, 100) == 100
    with pytest.raises(InputError):
        p.RhoEOS(low=0.7)


def test_daedal_divides_by_its_window_whatever_the_number():
    policy = p.DAEDAL(end_window=4)
    assert policy.end_confidence(np.array([True, False, True, True]), np.array([0.1, 0.9, 0.8, 0.6])) == pytest.approx(
        (0.1 + 0.8 + 0.6) / 4
    )
    many = policy.end_confidence(np.ones(6, bool), np.array([0.9, 0.9, 0.1, 0.2, 0.3, 0.4]))
    assert many == pytest.approx(0.25), "the last four"


def test_daedal_grows_first_and_where_the_model_is_lost_later():
    policy = p.DAEDAL(end_window=2, growth=4, start_slots=4)
    rule = policy.start(canvas())
    short = view([0.5, 0.5, 0.05, 0.5], draft=[1, 1, 1, 1], limit=10)
    assert not rule.select(short).any()
    assert rule.resize(short) == Resize(4)
    full = view([0.5] * 10, draft=[1] * 10, limit=10)
    assert rule.select(full).sum() == 1, "no room: decoding starts"
    rule = policy.start(canvas())
    ends = view([0.95, 0.05, 0.6, 0.6], draft=[1, 1, END, END], limit=10)
    assert rule.select(ends).tolist() == [True, False, False, False], "0.6 is enough to start, 0.95 is committed"
    assert rule.resize(ends) == Resize(3, 1), "slot 1 becomes four masks: 0.6 < 0.9"
    sure = view([0.95, 0.05, 0.95, 0.95], draft=[1, 1, END, END], limit=10)
    rule.select(sure)
    assert rule.resize(sure) is None, "the end is settled"


def test_thresholds_of_revising_rules_are_checked():
    for make in (
        lambda: p.WINO(accept=2.0),
        lambda: p.ReMDM(schedule="loop"),
        lambda: p.ReMDM(eta=math.nan),
        lambda: p.Saber(0),
        lambda: p.DAEDAL(growth=1),
    ):
        with pytest.raises(InputError):
            make()
