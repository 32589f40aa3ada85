"""What a text states: verbatim, and numbers and dates in other spellings."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.evaluation.derivable import Source

TEXT = """Order A-17 from  Müller & Söhne, placed 3 March 2026, due 04/05/2026.
Total 1,250.00 EUR (1.250,00), weight 3.5 kg at −4 °C, twenty-one boxes, 12 000 sheets; Feb. 28th, 2025."""


@pytest.mark.parametrize(
    "value",
    [
        *("A-17", "müller & söhne", "from Müller", "2026-03-03", "2026-04-05", "2026-05-04", "2025-02-28", "EUR", ""),
        *(1250, 1250.0, 3.5, -4, 21, 12000, 12, 17, None, True),
    ],
)
def test_stated(value: Any) -> None:
    assert Source(TEXT).holds(value)


@pytest.mark.parametrize("value", ["A-1", "Söhn", "2026-03-04", "Globex", "2026-13-03", 125, 3, 20.5, 4.25, 22, -21])
def test_not_stated(value: Any) -> None:
    assert not Source(TEXT.replace("3 March", "9 March")).holds(value)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**7), st.integers(0, 99))
def test_numerals_with_separators(whole: int, cents: int) -> None:
    value = float(f"{whole}.{cents:02d}")
    english = f"{whole:,}.{cents:02d}"
    german = english.translate(str.maketrans(",.", ".,"))
    for said in (english, german, f"{whole}.{cents:02d}", english.replace(",", " ")):
        assert Source(f"It costs {said} in all.").holds(value)


@settings(max_examples=60, deadline=None)
@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_dates_in_words(day: date) -> None:
    for form in ("%d %B %Y", "%B %d, %Y", "%d. %b %Y", "%b %d %Y", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y"):
        assert Source(f"On {day.strftime(form)}, at noon.").holds(day.isoformat())
