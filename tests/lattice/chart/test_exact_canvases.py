"""Exact canvases with known answers under context-free grammars: every admissible token of every slot."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from cfg_data import grammar_of
from shared_data import ROOT
from small_languages import constraint_of

from latticework.errors import Infeasible
from latticework.lattice.chart.constraint import ContextFreeConstraint
from latticework.tokens.vocabulary import Vocabulary

FILE = ROOT / "infill" / "cells-dev.jsonl"
LINES = [json.loads(line) for line in FILE.read_text().splitlines()] if FILE.exists() else []
ALPHABETS = {name: entry["alphabet"] for name, entry in LINES[0]["grammars"].items()} if LINES else {}


@lru_cache(maxsize=16)
def constraint(name: str) -> ContextFreeConstraint:
    alphabet = ALPHABETS[name]
    vocabulary = Vocabulary([char.encode() for char in alphabet] + [b""], {len(alphabet): "eos"})
    return constraint_of(grammar_of(LINES[0]["grammars"][name]["grammar"]), vocabulary)


@pytest.mark.skipif(not LINES, reason="the shared infilling data is absent")
@pytest.mark.parametrize("case", LINES[1:], ids=lambda case: case["id"])
def test_canvas(case: dict[str, Any]) -> None:
    alphabet = [*ALPHABETS[case["grammar_name"]], "<eos>"]
    tokens = np.array([0 if cell is None else alphabet.index(cell) for cell in case["cells"]])
    free = np.array([cell is None for cell in case["cells"]])
    tail = case["eos"] or "<eos>" in case["cells"]
    if not case["completable"]:
        with pytest.raises(Infeasible):
            constraint(case["grammar_name"]).session(tokens, free, tail)
        return
    admissible = constraint(case["grammar_name"]).session(tokens, free, tail).admissible()
    for slot, expected in case["admissible"].items():
        assert {alphabet[token] for token in np.flatnonzero(admissible[int(slot)])} == set(expected)
