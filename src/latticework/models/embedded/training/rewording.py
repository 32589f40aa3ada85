"""Rewords clauses a little, so that a longer training run learns what they say and not the clauses themselves.

Words that carry no fact are exchanged, dropped or added; a few frequent nouns and verbs are exchanged for others of the
same meaning. The value and words that name the fact stay.
"""

from __future__ import annotations

import random

_ALIKE = (  # words of one group stand for each other
    "is was remains stays",
    "are were remain",
    "the our your their its this",
    "we they I",
    "a one another",
    "price cost charge",
    "costs runs",
    "city town place",
    "date day",
    "booked reserved arranged",
    "sent shipped mailed dispatched",
    "starts begins opens",
    "ends finishes closes",
    "made created produced",
    "bought purchased ordered",
    "called named titled",
    "number no. code",
    "job role position",
    "works serves",
    "lives resides",
    "comes hails",
    "expected planned due",
    "given stated listed noted recorded",
    "find see read",
    "get receive obtain",
    "pay spend",
    "paid spent",
    "person individual",
    "company firm business",
    "located situated based",
    "includes contains covers",
    "contains holds includes",
    "offers provides",
    "wants wishes",
    "needs requires",
    "leads heads runs",
    "written authored",
    "total sum amount",
    "confirmed agreed settled",
    "arrives lands",
    "leaves departs",
    "happened occurred",
    "big large",
    "small little",
    "buy purchase",
    "reach contact",
    "use take",
    "put enter write",
    "said told reported",
    "seems appears",
    "about around",
    "under below",
    "responsible accountable",
)
_OTHERS: dict[str, tuple[str, ...]] = {}
for _group in _ALIKE:
    for _word in _group.split():
        _OTHERS[_word] = (*_OTHERS.get(_word, ()), *(other for other in _group.split() if other != _word))

_EMPTY = frozenset(
    (
        "the",
        "a",
        "an",
        "your",
        "our",
        "its",
        "their",
        "this",
        "it",
        "that",
        "has",
        "have",
        "had",
        "been",
        "very",
        "also",
    )
)
_ADDED = (
    *("currently", "apparently", "now", "still", "also", "then", "officially", "simply", "again", "already", "today"),
    *("actually", "clearly", "in fact", "of course", "as usual", "indeed", "once more", "this time", "by the way"),
    *("according to them", "as agreed", "so far", "as of today", "as far as we know", "it seems", "finally"),
)
_DROP, _ADD = 0.25, 0.5  # of an edit: up to the first a word is dropped, up to the second one is added


def reword(clause: str, rng: random.Random) -> str:
    """The clause with one to three edits; its ``{v}`` stays, and so does what it says."""
    ending = clause[-1:] if clause[-1:] in ".!?" else ""
    words = (clause[: len(clause) - len(ending)] if ending else clause).split(" ")
    capital = clause[:1].isupper()
    for _ in range(rng.choice((1, 1, 2, 3))):
        x = rng.random()
        if x < _DROP:
            _drop(words, rng)
        elif x < _ADD:
            words.insert(rng.randint(1, len(words)), rng.choice(_ADDED))
        else:
            _exchange(words, rng)
    text = " ".join(words)
    return (text[:1].upper() + text[1:] if capital else text) + ending


def _drop(words: list[str], rng: random.Random) -> None:
    places = [index for index, word in enumerate(words) if word.lower() in _EMPTY]
    if places and len(words) > 2:
        del words[rng.choice(places)]


def _exchange(words: list[str], rng: random.Random) -> None:
    places = [index for index, word in enumerate(words) if word.lower() in _OTHERS or word in _OTHERS]
    if places:
        index = rng.choice(places)
        others = _OTHERS.get(words[index]) or _OTHERS[words[index].lower()]
        words[index] = rng.choice(others)
