"""A model that is sure of a valid text gets that text, whatever filling the session began with."""

from __future__ import annotations

import numpy as np
import pytest

import latticework as lw

TEXTS = {
    "json": '{"name": "Ada", "tags": [1, -2.5, true], "of": {"x": null}}',
    "sql": "SELECT name, COUNT(*) FROM users AS u WHERE u.age > 21 GROUP BY name",
    "python": "def area(w, h):\n    return w * h\n\nprint(area(2, 3))\n",
    "cpp": "int area(int w, int h) { return w * h + f(w, 2); }",
}
SPARE = 7
WORDS = [b"name", b" name", b'": ', b'", "', b" area", b"(w", b" return", b" FROM", b" WHERE", b"int ", b"    "]


@pytest.fixture(scope="module", params=TEXTS)
def case(request: pytest.FixtureRequest) -> tuple[lw.Constraint, list[int]]:
    tokens = [*(bytes([value]) for value in range(256)), *WORDS, b""]
    vocabulary = lw.Vocabulary(tokens, special={len(tokens) - 1: "eos"})
    text = TEXTS[request.param]
    return lw.compile(lw.lark(request.param), vocabulary), vocabulary.encode(text.encode())


def sure_of(tokens: list[int], size: int) -> np.ndarray:
    logits = np.zeros((len(tokens), size), np.float32)
    logits[np.arange(len(tokens)), tokens] = 30.0
    return logits


def test_of_all_slots_of_an_empty_canvas(case: tuple[lw.Constraint, list[int]]) -> None:
    constraint, text = case
    end = int(constraint.vocabulary.end_tokens[0])
    target = text + [end] * SPARE
    session = constraint.session(np.zeros(len(target), np.int64), np.ones(len(target), np.bool_))
    proposal = session.propose(sure_of(target, len(constraint.vocabulary)))
    assert proposal.tokens.tolist() == target
    assert proposal.log_prob > -1e-6


@pytest.mark.parametrize("seed", range(4))
def test_of_some_regions(case: tuple[lw.Constraint, list[int]], seed: int) -> None:
    constraint, text = case
    draw = np.random.default_rng(seed)
    free = np.zeros(len(text), np.bool_)
    for begin in draw.integers(0, len(text), 3):
        free[begin : begin + 10] = True
    session = constraint.session(np.where(free, 0, text), free, tail=False)
    assert session.propose(sure_of(text, len(constraint.vocabulary))).tokens.tolist() == text


@pytest.mark.parametrize("seed", range(4))
def test_after_tokens_of_another_text(case: tuple[lw.Constraint, list[int]], seed: int) -> None:
    """The filling at hand is far from the text: it was led elsewhere in a step before."""
    constraint, text = case
    draw = np.random.default_rng(seed)
    end = int(constraint.vocabulary.end_tokens[0])
    target = text + [end] * SPARE
    session = constraint.session(np.zeros(len(target), np.int64), np.ones(len(target), np.bool_))
    session.propose(10 * draw.standard_normal((len(target), len(constraint.vocabulary))))
    assert session.propose(sure_of(target, len(constraint.vocabulary))).tokens.tolist() == target
