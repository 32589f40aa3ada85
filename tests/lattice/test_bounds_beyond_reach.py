"""Bounds of repetitions that no canvas can reach: questions about them are quick, and never crash."""

from __future__ import annotations

import pytest

import latticework as lw

VOCABULARY = lw.Vocabulary([bytes([byte]) for byte in range(256)] + [b"aaa", b""], {257: "eos"})


def compiled(schema: dict) -> lw.Constraint:
    found = lw.compile(lw.json_schema(schema), VOCABULARY)
    assert isinstance(found, lw.Constraint)
    return found


@pytest.mark.parametrize("bound", [2**30 - 1, 2**30, 2**31, 2**32 + 5, 10**18, 10**400])
def test_upper_bounds_that_no_text_reaches(bound: int) -> None:
    constraint = compiled({"type": "string", "maxLength": bound})
    assert constraint.min_tokens == 2
    assert constraint.accepts('"' + "a" * 5000 + '"')
    assert compiled({"type": "array", "items": {"type": "boolean"}, "maxItems": bound}).min_tokens == 2


@pytest.mark.parametrize("bound", [5_000, 10**6, 2**30 - 1])
def test_lower_bounds_that_no_canvas_reaches(bound: int) -> None:
    constraint = compiled({"type": "string", "minLength": bound, "pattern": "^[a-z]*$"})
    if bound > 4096 * 3:
        with pytest.raises(lw.LimitExceeded, match="shortest document"):
            _ = constraint.min_tokens
    with pytest.raises(lw.Infeasible):
        constraint.session([0] * 20, [True] * 20)


@pytest.mark.parametrize("bound", [2**30, 2**31, 10**18])
def test_lower_bounds_that_no_text_reaches_are_over_a_limit(bound: int) -> None:
    with pytest.raises(lw.LimitExceeded):
        compiled({"type": "string", "minLength": bound})


@pytest.mark.parametrize("low", [255, 256, 257, 900, 2000])
def test_fewest_tokens_are_found_in_searches_of_growing_length(low: int) -> None:
    constraint = lw.compile(lw.regex(f'"a{{{low},}}b"'), VOCABULARY)
    assert constraint.min_tokens == -(-low // 3) + 3  # three characters a token; the quotes and the b
