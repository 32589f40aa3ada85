"""The programs in ``docs/transformers.md`` that need no download run, one after the other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "transformers.md"


def test_the_programs_of_the_page_run() -> None:
    pytest.importorskip("diffusers")
    text = PAGE.read_text(encoding="utf-8")
    programs = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(programs) >= 3
    names: dict[str, Any] = {}
    for program in programs:
        exec(program, names)
    answer = names["sequences"][0, names["prompt"].shape[1] :].tolist()
    assert set(json.loads(names["vocabulary"].decode(answer))) == {"name", "age"}


def test_the_other_programs_are_well_formed() -> None:
    for program in re.findall(r"^```python notest\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S):
        compile(program, "page", "exec")
