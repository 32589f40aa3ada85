"""The builder against the slow matcher and Python's ``re``: random grammars, all short strings.

``re`` backtracks exponentially in nested quantifiers, so it judges the grammars with at most one.
"""

from __future__ import annotations

import itertools
import re

from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st
from ir_matcher import matches

from latticework.automata import algebra, run
from latticework.automata.automaton import MAX_LEVELS, ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded
from latticework.grammar import ir

LETTERS = "ab,"
LONGEST = 6
STRINGS = ["".join(t) for n in range(LONGEST + 1) for t in itertools.product(LETTERS, repeat=n)]


def bounds(draw) -> tuple[int, int | None]:
    low = draw(st.sampled_from([0, 0, 1, 2, 3, 4, 5]))
    return low, draw(st.one_of(st.none(), st.integers(low, low + 5)))


def quantifier(low: int, high: int | None) -> str:
    return f"{{{low},{'' if high is None else high}}}"


@st.composite
def grammars(draw, depth: int = 3) -> tuple[ir.Node, str]:
    """A grammar and the pattern that means the same."""
    kinds = ["char", "chars", "word", "empty", "overlap"]
    if depth:
        kinds += ["seq", "alt", "repeat", "repeat", "join", "ordered", "words", "counted", "intersect", "except"]
    kind = draw(st.sampled_from(kinds))
    sub = grammars(depth - 1)
    if kind == "char":
        letter = draw(st.sampled_from("ab"))
        return ir.Chars(((ord(letter), ord(letter)),)), letter
    if kind == "chars":
        return ir.Chars(((97, 98),)), "[ab]"
    if kind == "overlap":
        return ir.Alt((char("a"), char("ab"), ir.Literal(b"ab"))), "(?:a|[ab]|ab)"
    if kind == "word":
        word = draw(st.text("ab,", max_size=3))
        return ir.Literal(word.encode()), re.escape(word)
    if kind == "empty":
        return ir.EMPTY, "(?:)"
    if kind == "words":
        words = draw(st.lists(st.text("ab", max_size=4), min_size=1, max_size=5))
        return ir.Words(w.encode() for w in words), "(?:" + "|".join(words) + ")"
    if kind in ("seq", "alt"):
        parts = draw(st.lists(sub, min_size=1, max_size=3))
        if kind == "seq":
            return ir.Seq(n for n, _ in parts), "".join(f"(?:{p})" for _, p in parts)
        return ir.Alt(n for n, _ in parts), "(?:" + "|".join(f"(?:{p})" for _, p in parts) + ")"
    if kind == "ordered":
        members = draw(st.lists(st.tuples(sub, st.booleans()), min_size=1, max_size=3))
        separator = ir.Literal(b",")
        chosen = []
        for present in itertools.product([True, False], repeat=len(members)):
            if all(p or not required for p, (_, required) in zip(present, members, strict=True)):
                chosen.append(",".join(f"(?:{pat})" for p, ((_, pat), _) in zip(present, members, strict=True) if p))
        return ir.Ordered([(n, r) for (n, _), r in members], separator), "(?:" + "|".join(chosen) + ")"
    low, high = bounds(draw)
    if kind == "counted":
        # Only characters count, so literals are left out of a counted body.
        body = draw(st.sampled_from(["[ab]*", "a*b*", "(?:ab)*a?", "a{2,6}b*"]))
        parsed = {
            "[ab]*": ir.Repeat(char("ab"), 0, None),
            "a*b*": ir.Seq((ir.Repeat(char("a"), 0, None), ir.Repeat(char("b"), 0, None))),
            "(?:ab)*a?": ir.Seq(
                (ir.Repeat(ir.Seq((char("a"), char("b"))), 0, None), ir.Repeat(char("a"), 0, 1)),
            ),
            "a{2,6}b*": ir.Seq((ir.Repeat(char("a"), 2, 6), ir.Repeat(char("b"), 0, None))),
        }[body]
        exact = [s for s in words_of(body) if low <= len(s) <= (99 if high is None else high)]
        return ir.Counted(parsed, low, high), "(?:" + "|".join(exact) + ")" if exact else "(?!)"
    node, pattern = draw(sub)
    if kind == "repeat":
        return ir.Repeat(node, low, high), f"(?:{pattern}){quantifier(low, high)}"
    if kind == "join":
        if high == 0:
            return ir.Join(node, ir.Literal(b","), 0, 0), "(?:)"
        rest = quantifier(max(low - 1, 0), None if high is None else high - 1)
        out = f"(?:{pattern})(?:,(?:{pattern})){rest}"
        return ir.Join(node, ir.Literal(b","), low, high), f"(?:{out})" + ("?" if low == 0 else "")
    other, _ = draw(sub)
    mine = {s for s in STRINGS if matches(node, s.encode())}
    theirs = {s for s in STRINGS if matches(other, s.encode())}
    if kind == "intersect":
        chosen_strings, made = mine & theirs, ir.Intersect((node, other))
    else:
        chosen_strings, made = mine - theirs, ir.Except(node, other)
    return made, "(?:" + "|".join(sorted(chosen_strings)) + ")" if chosen_strings else "(?!)"


