"""Token classes that are taken for alike in a slot, and those that are asked for in none, against all fillings."""

from __future__ import annotations

import numpy as np
import pytest
from small_languages import TOKENS, Fillings, constraint_of, random_canvas, random_grammar

import latticework as lw
from latticework.errors import Infeasible
from latticework.lattice.chart import decide as deciding
from latticework.lattice.chart import readings as exact_readings
from latticework.lattice.chart import session as sessions

SEEDS = 10


def _admissible(fillings: Fillings, tokens: np.ndarray, free: np.ndarray, tail: bool, elastic: bool) -> np.ndarray:
    """[N, V] of all fillings."""
    found = np.zeros((len(tokens), len(TOKENS) + 1), np.bool_)
    for filling in fillings.valid_elastic(tokens, free) if elastic else fillings.valid(tokens, free, tail):
        found[np.arange(len(tokens)), filling] = True
    return found


@pytest.mark.parametrize("many", [-1, 24])
@pytest.mark.parametrize(("tail", "elastic"), [(False, False), (True, False), (False, True)])
def test_classes_of_a_group_are_admissible_together_and_those_of_none_never(
    monkeypatch: pytest.MonkeyPatch, tail: bool, elastic: bool, many: int
) -> None:
    monkeypatch.setattr(sessions, "_MANY", many)
    monkeypatch.setattr(exact_readings, "_ROOM", 1)  # grows
    if many > 0:  # and as where a graph that is exact in all gaps would be too large
        monkeypatch.setattr(deciding, "_MOST_NODES_TOGETHER", 0)
    joined = left_out = 0
    for seed in range(SEEDS):
        draw = np.random.default_rng(seed + 900)
        grammar = random_grammar(draw)
        constraint, fillings = constraint_of(grammar), Fillings(grammar)
        kind_of = constraint.language.lexical.class_of_token[: len(TOKENS)]
        for _ in range(4):
            tokens, free = random_canvas(draw, int(draw.integers(1, 4)), fillings)
            try:
                session = constraint.session(tokens, free, tail, elastic)
            except Infeasible:
                assert not _admissible(fillings, tokens, free, tail, elastic).any()
                continue
            expected = _admissible(fillings, tokens, free, tail, elastic)
            for slot, groups, exactly in session._groups():
                found = exactly()
                assert found is None or many < 0
                if found is not None:
                    assert np.array_equal(expected[slot, : len(TOKENS)], np.isin(kind_of, found)), (seed, slot)
                kinds = np.concatenate([*groups, np.zeros(0, np.int64)])
                left_out += len(set(kind_of[kind_of >= 0].tolist()) - set(kinds.tolist()))
                assert not expected[slot, : len(TOKENS)][~np.isin(kind_of, kinds)].any(), (seed, slot)
                for group in groups:
                    joined += len(group) > 1
                    assert len(set(expected[slot, : len(TOKENS)][np.isin(kind_of, group)].tolist())) == 1, (seed, slot)
            assert np.array_equal(session.admissible(), expected), seed
    assert joined
    assert left_out


def test_few_questions_answer_for_all_tokens_of_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = lw.Vocabulary([bytes([byte]) for byte in range(32, 127)] + [b"true", b"false", b"nul", b'":'])
    tokens = np.array(vocabulary.encode(b'{"a": x}'))
    is_free = tokens == vocabulary.encode(b"x")[0]
    session = lw.compile(lw.lark("json"), vocabulary).session(tokens, is_free, tail=False)
    asked = []
    decide = sessions.decide
    monkeypatch.setattr(sessions, "decide", lambda *given: asked.append(given) or decide(*given))
    allowed = session.admissible()
    slot = int(np.flatnonzero(session.free)[0])
    assert {vocabulary.bytes(int(token)) for token in np.flatnonzero(allowed[slot])} == {
        *(bytes([digit]) for digit in b"0123456789"),
        b"true",
        b"false",
    }
    assert len(asked) < 10
