"""Sums over long canvases with counters: ranges far beyond a float64 within one state."""

from __future__ import annotations

import numpy as np
import pytest

from latticework.automata.build import build_automaton
from latticework.grammar import ir
from latticework.lattice import sums
from latticework.lattice.constraint import Constraint
from latticework.tokens.lifting import lift
from latticework.tokens.vocabulary import Vocabulary

A, B, AA, COMMA, END = range(5)
VOCABULARY = Vocabulary([b"a", b"b", b"aa", b",", b""], {END: "eos"})


def constraint(low: int, high: int) -> Constraint:
    """low..high letters, a comma, up to 9 times up to 7 letters and a comma."""
    letter = ir.Alt((ir.Literal(b"a"), ir.Literal(b"b")))
    comma = ir.Literal(b",")
    item = ir.Seq((ir.Repeat(letter, 0, 7), comma))
    automaton = build_automaton(ir.Seq((ir.Repeat(letter, low, high), comma, ir.Repeat(item, 0, 9))))
    return Constraint(VOCABULARY, lift(automaton, VOCABULARY))


def exact_log_z(language: Constraint, logits: np.ndarray) -> float:
    """log Z by adding up logarithms over (slot, configuration), token by token."""
    from latticework.automata import run

    automaton = language.automaton
    scores = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    layer = {run.START: 0.0}
    for row in scores:
        reached: dict = {}
        for at, value in layer.items():
            for token in range(len(VOCABULARY)):
                after = at
                if token == END:
                    after = None if at is None or run.is_accepting(automaton, at) else "stuck"
                else:
                    for byte in VOCABULARY.bytes(token):
                        after = run.step(automaton, after, byte) if after not in (None, "stuck") else "stuck"
                        after = "stuck" if after is None else after
                if after != "stuck":
                    reached[after] = np.logaddexp(reached.get(after, -np.inf), value + row[token])
        layer = reached
    return float(np.logaddexp.reduce([v for at, v in layer.items() if at is None or run.is_accepting(automaton, at)]))


@pytest.mark.parametrize("end_gap", [0.0, 5.0, 40.0, 70.0, 300.0])
def test_dear_ends_make_counts_span_more_than_a_float(end_gap):
    """Filling slots with single letters saves end tokens: the counts of one state differ by thousands of nats."""
    letter = ir.Alt((ir.Literal(b"a"), ir.Literal(b"b")))
    automaton = build_automaton(ir.Seq((ir.Repeat(letter, 0, 40), ir.Literal(b","))))
    language = Constraint(VOCABULARY, lift(automaton, VOCABULARY))
    logits = np.random.default_rng(0).standard_normal((60, 5)).astype(np.float32)
    logits[:, END] -= end_gap
    session = language.session(np.zeros(60), np.ones(60, bool))
    assert session.log_z(logits) == pytest.approx(exact_log_z(language, logits.astype(np.float64)), rel=1e-6)
    found = np.exp(session.marginals(logits).astype(np.float64))
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_linear_and_logarithmic_sums_agree(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    language = constraint(int(rng.integers(0, 5)), int(rng.integers(20, 60)))
    scale = [1.0, 10.0, 40.0][seed % 3]
    logits = (scale * rng.standard_normal((70, 5))).astype(np.float32)
    session = language.session(np.zeros(70), np.ones(70, bool))
    half = session.best(logits).tokens
    session.commit({int(i): int(half[i]) for i in rng.permutation(70)[: int(rng.integers(0, 40))]})
    first = session.propose(logits, entropy=True)
    marginals = session.marginals(logits)
    # Posteriors are never below this, so the logarithmic kernels take over.
    monkeypatch.setattr(sums, "TOLERANCE", -1.0)
    monkeypatch.setattr(sums.kernels, "sum_values", lambda *arguments, f=sums.kernels.sum_values: f(*arguments) or True)
    again = session.propose(logits, entropy=True)
    assert again.log_z == pytest.approx(first.log_z, rel=1e-6)
    np.testing.assert_allclose(again.confidence, first.confidence, atol=1e-6)
    np.testing.assert_allclose(again.entropy, first.entropy, atol=1e-5)
    probable = marginals > -300
    np.testing.assert_allclose(session.marginals(logits)[probable], marginals[probable], rtol=1e-4, atol=1e-4)


def test_lazy_counters_find_the_best_of_long_canvases(monkeypatch):
    from latticework.lattice import best

    rng = np.random.default_rng(5)
    rounds = []
    search = best.BestSearch._solve
    monkeypatch.setattr(best.BestSearch, "_solve", lambda *arguments: rounds.append(1) or search(*arguments))
    for low, high in [(0, 12), (6, 9), (30, 34), (0, 50)] * 4:
        language = constraint(low, high)
        logits = (3 * rng.standard_normal((64, 5))).astype(np.float32)
        scores = []
        for small_work in (-1, 1 << 60):
            monkeypatch.setattr(best, "_SMALL_WORK", small_work)
            path = language.session(np.zeros(64), np.ones(64, bool)).best(logits)
            assert language.accepts(VOCABULARY.decode(path.tokens))
            scores.append(path.log_prob)
        assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    assert len(rounds) > 32
