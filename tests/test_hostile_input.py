"""A part of ``benchmarks/hostile_input.py``: whatever comes, the answer is clear, and no document is invalid."""

from __future__ import annotations

import pytest
from hostile_input import Loader, Requests, loaders

FILES = {"JSON Schema": 40, "regular expressions": 60, "Lark": 60, "GBNF": 60, "tokenizer files": 60}


def test_requests_are_answered_clearly() -> None:
    ask = Requests(seed=7)
    found = {number: ask(number) for number in range(100)}
    assert not {number: problems for number, (_, problems) in found.items() if problems}
    assert {"200", "400"} <= {status for status, _ in found.values()}


@pytest.mark.parametrize("name", FILES)
def test_files_are_read_or_refused_clearly(name: str) -> None:
    load = Loader(name, 7, loaders()[name])
    found = {number: load(number) for number in range(FILES[name])}
    assert not {number: problems for number, (_, problems) in found.items() if problems}
    assert {outcome for outcome, _ in found.values()} == {"accepted", "refused"}