def language(automaton: ByteAutomaton) -> set[str]:
    """All accepted strings over the letters, up to the longest length."""
    accepted = set()
    stack = [("", run.START)]
    while stack:
        text, at = stack.pop()
        if run.is_accepting(automaton, at):
            accepted.add(text)
        if len(text) < LONGEST:
            for letter in LETTERS:
                after = run.step(automaton, at, ord(letter))
                if after is not None:
                    stack.append((text + letter, after))
    return accepted


def char(letters: str) -> ir.Node:
    return ir.Chars((ord(c), ord(c)) for c in letters)


def words_of(pattern: str) -> list[str]:
    return [s for n in range(10) for t in itertools.product("ab", repeat=n) if re.fullmatch(pattern, s := "".join(t))]


@given(grammars())
@settings(max_examples=200, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_language_is_that_of_re(pair: tuple[ir.Node, str]) -> None:
    grammar, pattern = pair
    try:
        automaton = build_automaton(grammar)
    except LimitExceeded:
        reject()
    assert automaton.levels.max() <= MAX_LEVELS
    accepted = language(automaton)
    assert accepted == {text for text in STRINGS if matches(grammar, text.encode())}, pattern
    if pattern.count("{") <= 1:
        compiled = re.compile(pattern)
        assert accepted == {text for text in STRINGS if compiled.fullmatch(text)}, pattern


@given(grammars())
@settings(max_examples=150, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_expansion_keeps_the_language(pair: tuple[ir.Node, str]) -> None:
    try:
        automaton = build_automaton(pair[0])
        expanded = algebra.expand(automaton)
    except LimitExceeded:
        reject()  # nested bounds can really need more states than the limit
    assert not expanded.has_counters
    assert language(automaton) == language(expanded)


def test_bounded_repetition_stays_symbolic() -> None:
    wide = build_automaton(ir.Repeat(ir.ANY_CHAR, 10, 30_000))
    assert wide.has_counters
    assert wide.states < 20


def test_items_with_overlapping_beginnings_are_counted() -> None:
    item = ir.Alt((ir.Words([b"a", b"ab"]), char("ab"), ir.Seq((ir.Repeat(char("b"), 4, 9), char("a")))))
    listed = build_automaton(ir.Seq((ir.Literal(b"["), ir.Join(item, ir.Literal(b","), 2, 7), ir.Literal(b"]"))))
    repeated = build_automaton(ir.Seq((ir.Repeat(item, 4, 5), ir.Literal(b"]"))))
    for n in range(1, 10):
        assert run.accepts(listed, b"[" + b",".join([b"ab"] * n) + b"]") == (2 <= n <= 7)
        assert run.accepts(listed, b"[" + b",".join([b"bbbbba"] * n) + b"]") == (2 <= n <= 7)
        assert run.accepts(repeated, b"b" * n + b"]") == (4 <= n <= 5)


def test_one_count_may_follow_another_directly() -> None:
    three = ir.Counted(ir.Repeat(char("ab"), 0, None), 3, 3)
    many = ir.Repeat(char("a"), 4, 6)
    for first, second, lengths in (
        (three, three, {6}),
        (three, many, {7, 8, 9}),
        (many, three, {7, 8, 9}),
        (many, many, {8, 9, 10, 11, 12}),
        (ir.Join(char("a"), ir.EMPTY, 4, 5), three, {7, 8}),
    ):
        automaton = build_automaton(ir.Seq((first, second)))
        assert {n for n in range(20) if run.accepts(automaton, b"a" * n)} == lengths


def test_nested_scopes_and_the_third_level_unrolled() -> None:
    inner = ir.Repeat(char("a"), 4, 5)
    middle = ir.Repeat(ir.Seq((inner, char("b"))), 4, 6)
    outer = ir.Repeat(ir.Seq((middle, ir.Literal(b","))), 4, 7)
    automaton = build_automaton(outer)
    assert automaton.levels.max() == 2
    block = "aaaab" * 4 + ","
    assert run.accepts(automaton, (block * 4).encode())
    assert not run.accepts(automaton, (block * 3).encode())
    assert not run.accepts(automaton, (block * 8).encode())
    assert not run.accepts(automaton, (block * 3 + "aaaaaab" * 4 + ",").encode())
