"""What may stand in holes with rules and grammars, by enumeration of all fillings and a slow parser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

import latticework as lw
from latticework.models.holes import Form, Hole
from latticework.tokens.vocabulary import Vocabulary


@dataclass(frozen=True)
class Language:
    """A grammar in the Lark language, and the same by hand: lexemes as regular expressions, rules as right sides."""

    grammar: lw.Grammar
    lexemes: Mapping[str, str]
    rules: Mapping[str, Sequence[Sequence[str]]]
    white: str = " "

    def lexemes_of(self, text: str) -> list[tuple[str, int, int]] | None:
        """Names and places by the longest match, the first of equally long ones; the ignored ones have no name."""
        found, at = [], 0
        while at < len(text):
            best = ("", 0)
            for name, pattern in self.lexemes.items():
                match = re.compile(pattern).match(text, at)
                if match is not None and match.end() > best[1]:
                    best = (name, match.end())
            if best[1] <= at:
                return None
            found.append((best[0], at, best[1]))
            at = best[1]
        return found

    def accepts(self, text: str, spans: Sequence[tuple[str, int, int]] = ()) -> bool:
        """Whether some derivation has every span of text (in order) under the rule it is named with."""
        lexemes = self.lexemes_of(text)
        if lexemes is None:
            return False
        borders = [place for _, *span in spans for place in span]
        for _, start, end in lexemes:
            is_white = set(text[start:end]) <= set(self.white)
            if any(start < border < end for border in borders) and not is_white:
                return False
        word: list[str] = []
        marks = [mark for rule, start, end in spans for mark in ((start, f"<{rule}"), (end, f">{rule}"))]
        for name, start, _ in lexemes:
            if name.startswith("IGNORED"):
                continue
            while marks and marks[0][0] <= start:
                word.append(marks.pop(0)[1])
            word.append(name)
        word += [mark for _, mark in marks]
        return derives({name: [tuple(side) for side in sides] for name, sides in self.rules.items()}, tuple(word))


def derives(rules: Mapping[str, Sequence[tuple[str, ...]]], word: tuple[str, ...]) -> bool:
    """Whether the first rule derives a word in which ``<rule ... >rule`` stands around what a rule derives."""
    spans = {f"<{name}" for name in rules}

    @cache
    def ends(symbol: str, start: int, depth: int) -> frozenset[int]:
        """Where a symbol that begins at a place may end; recursion is cut at a depth that no derivation needs."""
        found: set[int] = set()
        if depth < 0:
            return frozenset()
        if symbol not in rules:
            if start < len(word) and word[start] == symbol:
                found.add(start + 1)
        else:
            for side in rules[symbol]:
                places = {start}
                for part in side:
                    places = {end for place in places for end in ends(part, place, depth - 1)}
                found |= places
        if start < len(word) and word[start] == f"<{symbol}":
            for end in ends(symbol, start + 1, depth - 1):
                if end < len(word) and word[end] == f">{symbol}":
                    found.add(end + 1)
        return frozenset(found)

    assert spans
    return len(word) in ends(next(iter(rules)), 0, 3 * len(word) + 6)


def fillings(form: Form, vocabulary: Vocabulary) -> list[tuple[np.ndarray, list[str]]]:
    """All fillings of a form by tokens with text and the filler, with the texts of its parts."""
    choices = [token for token in range(len(vocabulary)) if vocabulary.bytes(token) or token == vocabulary.filler]
    found = []
    for chosen in product(choices, repeat=int(form.free.sum())):
        tokens = form.tokens.copy()
        tokens[form.free] = chosen
        pieces = [
            vocabulary.decode(tokens[form.offset[place] : form.offset[place + 1]].tolist()).decode()
            for place in range(len(form.parts))
        ]
        found.append((tokens, pieces))
    return found


def valid_fillings(
    form: Form,
    vocabulary: Vocabulary,
    accepts: Callable[[str, Sequence[tuple[str, int, int]]], bool],
) -> list[np.ndarray]:
    """The fillings that are valid; ``accepts`` is asked for the whole text, with the spans of rules in it."""
    found: list[np.ndarray] = []
    verdicts: dict[tuple[str, ...], bool] = {}
    for tokens, pieces in fillings(form, vocabulary):
        key = tuple(pieces)
        if key not in verdicts:
            verdicts[key] = is_valid(form, pieces, accepts)
        if verdicts[key]:
            found.append(tokens)
    return found


def is_valid(form: Form, pieces: Sequence[str], accepts: Callable[[str, Sequence[tuple[str, int, int]]], bool]) -> bool:
    """Whether the texts of the parts are valid together."""
    starts = np.cumsum([0, *map(len, pieces)]).tolist()
    holes = [(place, part) for place, part in enumerate(form.parts) if isinstance(part, Hole)]
    spans = [(part.rule, starts[place], starts[place + 1]) for place, part in holes if part.rule is not None]
    fits = all(is_text_of(part.grammar, pieces[place]) for place, part in holes if part.grammar is not None)
    return fits and accepts("".join(pieces), spans)


def is_text_of(grammar: lw.Grammar, text: str) -> bool:
    """Whether ``re``, or ``json`` for the grammar of that name, takes a text."""
    if grammar.kind == "regex":
        return re.fullmatch(grammar.options["pattern"], text) is not None
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def admissible(valid: Sequence[np.ndarray], form: Form, vocabulary: Vocabulary) -> np.ndarray:
    """[N, V] tokens of the fillings."""
    found = np.zeros((len(form.tokens), len(vocabulary)), np.bool_)
    for tokens in valid:
        found[np.arange(len(tokens)), tokens] = True
    return found
