"""The programs in ``docs/transformers.md`` that need no download run, one after the other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from page_programs import DOCS, running

PAGE = DOCS / "transformers.md"


def test_the_programs_of_the_page_run() -> None:
    pytest.importorskip("diffusers")
    texts = running(PAGE)
    assert len(texts) >= 3
    names: dict[str, Any] = {}
    for program in texts:
        exec(program, names)
    answer = names["sequences"][0, names["prompt"].shape[1] :].tolist()
    assert set(json.loads(names["vocabulary"].decode(answer))) == {"name", "age"}
