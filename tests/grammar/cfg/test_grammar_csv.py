"""The CSV grammar: what Python's ``csv`` writes is accepted, and its rows can be read off by the RFC's rules."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import accepts

FIELDS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=6)


@settings(deadline=None)
@given(st.lists(st.lists(FIELDS | st.sampled_from(["", '"', "a,b", "a\nb", "a\r\nb"]), min_size=1), max_size=4))
def test_written_by_python(records: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(records)
    assert accepts("csv", written.getvalue())


# The grammar of RFC 4180 as a regular expression; line breaks as in the grammar file.
_FIELD = r'(?:"(?:[^"]|"")*"|[^",\n\r]*)'
_FILE = re.compile(rf"{_FIELD}(?:(?:,|\r?\n){_FIELD})*")


@settings(deadline=None)
@given(st.text('a",\n\r ', max_size=10))
def test_random_texts(text: str) -> None:
    assert accepts("csv", text) == (_FILE.fullmatch(text) is not None)


@pytest.mark.parametrize("text", ["a\tb", "a\x00", '"\x7f"'])
def test_control_characters_are_refused(text: str) -> None:
    assert not accepts("csv", text)
