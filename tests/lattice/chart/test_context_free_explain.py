"""Where texts leave context-free languages."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from small_languages import TOKENS, VOCABULARY, Fillings, constraint_of, random_grammar

import latticework as lw

RESTS = [b"".join(rest) for length in range(4) for rest in product(TOKENS, repeat=length)]


@pytest.mark.parametrize("seed", range(12))
def test_offset(seed: int) -> None:
    """Behind the offset no short rest completes the text; up to it, where a short rest does, it is not passed by."""
    random = np.random.default_rng(4000 + seed)
    grammar = random_grammar(random)
    constraint, fillings = constraint_of(grammar), Fillings(grammar)
    for _ in range(3):
        text = b"".join(TOKENS[k] for k in random.integers(0, len(TOKENS), int(random.integers(0, 5))))
        found = constraint.explain(text)
        assert found.accepted == fillings.in_language(text)
        assert found.ends_early == (not found.accepted and found.offset == len(text))
        known = [k for k in range(len(text) + 1) if any(fillings.in_language(text[:k] + rest) for rest in RESTS)]
        assert found.offset >= max(known, default=0)
        if found.offset < len(text):
            assert not any(fillings.in_language(text[: found.offset + 1] + rest) for rest in RESTS)


def test_place_in_a_program() -> None:
    constraint = lw.compile(lw.lark("python"), VOCABULARY)
    found = constraint.explain("def f(x):\n    return x +\n")
    assert (found.accepted, found.line, found.column) == (False, 2, 15)
    assert constraint.explain("def f(x):\n    return x + 1\n").accepted
    early = constraint.explain("x = (1,")
    assert early.ends_early
    assert ord(")") in early.expected
