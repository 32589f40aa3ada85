"""The grammars that come with the package, ready to be asked about texts; and rows of the shared data."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from shared_data import shared

import latticework as lw
from latticework.automata.lexing import build_lexer
from latticework.automata.rules import rules_of
from latticework.lattice.chart.recognise import Recogniser


@cache
def _recogniser(name: str, start: str) -> Recogniser:
    grammar = lw.lark(name, start).context_free
    assert grammar is not None
    return Recogniser(rules_of(grammar), build_lexer(grammar))


def accepts(name: str, text: str, start: str = "start") -> bool:
    """Whether a text is in the language of a grammar that comes with the package."""
    return bool(_recogniser(name, start).accepts(text.encode()))


def rows(name: str) -> list[dict[str, Any]]:
    """Lines of a file of the infilling data; skips the test where it is absent."""
    return [json.loads(line) for line in shared(f"infill/{name}-dev.jsonl").read_text(encoding="utf-8").splitlines()]
