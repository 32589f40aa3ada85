"""The generated pages under ``docs/`` are those that the tables in the code make."""

from __future__ import annotations

import json_schema_page

from latticework.grammar.json_schema import keywords
from latticework.grammar.json_schema.keyword_notes import NOTES


def test_the_page_on_json_schema_is_up_to_date() -> None:
    assert json_schema_page.PAGE.read_text() == json_schema_page.page(), "run python benchmarks/json_schema_page.py"


def test_every_enforced_keyword_is_described() -> None:
    assert set(keywords.ENFORCED) <= set(NOTES)
    assert set(NOTES) <= set(keywords.ENFORCED) | set(keywords.REFUSED)
