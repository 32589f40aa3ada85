"""The arithmetic grammar against Python's own parser, whose expressions of these characters are the same."""

from __future__ import annotations

import ast
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import accepts


def is_arithmetic(text: str) -> bool:
    """Whether Python reads the text as numbers, signs and the five operators."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except SyntaxError:
            return False
    kinds = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant, ast.operator, ast.unaryop)
    return all(isinstance(node, kinds) for node in ast.walk(tree)) and not any(
        isinstance(node, ast.Pow | ast.FloorDiv) for node in ast.walk(tree)
    )


# Python's numbers may also end or begin with their point, and 00 is one.
TOKENS = st.sampled_from(["0", "12", "3.5", "1e9", "2E-3", "+", "-", "*", "/", "^", "(", ")", " ", "( ", "-1"])


@settings(max_examples=400, deadline=None)
@given(st.lists(TOKENS, max_size=9).map(" ".join))
def test_against_python(text: str) -> None:
    assert accepts("arithmetic", text) == is_arithmetic(text)


@pytest.mark.parametrize("text", ["", "1.", ".5", "01", "1e", "1 2", "2**3", "1,5", "(1", "1)", "()", "x"])
def test_refused(text: str) -> None:
    assert not accepts("arithmetic", text)
