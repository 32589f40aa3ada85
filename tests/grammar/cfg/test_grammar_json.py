"""The JSON grammar against Python's ``json``, made as strict as RFC 8259."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import accepts, rows


def is_json(text: str) -> bool:
    """``json.loads`` without NaN and Infinity, which the RFC does not know, and any white space but its own."""

    def refuse(word: str) -> float:
        raise ValueError(word)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    except RecursionError:
        return True
    return True


@settings(deadline=None)
@given(st.text('{}[]:,"\\ue01-.+truefalsn \t\n\r\x0b\xa0', max_size=12))
def test_random_texts(text: str) -> None:
    assert accepts("json", text) == is_json(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(VALUES, st.booleans(), st.sampled_from([None, 0, 2, "\t"]), st.data())
def test_documents_and_damaged_documents(value: object, ascii_only: bool, indent: int | str | None, data) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    if any("\ud800" <= char <= "\udfff" for char in text):
        return
    assert accepts("json", text)
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(st.sampled_from('{}[]:,"\\0.- a\n')) + text[at + data.draw(st.integers(0, 1)) :]
    assert accepts("json", damaged) == is_json(damaged)


def test_parsing_suite() -> None:
    for row in rows("json"):
        if row["schema"] is None and row["expect"] != "implementation-defined":
            assert accepts("json", row["text"]) == (row["expect"] == "valid"), row["id"]
