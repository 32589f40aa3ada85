"""Every answer of a session against the list of all valid fillings, on thousands of tiny canvases."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import Case, fewest_tokens, log_sum, most_tokens, random_case, scores_of

from latticework.errors import Infeasible

CASES = 300
SCALES = ["plain", "peaked", "huge", "equal", "holes"]


def logits_for(case: Case, rng: np.random.Generator, kind: str) -> np.ndarray:
    shape = (len(case.tokens), len(case.constraint.vocabulary))
    values = rng.standard_normal(shape)
    if kind == "holes":
        values[rng.random(shape) < 0.4] = -np.inf
        values[:, 0] = 0.0
        return values.astype(np.float32)
    factor = {"plain": 2.0, "peaked": 30.0, "huge": 1e4, "equal": 0.0}[kind]
    return (values * factor).astype(np.float32)


@pytest.mark.parametrize("seed", range(8))
def test_every_answer_agrees_with_all_fillings(seed):
    rng = np.random.default_rng(seed)
    feasible = 0
    for number in range(CASES):
        case = random_case(rng)
        if not len(case.fillings):
            with pytest.raises(Infeasible) as caught:
                case.session()
            check_blame(case, caught.value)
            continue
        feasible += 1
        check_sets(case)
        check_scores(case, logits_for(case, rng, SCALES[number % len(SCALES)]))
    assert feasible > CASES // 4


def check_sets(case: Case) -> None:
    session = case.session()
    admissible = np.zeros((len(case.tokens), len(case.constraint.vocabulary)), bool)
    admissible[np.arange(len(case.tokens))[None, :], case.fillings] = True
    assert session.feasible()
    assert (session.admissible() == admissible).all()
    forced = {int(i): int(admissible[i].argmax()) for i in np.flatnonzero(case.free) if admissible[i].sum() == 1}
    assert session.forced() == forced
    ends = np.isin(np.arange(admissible.shape[1]), case.constraint.vocabulary.end_tokens)
    assert session.only_ends() == (not admissible[case.free][:, ~ends].any())


def check_scores(case: Case, logits: np.ndarray) -> None:
    session = case.session()
    scores = scores_of(case, logits)
    fillings = {tuple(filling): score for filling, score in zip(case.fillings.tolist(), scores, strict=True)}
    tolerance = {"rel": 2e-5, "abs": 2e-4}

    path = session.best(logits)
    assert fillings[tuple(path.tokens.tolist())] == pytest.approx(scores.max(), **tolerance)
    assert path.log_prob == pytest.approx(fillings[tuple(path.tokens.tolist())], **tolerance)

    total = log_sum(scores)
    assert session.log_z(logits) == pytest.approx(total, **tolerance)

    expected = np.zeros(logits.shape)
    slots = np.broadcast_to(np.arange(len(case.tokens)), case.fillings.shape)
    np.add.at(expected, (slots, case.fillings), np.exp(scores - total)[:, None])
    found = np.exp(session.marginals(logits).astype(np.float64))
    spread = max(1.0, np.abs(scores).max())
    np.testing.assert_allclose(found, expected, atol=2e-6 * spread)
    assert ((found > 0) <= session.admissible()).all()

    proposal = session.propose(logits, entropy=True)
    assert fillings[tuple(proposal.tokens.tolist())] == pytest.approx(scores.max(), **tolerance)
    own = expected[np.arange(len(case.tokens)), proposal.tokens]
    np.testing.assert_allclose(proposal.confidence, np.where(case.free, own, 1.0), atol=2e-6 * spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(expected > 0, expected * np.log(expected), 0).sum(axis=1)
    np.testing.assert_allclose(proposal.entropy, np.where(case.free, entropy, 0.0), atol=1e-4 * spread)
    ends = case.constraint.vocabulary.end_tokens
    assert (proposal.tail == np.isin(proposal.tokens, ends)).all()

    sampled = session.sample(logits, generator=3, temperature=0.7)
    assert tuple(sampled.tokens.tolist()) in fillings
    assert (session.sample(logits, generator=3, temperature=0.7).tokens == sampled.tokens).all()


def check_blame(case: Case, error: Infeasible) -> None:
    """A slot is named exactly when the free canvas is feasible; fixing up to it is the first impossibility."""
    everything_free = np.ones(len(case.tokens), bool)
    if error.slot is None:
        with pytest.raises(Infeasible):
            case.constraint.session(case.tokens, everything_free, case.tail)
        least = fewest_tokens(case.constraint, 40)
        if least is None:
            assert error.needed is None
        else:
            assert error.needed == least == case.constraint.min_tokens
            assert least > len(case.tokens) or not (case.tail and len(case.constraint.vocabulary.end_tokens))
        return
    assert not case.free[error.slot]
    until = case.free | (np.arange(len(case.tokens)) >= error.slot)
    assert case.constraint.session(case.tokens, until, case.tail).feasible()
    until[error.slot] = False
    with pytest.raises(Infeasible):
        case.constraint.session(case.tokens, until, case.tail)


def test_most_tokens_agree_with_a_search_over_configurations():
    rng = np.random.default_rng(101)
    bounded, unbounded = 0, 0
    for _ in range(200):
        constraint = random_case(rng).constraint
        most = most_tokens(constraint, 50)
        if most is None:
            with pytest.raises(Infeasible):
                constraint.most_tokens(12)
        else:
            bounded += most <= 12
            unbounded += most > 12
            assert constraint.most_tokens(12) == (most if most <= 12 else None)
    assert min(bounded, unbounded) > 20


def test_fewest_tokens_agree_with_a_search_over_configurations():
    rng = np.random.default_rng(100)
    known = 0
    for _ in range(300):
        constraint = random_case(rng).constraint
        least = fewest_tokens(constraint, 60)
        if least is None:
            with pytest.raises(Infeasible):
                _ = constraint.min_tokens
        else:
            known += 1
            assert constraint.min_tokens == least
    assert known > 100
