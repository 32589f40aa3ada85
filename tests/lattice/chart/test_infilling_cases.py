"""Partial texts with gaps of any length and known verdicts: can they be completed?"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from cfg_data import grammar_of
from shared_data import ROOT

import latticework as lw
from latticework.errors import Infeasible
from latticework.grammar import Grammar, ir

FILE = ROOT / "infill" / "cases-dev.jsonl"
CASES = [json.loads(line) for line in FILE.read_text().splitlines()] if FILE.exists() else []
GAP = 96  # slots of a gap, a byte each at most; longer than any completion that is needed
BYTES = lw.Vocabulary([bytes([value]) for value in range(256)] + [b""], {256: "filler"})


@lru_cache(maxsize=8)
def compiled(source: str) -> Any:
    grammar: dict[str, Any] = json.loads(source)
    match grammar["kind"]:
        case "json":
            found = lw.lark("json")
        case "cpp" | "smiles":
            found = lw.lark(grammar["kind"])
        case "json_schema":
            # All orders of many keys make a large lexer, as counters are written out in lexers.
            order = "any" if len(grammar["schema"].get("properties", {})) < 3 else "schema"
            found = lw.json_schema(
                grammar["schema"], whitespace="any", max_whitespace=5, open_objects=True, property_order=order
            )
            space = lw.regex(r"[ \t\r\n]*")
            found = space + found + space
        case _:
            found = Grammar(ir.NOTHING, "lark", context_free=grammar_of(grammar))
    if "then" in grammar:
        found = found + lw.regex(grammar["then"])
    context_free = Grammar(ir.NOTHING, "lark", context_free=found.as_context_free())
    return lw.compile(context_free, BYTES)


def completable(grammar: dict[str, Any], parts: list[str | None]) -> bool:
    tokens: list[int] = []
    free: list[bool] = []
    for part in parts:
        data = bytes(GAP) if part is None else part.encode()
        tokens += data
        free += [part is None] * len(data)
    try:
        compiled(json.dumps(grammar)).session(np.array(tokens), np.array(free), tail=False, elastic=True)
    except Infeasible:
        return False
    return True


@pytest.mark.skipif(not CASES, reason="the shared infilling data is absent")
@pytest.mark.parametrize("case", [case for case in CASES if not case.get("disputed")], ids=lambda case: case["id"])
def test_verdict(case: dict[str, Any]) -> None:
    assert completable(case["grammar"], case["parts"]) == case["completable"]
