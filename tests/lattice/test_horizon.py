"""Slots whose logits are no evidence, against the list of all fillings of a canvas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle import Case, log_softmax, log_sum, random_case

import latticework as lw
from latticework.errors import InputError
from latticework.lattice.constraint import Constraint
from latticework.lattice.session import Session

_SLACK = 2e-3  # nats: what slots behind may change the score of the best filling by


def cases(seed: int, count: int):
    """Feasible canvases and a slot at which evidence ends."""
    rng = np.random.default_rng(seed)
    while count:
        case = random_case(rng)
        if not len(case.fillings):
            continue
        count -= 1
        yield case, int(rng.integers(0, len(case.tokens) + 1)), rng


def opened(constraint: object, slots: int) -> Session:
    assert isinstance(constraint, Constraint)
    return constraint.session([0] * slots, [True] * slots)


def listed(case: Case, logits: np.ndarray, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Every front that can be completed, once, [M, stop], and its log-probability under the rows."""
    fronts = np.unique(case.fillings[:, :stop], axis=0)
    here = np.flatnonzero(case.free[:stop])
    return fronts, log_softmax(logits)[here, fronts[:, here]].sum(axis=1)


@pytest.mark.parametrize("scale", [2.0, 60.0])
def test_the_front_is_answered_as_if_all_its_completions_were_one(scale: float) -> None:
    merged = 0
    for case, stop, rng in cases(11, 160):
        logits = (scale * rng.standard_normal((len(case.tokens), len(case.constraint.vocabulary)))).astype(np.float32)
        session = case.session()
        found = session.propose(logits, entropy=True, stop=stop)
        fronts, scores = listed(case, logits, stop)
        merged += len(np.unique(case.fillings, axis=0)) > len(fronts)

        assert (case.fillings == found.tokens).all(axis=1).any()
        mine = np.flatnonzero((fronts == found.tokens[:stop]).all(axis=1))
        assert scores[mine[0]] >= scores.max() - _SLACK
        assert found.log_z == pytest.approx(log_sum(scores), abs=1e-3)

        marginal = np.zeros((stop, logits.shape[1]))
        for front, weight in zip(fronts, np.exp(scores - log_sum(scores)), strict=True):
            marginal[np.arange(stop), front] += weight
        np.testing.assert_allclose(found.confidence[:stop], marginal[np.arange(stop), found.tokens[:stop]], atol=2e-4)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = -np.nansum(marginal * np.log(marginal), axis=1)
        np.testing.assert_allclose(found.entropy[:stop], spread, atol=2e-3)  # pyright: ignore[reportOptionalSubscript]

        rows = np.exp(np.asarray(session.marginals(logits, stop)))
        np.testing.assert_allclose(rows[:stop], marginal, atol=2e-4)
        behind = stop + np.flatnonzero(case.free[stop:])
        own = np.exp(log_softmax(logits))[behind]
        np.testing.assert_allclose(rows[behind], np.where(session.admissible()[behind], own, 0), atol=2e-4)
        np.testing.assert_allclose(found.confidence[behind], rows[behind, found.tokens[behind]], atol=2e-4)
    assert merged > 40


def test_the_rest_goes_on_as_well_as_it_can() -> None:
    for case, stop, rng in cases(12, 120):
        logits = rng.standard_normal((len(case.tokens), len(case.constraint.vocabulary))).astype(np.float32)
        for heat in (0.0, 0.7):
            found = case.session().propose(logits, heat, 3, stop=stop).tokens
            rest = case.fillings[(case.fillings[:, :stop] == found[:stop]).all(axis=1)]
            behind = stop + np.flatnonzero(case.free[stop:])
            scores = log_softmax(logits)[behind, rest[:, behind]].sum(axis=1)
            assert log_softmax(logits)[behind, found[behind]].sum() >= scores.max() - 1e-2


def test_samples_of_the_front_have_its_distribution() -> None:
    constraint = lw.compile(lw.regex("a(b|c{3})|bc|c(a|b)*"), lw.Vocabulary([b"a", b"b", b"c", b""], {3: "eos"}))
    logits = np.log(np.array([[5, 3, 2, 0.1], [1, 4, 2, 1], [1, 1, 1, 9], [1, 1, 1, 9]], np.float64))
    fronts: dict[tuple[int, int], float] = {}
    for first, second in ((0, 1), (0, 2), (1, 2), (2, 0), (2, 1), (2, 3)):
        p = np.exp(log_softmax(logits))
        fronts[first, second] = p[0, first] * p[1, second]
    session, rng = opened(constraint, 4), np.random.default_rng(5)
    drawn = [tuple(session.propose(logits, 1.0, rng, stop=2).tokens[:2].tolist()) for _ in range(4000)]
    for front, weight in fronts.items():
        assert drawn.count(front) / len(drawn) == pytest.approx(weight / sum(fronts.values()), abs=0.03)


def test_evidence_to_the_end_changes_nothing() -> None:
    for case, _, rng in cases(13, 40):
        slots = len(case.tokens)
        logits = torch.from_numpy(rng.standard_normal((slots, len(case.constraint.vocabulary))))
        for heat in (0.0, 1.0):
            plain = case.session().propose(logits, heat, 1, entropy=True)
            same = case.session().propose(logits, heat, 1, entropy=True, stop=slots + 5)
            np.testing.assert_array_equal(plain.tokens, same.tokens)
            np.testing.assert_array_equal(plain.confidence, same.confidence)
            np.testing.assert_array_equal(plain.entropy, same.entropy)
            assert plain.log_z == same.log_z


def test_a_long_tail_outweighs_the_right_front_until_it_is_no_evidence() -> None:
    """The model is sure of the closing quote, and behind it its rows are letters only, out of step."""
    letters, quote, comma, end = [0, 1], 2, 3, 4
    constraint = lw.compile(
        lw.regex('"[ab]{1,20}"(,"[ab]{1,20}")*'), lw.Vocabulary([b"a", b"b", b'"', b",", b""], {end: "eos"})
    )
    right = [quote, 0, 1, quote, comma, quote, 0, 1, quote]
    slots = 16
    logits = np.full((slots, 5), -8.0, np.float32)
    logits[np.arange(4), right[:4]] = 2.0
    logits[4:-1, letters] = 2.0
    logits[-1, quote] = 2.0
    session = opened(constraint, slots)
    believed = session.propose(logits)
    assert believed.tokens[3] in letters
    assert believed.confidence[3] > 0.49  # either letter
    cured = session.propose(logits, stop=4)
    assert cured.tokens[:4].tolist() == right[:4]
    assert cured.confidence[3] > 0.99


def test_evidence_ends_inside_or_behind_the_canvas() -> None:
    session = opened(lw.compile(lw.regex("a+"), lw.Vocabulary([b"a"])), 2)
    with pytest.raises(InputError, match="stop"):
        session.propose(np.zeros((2, 1), np.float32), stop=-1)
