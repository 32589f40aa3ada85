"""The programs in ``docs/integrations.md`` run, one after the other, and LangChain's example does."""

from __future__ import annotations

import runpy
from typing import Any

import pytest
from page_programs import DOCS, running


def test_the_programs_of_the_page_run():
    pytest.importorskip("langchain_core")
    pytest.importorskip("llama_index.core")
    texts = running(DOCS / "integrations.md")
    assert len(texts) >= 4
    names: dict[str, Any] = {}
    for program in texts:
        exec(program, names)
    assert names["result"].value.keys() == {"name", "age"}
    assert names["person"].age >= 0


def test_the_langchain_example_runs(capsys):
    pytest.importorskip("langchain_core")
    runpy.run_path(str(DOCS.parent / "examples" / "langchain_extract.py"))
    shown = capsys.readouterr().out
    assert "chain: invoice_number=" in shown
    assert "call:  Invoice" in shown
