"""The programs in ``docs/integrations.md`` run, one after the other, and LangChain's example does."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "integrations.md"


def test_the_programs_of_the_page_run():
    pytest.importorskip("langchain_core")
    pytest.importorskip("llama_index.core")
    programs = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(programs) >= 4
    names: dict[str, Any] = {}
    for program in programs:
        exec(program, names)
    assert names["result"].value.keys() == {"name", "age"}
    assert names["person"].age >= 0


def test_the_langchain_example_runs(capsys):
    pytest.importorskip("langchain_core")
    runpy.run_path(str(ROOT / "examples" / "langchain_extract.py"))
    shown = capsys.readouterr().out
    assert "chain: invoice_number=" in shown
    assert "call:  Invoice" in shown
