"""Random rules over three letters, in both grammar languages, and their short texts worked out by definition."""

from __future__ import annotations

from itertools import product

from hypothesis import strategies as st
from recogniser import Recogniser

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.automata.run import accepts

LONGEST = 4
LETTERS = "abc"


def texts(alphabet: str, longest: int) -> list[str]:
    """All texts of at most that many characters."""
    return ["".join(word) for length in range(longest + 1) for word in product(alphabet, repeat=length)]


def accepted(grammar: lw.Grammar) -> frozenset[str]:
    """The texts of a grammar that :func:`short_texts` knows about."""
    words = texts(LETTERS, LONGEST)
    if grammar.context_free is None:
        automaton = build_automaton(grammar.node)
        return frozenset(word for word in words if accepts(automaton, word.encode()))
    recogniser = Recogniser(grammar)
    return frozenset(word for word in words if recogniser.accepts(word))


def short_texts(rules: dict[str, tuple]) -> dict[str, frozenset[str]]:
    """The texts of at most ``LONGEST`` letters that follow from every rule, by iteration to the fixed point."""
    known: dict[str, frozenset[str]] = dict.fromkeys(rules, frozenset())
    while (after := {rule: meaning(body, known) for rule, body in rules.items()}) != known:
        known = after
    return known


# Expressions as nested tuples; a name stands for a rule.
LEAVES = st.sampled_from([("text", letter) for letter in LETTERS] + [("name", rule) for rule in ("start", "x", "y")])


def larger(inner: st.SearchStrategy) -> st.SearchStrategy:
    bounds = st.tuples(st.integers(0, 2), st.integers(0, 3)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    return st.one_of(
        st.tuples(st.just("sequence"), st.lists(inner, max_size=3)),
        st.tuples(st.just("choice"), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.sampled_from("?*+"), inner),
        st.tuples(st.just("~"), inner, bounds),
    )


EXPRESSIONS = st.recursive(LEAVES, larger, max_leaves=6)


RULES = st.fixed_dictionaries({"start": EXPRESSIONS, "x": EXPRESSIONS, "y": EXPRESSIONS})


def lark_text(rules: dict[str, tuple]) -> str:
    """The rules in the Lark language."""
    return "\n".join(f"{rule}: {written(body, '~{}..{}')}" for rule, body in rules.items())


def gbnf_text(rules: dict[str, tuple]) -> str:
    """The rules in GBNF."""
    return "\n".join(f"{rule} ::= {written(body, '{{{},{}}}')}" for rule, body in rules.items())


def written(expression: tuple, bounds: str) -> str:
    match expression:
        case ("text", letter):
            return f'"{letter}"'
        case ("name", rule):
            return rule
        case ("sequence", parts):
            return "(" + " ".join(written(part, bounds) for part in parts) + ")"
        case ("choice", options):
            return "(" + " | ".join(written(option, bounds) for option in options) + ")"
        case ("~", inner, (low, high)):
            return f"({written(inner, bounds)})" + bounds.format(low, high)
        case (sign, inner):
            return f"({written(inner, bounds)}){sign}"
    raise TypeError(expression)


def joined(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    return frozenset(a + b for a in left for b in right if len(a) + len(b) <= LONGEST)


def copies(texts: frozenset[str], low: int, high: int) -> frozenset[str]:
    reached = frozenset(("",))
    found: frozenset[str] = reached if low == 0 else frozenset()
    for count in range(1, high + 1):
        reached = joined(reached, texts)
        if count >= low:
            found |= reached
    return found


def meaning(expression: tuple, known: dict[str, frozenset[str]]) -> frozenset[str]:
    match expression:
        case ("text", letter):
            return frozenset((letter,))
        case ("name", rule):
            return known[rule]
        case ("sequence", parts):
            found = frozenset(("",))
            for part in parts:
                found = joined(found, meaning(part, known))
            return found
        case ("choice", options):
            return frozenset().union(*(meaning(option, known) for option in options))
        case ("?", inner):
            return meaning(inner, known) | {""}
        case ("~", inner, (low, high)):
            return copies(meaning(inner, known), low, high)
        case (sign, inner):
            return copies(meaning(inner, known), sign == "+", LONGEST + 1)
    raise TypeError(expression)
