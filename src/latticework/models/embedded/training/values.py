"""Random values: how they are said in a text, and what JSON must say.

Kinds of text (``person``, ``id``, ``phone`` ...) are copied verbatim. Dates, numbers and counts may be said in a way
that differs from the JSON literal (``12 Mar 2026``, ``1,250.00``, ``three``).
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import dataclass

from latticework.models.embedded.training.pools import Pools

_ONSETS = [
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "w",
    "z",
    "br",
    "ch",
    "dr",
    "fl",
    "gr",
    "kl",
    "pr",
    "sh",
    "st",
    "tr",
    "th",
]
_NUCLEI = ["a", "e", "i", "o", "u", "ai", "ea", "oo", "ou", "y"]
_CODAS = ["n", "r", "s", "t", "l", "k", "m", "x"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_COUNTS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_SUFFIXES = [
    "Ltd",
    "GmbH",
    "Inc",
    "LLC",
    "& Sons",
    "Group",
    "Labs",
    "Systems",
    "Partners",
    "Foods",
    "Energy",
    "Studio",
    "AG",
    "Logistics",
    "Bank",
    "Hotel",
]
_CRAFTS = ["engineer", "analyst", "manager", "designer", "technician", "officer", "assistant", "consultant"]


@dataclass(frozen=True)
class Value:
    """``said`` is the text; ``literal`` the JSON text without quotes; ``letter`` the prompt type.

    ``copies`` pairs character offsets (said, literal): the literal's characters that can be copied from the text.
    """

    said: str
    literal: str
    letter: str
    copies: tuple[tuple[int, int], ...]


def verbatim(text: str, letter: str = "s") -> Value:
    return Value(text, text, letter, tuple((i, i) for i in range(len(text))))


def invented(rng: random.Random) -> str:
    """A capitalised word that no list contains."""
    word = "".join(rng.choice(_ONSETS) + rng.choice(_NUCLEI) for _ in range(rng.randint(1, 3)))
    if rng.random() < 0.6:
        word += rng.choice(_CODAS)
    return word.capitalize()


class Values:
    """Draws values of a kind by name; ``split`` selects the trained or the held-out part of every pool."""

    def __init__(self, pools: Pools, rng: random.Random, split: int) -> None:
        self.rng = rng
        self._pools = pools
        self._split = split

    def draw(self, kind: str) -> Value:
        if kind in NUMERIC:
            literal = NUMERIC[kind](self.rng)
            return _number(self.rng, literal, "i" if kind in INTEGER else "n")
        if kind == "isodate":
            return self._date(iso=True)
        if kind == "date" and self.rng.random() < 0.4:
            return self._date(iso=False)
        return verbatim(getattr(self, kind)())

    def pick(self, pool: str) -> str:
        return self._pools.pick(self.rng, pool, self._split)

    # Text kinds -----------------------------------------------------------------------------------------------------

    def first(self) -> str:
        return invented(self.rng) if self.rng.random() < 0.15 else self.pick("first")

    def last(self) -> str:
        return invented(self.rng) if self.rng.random() < 0.15 else self.pick("last")

    def person(self) -> str:
        x = self.rng.random()
        if x < 0.08:
            return f"{self.rng.choice(['Dr.', 'Ms.', 'Mr.', 'Prof.', 'Mrs.'])} {self.last()}"
        if x < 0.13:
            return f"{self.first()[0]}. {self.last()}"
        if x < 0.19:
            return f"{self.first()} {self.first()[0]}. {self.last()}"
        if x < 0.26:
            return self.first()
        return f"{self.first()} {self.last()}"

    def company(self) -> str:
        x = self.rng.random()
        if x < 0.45:
            return self.pick("company")
        suffix = self.rng.choice(_SUFFIXES)
        if x < 0.75:
            return f"{invented(self.rng)} {suffix}"
        return f"{self.pick('word').capitalize()} {self.pick('word').capitalize()} {suffix}"

    def city(self) -> str:
        return invented(self.rng) if self.rng.random() < 0.15 else self.pick("city")

    def country(self) -> str:
        return self.pick("country")

    def job(self) -> str:
        return self.pick("job") if self.rng.random() < 0.6 else f"{self.pick('word')} {self.rng.choice(_CRAFTS)}"

    def address(self) -> str:
        return f"{self.rng.randint(1, 299)} {self.pick('street')}"

    def product(self) -> str:
        x = self.rng.random()
        if x < 0.35:
            return f"{self.pick('word')} {self.pick('word')}"
        if x < 0.5:
            return f"{self.pick('color')} {self.pick('word')}"
        if x < 0.75:
            line = self.rng.choice(["X", "Pro", "Mini", "S", "Max", "T"])
            return f"{invented(self.rng)} {line}{self.rng.randint(1, 99)}"
        if x < 0.85:
            return f"{self.pick('word')} {self.rng.choice(['cable', 'lamp', 'chair', 'kit', 'case', 'pump'])}"
        return self.pick("phrase").lower()

    def title(self) -> str:
        if self.rng.random() < 0.5:
            return self.rng.choice([self.pick("phrase"), self.pick("slogan")])
        return " ".join(self.pick("word") for _ in range(self.rng.randint(2, 4)))

    def note(self) -> str:
        """A short free description."""
        return " ".join(self.pick("word") for _ in range(self.rng.randint(3, 7)))

    def word(self) -> str:
        return self.pick("word")

    def invented(self) -> str:
        return invented(self.rng)

    def color(self) -> str:
        return self.pick("color")

    def language(self) -> str:
        return self.pick("language")

    def currency(self) -> str:
        return self.rng.choice(["EUR", "USD", "GBP", "CHF", "SEK", "JPY", "PLN", self.pick("currency")])

    def email(self) -> str:
        rng = self.rng
        domain = rng.choice([invented(rng).lower(), self.pick("word")])
        name = rng.choice(
            [
                f"{self.pick('first')}.{self.pick('last')}",
                self.pick("first"),
                f"{self.pick('first')[0]}{self.pick('last')}",
                f"{self.pick('word')}{rng.randint(1, 99)}",
            ]
        )
        ending = rng.choice([".com", ".org", ".net", ".de", ".io", ".co.uk", ".example"])
        return f"{name.lower().replace(' ', '')}@{domain}{ending}"

    def url(self) -> str:
        ending = self.rng.choice([".com", ".org", ".net", ".io"])
        tail = self.rng.choice(["", "/" + self.pick("word"), f"/{self.pick('word')}/{self.rng.randint(1, 999)}"])
        return f"https://{self.rng.choice(['', 'www.'])}{invented(self.rng).lower()}{ending}{tail}"

    def phone(self) -> str:
        r = self.rng.randint
        return self.rng.choice(
            [
                f"+{r(1, 99)} {r(100, 999)} {r(1000000, 9999999)}",
                f"{r(200, 999)}-{r(200, 999)}-{r(1000, 9999)}",
                f"({r(200, 999)}) {r(200, 999)}-{r(1000, 9999)}",
                f"0{r(100, 999)} {r(100000, 999999)}",
            ]
        )

    def time(self) -> str:
        r = self.rng.randint
        if self.rng.random() < 0.65:
            return f"{r(0, 23):02d}:{self.rng.choice(['00', '15', '30', '45', f'{r(0, 59):02d}'])}"
        return f"{r(1, 12)}{self.rng.choice([':30', ':15', '', ':45'])} {self.rng.choice(['am', 'pm'])}"

    def id(self) -> str:
        rng, r = self.rng, self.rng.randint

        def letters(n: int) -> str:
            return "".join(rng.choice(string.ascii_uppercase) for _ in range(n))

        return rng.choice(
            [
                f"{letters(2)}-{r(1000, 99999)}",
                f"{letters(3)}{r(100, 9999)}",
                str(r(10000, 9999999)),
                f"{letters(1)}{r(10, 99)}{letters(1)}{r(10, 999)}",
                f"{letters(r(2, 4))}-{r(2015, 2030)}-{r(1, 999):03d}",
                f"{r(1, 40)}{letters(1)}",
            ]
        )

    def version(self) -> str:
        r = self.rng.randint
        return f"{r(0, 19)}.{r(0, 20)}" + (f".{r(0, 30)}" if self.rng.random() < 0.5 else "")

    def date(self) -> str:
        """A date in one of the usual spellings, to be copied as it stands."""
        year, month, day = self._calendar()
        name = _MONTHS[month - 1]
        return self.rng.choice([f"{name} {day}, {year}", f"{day} {name[:3]} {year}", f"{month:02d}/{day:02d}/{year}"])

    def _calendar(self) -> tuple[int, int, int]:
        return self.rng.randint(1995, 2035), self.rng.randint(1, 12), self.rng.randint(1, 28)

    def _date(self, iso: bool) -> Value:
        """An ISO literal; with ``iso`` the schema asks for a date, and the text may say it in words."""
        year, month, day = self._calendar()
        literal = f"{year}-{month:02d}-{day:02d}"
        if not iso or self.rng.random() < 0.5:
            return verbatim(literal, "d" if iso else "s")
        name = _MONTHS[month - 1]
        form = self.rng.choice(["{n} {d}, {y}", "{d} {n} {y}", "{d} {s} {y}", "{s} {d}, {y}", "{d}. {n} {y}"])
        said = form.format(n=name, s=name[:3], d=day, y=year)
        at_year, at_day = said.index(str(year)), said.replace(str(year), "____").index(str(day))
        digits = len(str(day))
        copies = [(at_year + i, i) for i in range(4)] + [(at_day + i, 10 - digits + i) for i in range(digits)]
        return Value(said, literal, "d", tuple(copies))


def _amount(rng: random.Random) -> str:
    value = 10 ** rng.uniform(0.5, 4.8)
    return f"{value:.2f}" if rng.random() < 0.7 else str(int(value) + 1)


NUMERIC: dict[str, Callable[[random.Random], str]] = {
    "amount": _amount,
    "rating": lambda rng: f"{rng.randint(0, 9)}.{rng.randint(0, 9)}",
    "measure": lambda rng: f"{10 ** rng.uniform(0, 3):.{rng.choice([1, 1, 2])}f}",
    "percent": lambda rng: str(rng.choice([rng.randint(1, 99), round(rng.uniform(0.1, 60), 1)])),
    "int": lambda rng: str(rng.choice([rng.randint(2, 20), rng.randint(2, 400), rng.randint(1000, 99999)])),
    "small": lambda rng: str(rng.randint(2, rng.choice([12, 40]))),
    "year": lambda rng: str(rng.randint(1950, 2035)),
    "temperature": lambda rng: str(rng.randint(-30, 45)),
}
INTEGER = {"int", "small", "year", "temperature"}


def _number(rng: random.Random, literal: str, letter: str) -> Value:
    """A number as a numeral, with thousands separators, or (small counts) as a word."""
    whole, dot, fraction = literal.partition(".")
    if letter == "i" and 2 <= int(literal) <= 12 and rng.random() < 0.3:
        return Value(_COUNTS[int(literal) - 2], literal, letter, ())
    if (len(whole) >= 5 or (len(whole) == 4 and dot)) and rng.random() < 0.4:
        said = f"{int(whole):,}{dot}{fraction}"
        kept = [i for i, char in enumerate(said) if char != ","]
        return Value(said, literal, letter, tuple(zip(kept, range(len(literal)), strict=True)))
    return verbatim(literal, letter)
