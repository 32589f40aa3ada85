"""Whether a value can come from a text: verbatim, or as another spelling of a number or a date."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

_NUMERAL = re.compile(r"(?<![\w.,])[-−]?\d+(?:[.,'’ \u00a0\u202f]\d+)*|\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)?")
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_SMALL = ("zero", *_ONES, *_TEENS)
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_WRITTEN = (
    re.compile(rf"(?<!\d){_DAY}\.?\s+(?:of\s+)?{_MONTH},?\s+(?P<year>\d{{4}})(?!\d)"),
    re.compile(rf"(?<![a-z]){_MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}})(?!\d)"),
)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?!\d)")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class Source:
    """A text, read once, that many values are looked up in.

    Attributes:
        text: case folded, with single spaces.
        numbers: every reading of its numerals and number words up to ninety-nine.
        dates: every reading of its dates, as (year, month, day).
    """

    def __init__(self, text: str) -> None:
        self.text = _plain(text)
        self.numbers = _numbers(self.text)
        self.dates = _dates(self.text)

    def holds(self, value: Any) -> bool:
        """Whether the text states a scalar.

        Strings are looked for at word boundaries whatever their case and spacing, ISO dates in other spellings, too;
        numbers by value (``1,250.00``, ``1.250,00`` and ``three`` are numbers). What has to be inferred (a sum, a
        count, a time in another notation, a percentage as a fraction) is not found. Booleans, null and the empty
        string claim nothing that a text would have to say.
        """
        if value is None or isinstance(value, bool):
            return True
        if isinstance(value, int | float):
            return _decimal(str(value)) in self.numbers
        wanted = _plain(str(value))
        if not wanted or self._verbatim(wanted):
            return True
        date = _ISO.fullmatch(wanted)
        return date is not None and tuple(map(int, date.groups())) in self.dates

    def _verbatim(self, wanted: str) -> bool:
        before = r"(?<!\w)" if wanted[0].isalnum() else ""
        after = r"(?!\w)" if wanted[-1].isalnum() else ""
        return re.search(f"{before}{re.escape(wanted)}{after}", self.text) is not None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _decimal(numeral: str) -> Decimal | None:
    try:
        found = Decimal(numeral)
    except InvalidOperation:
        return None
    return found.normalize() if found.is_finite() else None


def _numbers(text: str) -> set[Decimal | None]:
    """Numbers by value; a numeral whose separators can be read in several ways has all of its readings."""
    found: set[Decimal | None] = set()
    for match in _NUMERAL.finditer(text):
        numeral = match.group().replace("−", "-")
        found.update(_readings(numeral))
        for part in re.findall(r"\d+(?:[.,]\d+)*", numeral):  # "8 250" may be two numbers
            found.update(_readings(part))
    for match in _WORD.finditer(text):
        tens, _, ones = match.group().partition("-")
        if tens in _SMALL and not ones:
            found.add(_decimal(str(_SMALL.index(tens))))
        elif tens in _TENS and (not ones or ones in _ONES):
            found.add(_decimal(str(10 * (_TENS.index(tens) + 2) + (_SMALL.index(ones) if ones else 0))))
    return found - {None}


def _readings(numeral: str) -> set[Decimal | None]:
    bare = re.sub(r"['’ \u00a0\u202f]", "", numeral)
    points = (bare.replace(",", ""), bare.replace(".", "").replace(",", "."), re.sub("[.,]", "", bare))
    return {_decimal(reading) for reading in points}


def _dates(text: str) -> set[tuple[int, ...]]:
    found: set[tuple[int, ...]] = set()
    for year, month, day in _YEAR_FIRST.findall(text):
        found.add((int(year), int(month), int(day)))
    for first, second, year in _YEAR_LAST.findall(text):
        found.update({(int(year), int(first), int(second)), (int(year), int(second), int(first))})
    for pattern in _WRITTEN:
        for match in pattern.finditer(text):
            month = _NAMES.index(match["month"][:3]) + 1
            found.add((int(match["year"]), month, int(match["day"])))
    return found
