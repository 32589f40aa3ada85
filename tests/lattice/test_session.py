"""Sessions over time: commits, retracts, witnesses, refusals, kinds of logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle import Case, log_sum, random_case, scores_of, valid_fillings

from latticework.errors import Infeasible, InputError
from latticework.lattice.constraint import Constraint
from latticework.tokens.lifting import lift
from latticework.tokens.vocabulary import Vocabulary


def feasible_cases(seed: int, count: int, least: int = 1):
    """Cases with at least ``least`` valid fillings."""
    rng = np.random.default_rng(seed)
    while count:
        case = random_case(rng)
        if len(case.fillings) >= least:
            count -= 1
            yield case, rng


def logits_of(case: Case, rng: np.random.Generator) -> np.ndarray:
    return (2 * rng.standard_normal((len(case.tokens), len(case.constraint.vocabulary)))).astype(np.float32)


def agreeing(case: Case, session) -> np.ndarray:
    """Fillings of the canvas as the session has it now, listed anew."""
    return valid_fillings(case.constraint, session.tokens, session.free, case.tail)


def admissible_of(case: Case, fillings: np.ndarray) -> np.ndarray:
    allowed = np.zeros((len(case.tokens), len(case.constraint.vocabulary)), bool)
    allowed[np.arange(len(case.tokens))[None, :], fillings] = True
    return allowed


def test_any_sequence_of_commits_and_retracts_answers_like_a_new_canvas():
    refused = 0
    for case, rng in feasible_cases(1, 150):
        session = case.session()
        for _ in range(8):
            slots = rng.permutation(len(case.tokens))[: rng.integers(1, 3)]
            if rng.random() < 0.4:
                session.retract(slots)
            else:
                wanted = {int(i): int(rng.integers(len(case.constraint.vocabulary))) for i in slots if session.free[i]}
                if rng.random() < 0.5 and wanted:
                    filling = agreeing(case, session)[0]
                    wanted = {i: int(filling[i]) for i in wanted}
                before = session.tokens, session.free
                changed = session.tokens
                changed[list(wanted)] = list(wanted.values())
                still_free = session.free
                still_free[list(wanted)] = False
                possible = len(valid_fillings(case.constraint, changed, still_free, case.tail)) > 0
                if possible:
                    session.commit(wanted)
                else:
                    refused += 1
                    with pytest.raises(Infeasible) as caught:
                        session.commit(wanted)
                    assert caught.value.slot in wanted
                    assert (session.tokens == before[0]).all()
                    assert (session.free == before[1]).all()
            assert (session.admissible() == admissible_of(case, agreeing(case, session))).all()
            logits = logits_of(case, rng)
            anew = case.constraint.session(session.tokens, session.free, case.tail).propose(logits, entropy=True)
            found = session.propose(logits, entropy=True)
            assert found.log_prob == pytest.approx(anew.log_prob, abs=1e-4)
            assert found.log_z == pytest.approx(anew.log_z, abs=1e-9)
            np.testing.assert_allclose(found.entropy, anew.entropy, atol=1e-9)
    assert refused > 50


def test_any_part_of_a_proposal_can_be_committed_and_the_rest_stays_valid():
    for case, rng in feasible_cases(2, 80):
        session = case.session()
        logits = logits_of(case, rng)
        while session.free.any():
            temperature = float(rng.choice([0.0, 1.0, 0.5]))
            proposal = session.propose(logits, temperature=temperature, generator=rng)
            slots = rng.permutation(np.flatnonzero(session.free))
            half = slots[: max(1, len(slots) // 2)]
            session.commit({int(i): int(proposal.tokens[i]) for i in half})
            rest = {int(i): int(proposal.tokens[i]) for i in np.flatnonzero(session.free)}
            if rest and rng.random() < 0.3:
                session.commit(rest)
        assert len(agreeing(case, session)) == 1
        assert session.best(logits).log_prob == pytest.approx(0.0)
        assert session.log_z(logits) == pytest.approx(0.0)


def test_a_commit_from_a_path_is_not_checked_and_other_commits_are(monkeypatch):
    for case, rng in feasible_cases(3, 20, least=2):
        session = case.session()
        path = session.best(logits_of(case, rng))
        checks: list[int] = []
        note = checks.append
        monkeypatch.setattr(type(session._sets), "feasible", property(lambda sets, note=note: note(1) or True))
        free = [int(i) for i in np.flatnonzero(session.free)]
        session.commit({free[0]: int(path.tokens[free[0]])})
        assert not checks
        session._witnesses.clear()
        session.commit({i: int(path.tokens[i]) for i in free})
        assert checks
        monkeypatch.undo()


@pytest.mark.parametrize("temperature", [1.0, 0.6, 3.0])
def test_samples_follow_the_exact_distribution(temperature):
    draws = 1500
    for case, rng in feasible_cases(int(temperature * 10), 3, least=3):
        logits = logits_of(case, rng)
        scores = scores_of(case, logits / temperature)
        expected = np.exp(scores - log_sum(scores)) * draws
        session = case.session()
        found = dict.fromkeys(map(tuple, case.fillings.tolist()), 0)
        for _ in range(draws):
            found[tuple(session.sample(logits, rng, temperature).tokens.tolist())] += 1
        counts = np.array(list(found.values()))
        many = expected >= 5
        observed = np.append(counts[many], counts[~many].sum())
        wanted = np.append(expected[many], expected[~many].sum())
        used = wanted > 0
        statistic = ((observed[used] - wanted[used]) ** 2 / wanted[used]).sum()
        degrees = used.sum() - 1
        # Mean and deviation of chi-square: k, sqrt(2 k); five deviations and the seed is fixed.
        assert statistic < degrees + 5 * np.sqrt(2 * max(degrees, 1))


def test_tensors_of_any_type_give_the_answers_of_arrays():
    for case, rng in feasible_cases(4, 30):
        exact = torch.from_numpy(logits_of(case, rng)).to(torch.bfloat16)
        array = exact.float().numpy()
        session = case.session()
        expected = session.propose(array, entropy=True)
        marginals = session.marginals(array)
        variants = [exact, exact.half(), exact.double(), exact.float().t().contiguous().t(), array.astype(np.float64)]
        frozen = array.copy()
        frozen.setflags(write=False)
        for logits in [*variants, frozen, array.astype(np.float16)]:
            found = session.propose(logits, entropy=True)
            assert (found.tokens == expected.tokens).all()
            np.testing.assert_allclose(found.confidence, expected.confidence, atol=1e-6)
            assert found.log_z == pytest.approx(expected.log_z, abs=1e-5)
            answer = session.marginals(logits)
            assert isinstance(answer, torch.Tensor) == isinstance(logits, torch.Tensor)
            np.testing.assert_allclose(np.asarray(answer), marginals, atol=1e-5)


def test_canvas_may_come_as_tensors():
    case, rng = next(feasible_cases(5, 1, least=2))
    session = case.constraint.session(torch.from_numpy(case.tokens), torch.from_numpy(case.free), case.tail)
    logits = logits_of(case, rng)
    assert (session.best(logits).tokens == case.session().best(logits).tokens).all()


def test_wrong_input_is_refused():
    case, rng = next(feasible_cases(6, 1, least=2))
    session, logits = case.session(), logits_of(case, rng)
    with pytest.raises(InputError, match="logits have shape"):
        session.best(logits[:, :-1])
    with pytest.raises(InputError, match="temperature"):
        session.sample(logits, temperature=0.0)
    with pytest.raises(InputError, match="temperature"):
        session.propose(logits, temperature=-1.0)
    with pytest.raises(InputError, match="out of range"):
        session.commit({len(case.tokens): 0})
    with pytest.raises(InputError, match="out of range"):
        session.retract([-1])
    with pytest.raises(InputError, match="must both be"):
        case.constraint.session(case.tokens, case.free[:-1])


def letters_constraint(automaton) -> Constraint:
    vocabulary = Vocabulary([b"a", b"b", b"\n", b"\xc3", b"\xa9", b""], {5: "eos"})
    return Constraint(vocabulary, lift(automaton, vocabulary))


@pytest.fixture
def lines() -> Constraint:
    """a, then é, then at least three lines, then b."""
    from latticework.automata.build import build_automaton
    from latticework.grammar import ir

    parts = (ir.Literal("aé".encode()), ir.Repeat(ir.Literal(b"\n"), 3, None), ir.Literal(b"b"))
    return letters_constraint(build_automaton(ir.Seq(parts)))


def test_committing_another_token_to_a_fixed_slot_is_refused(lines):
    session = lines.session([0] * 8, [False] + [True] * 7)
    session.commit({0: 0})
    with pytest.raises(InputError, match="retract"):
        session.commit({0: 1})
    session.retract([0])
    assert session.forced()[0] == 0


def test_too_few_slots_are_refused_with_the_number_needed(lines):
    assert lines.min_tokens == 7
    with pytest.raises(Infeasible, match="needs 7 tokens, the canvas has 5 slots") as caught:
        lines.session([0] * 5, [True] * 5)
    assert (caught.value.needed, caught.value.slots, caught.value.slot) == (7, 5, None)
    lines.session([0] * 7, [True] * 7, tail=False)
    lines.session([0] * 9, [True] * 9, tail=False)


@pytest.mark.parametrize("token", [5, 99, -1, 1])
def test_an_unreadable_fixed_token_is_named(lines, token):
    tokens = np.array([0, 3, 4, 2, 2, 2, 2, 2, 1])
    free = np.array([False, True, True, False, False, False, True, True, True])
    tokens[4] = token
    with pytest.raises(Infeasible) as caught:
        lines.session(tokens, free)
    assert caught.value.slot == 4
    assert caught.value.needed is None


def test_explanations_name_the_place(lines):
    whole = "aé\n\n\nb"
    assert lines.accepts(whole)
    assert lines.accepts(whole.encode())
    assert not lines.accepts("\ud800")
    assert lines.explain(whole).accepted
    assert str(lines.explain(whole)) == "accepted"
    early = lines.explain("aé\n\n\n")
    assert (early.accepted, early.ends_early, early.expected) == (False, True, b"\nb")
    wrong = lines.explain("aé\n\nb")
    assert (wrong.offset, wrong.line, wrong.column, wrong.expected) == (5, 3, 1, b"\n")
    assert "line 3, column 1" in str(wrong)
    first = lines.explain("aa")
    assert (first.offset, first.line, first.column, first.expected) == (1, 1, 2, b"\xc3")
    after = lines.explain(whole + "b")
    assert (after.offset, after.expected, after.ends_early) == (7, b"", False)
    assert "expected the end of the text" in str(after)


def test_layouts_are_shared_between_canvases_of_similar_size(lines):
    assert lines.layout(40, True) is lines.layout(41, True)
    assert lines.layout(40, True) is not lines.layout(40, False)


def test_digest_names_language_and_vocabulary(lines):
    again = Constraint(lines.vocabulary, lines.tokens, grammar="other")
    assert again.digest == lines.digest
    other = Vocabulary([b"a", b"b"])
    assert Constraint(other, lift(lines.automaton, other)).digest != lines.digest
