"""Spellings of characters against Python's own UTF-8 and JSON."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.grammar import ir

CODE_POINTS = st.one_of(
    st.integers(0, 0x7F), st.integers(0x80, 0xFFFF), st.integers(0x10000, 0x10FFFF), st.sampled_from([0xD7FF, 0xE000])
).filter(lambda c: not 0xD800 <= c <= 0xDFFF)
RANGES = st.lists(st.tuples(CODE_POINTS, CODE_POINTS).map(lambda p: (min(p), max(p))), min_size=1, max_size=4)


def spellings(char: str) -> set[bytes]:
    """Every way to write one character inside a JSON string."""
    escapes = {'"': '"', "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
    units = char.encode("utf-16-be")
    hexes = [f"{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2)]
    out = {"".join("\\u" + h for h in hexes), "".join("\\u" + h.upper() for h in hexes)}
    if char in escapes:
        out.add("\\" + escapes[char])
    if char not in '"\\' and ord(char) >= 0x20:
        out.add(char)
    return {text.encode() for text in out}


@given(RANGES, CODE_POINTS)
@settings(max_examples=150, deadline=None)
def test_utf8_ranges(ranges: list[tuple[int, int]], code: int) -> None:
    inside = any(low <= code <= high for low, high in ranges)
    automaton = build_automaton(ir.Chars(ranges))
    assert run.accepts(automaton, chr(code).encode()) == inside
    for low, high in ranges:
        assert run.accepts(automaton, chr(low).encode())
        assert run.accepts(automaton, chr(high).encode())


@given(RANGES, CODE_POINTS)
@settings(max_examples=150, deadline=None)
def test_json_spellings(ranges: list[tuple[int, int]], code: int) -> None:
    free = build_automaton(ir.JsonChars(ranges, all_escapes=True))
    canonical = build_automaton(ir.JsonChars(ranges))
    for low, high in ((code, code), *ranges):
        for one in (low, high):
            inside = any(a <= one <= b for a, b in ranges)
            for spelling in spellings(chr(one)):
                assert json.loads(b'"' + spelling + b'"') == chr(one)
                assert run.accepts(free, spelling) == inside, spelling
            written = json.dumps(chr(one), ensure_ascii=False)[1:-1].encode()
            assert run.accepts(canonical, written) == inside, written


def test_raw_controls_lone_surrogates_and_bad_utf8_are_out() -> None:
    string = ir.Seq(
        (ir.Literal(b'"'), ir.Repeat(ir.JsonChars([(0, ir.MAX_CODE_POINT)], True), 0, None), ir.Literal(b'"'))
    )
    automaton = build_automaton(string)
    for bad in (b"\n", b"\x00", b"\\ud800", b"\\udc00", b"\\ud800x", b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\\x41"):
        assert not run.accepts(automaton, b'"' + bad + b'"'), bad
    assert run.accepts(automaton, b'"\\ud83d\\ude00"')


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=100, deadline=None)
def test_lengths_count_decoded_code_points(text: str, low: int, extra: int) -> None:
    chars = ir.Repeat(ir.JsonChars([(0, ir.MAX_CODE_POINT)], True), 0, None)
    grammar = ir.Seq((ir.Literal(b'"'), ir.Counted(chars, low, low + extra), ir.Literal(b'"')))
    automaton = build_automaton(grammar)
    for ascii_only in (True, False):
        spelled = json.dumps(text, ensure_ascii=ascii_only).encode()
        assert run.accepts(automaton, spelled) == (low <= len(text) <= low + extra)


KEYS = st.lists(st.text(st.sampled_from('ab"\\\nÿ😀'), max_size=4), max_size=4)


@given(KEYS, KEYS)
@settings(max_examples=150, deadline=None)
def test_excluded_keys_stay_out_however_they_are_spelt(excluded: list[str], others: list[str]) -> None:
    automaton = build_automaton(ir.JsonKey(excluded))
    for key in excluded + others:
        canonical = json.dumps(key, ensure_ascii=False).encode()
        assert run.accepts(automaton, canonical) == (key not in excluded), key
        for spelled in (json.dumps(key), '"' + "".join(f"\\u{ord(c):04x}" for c in key if ord(c) < 0x10000) + '"'):
            if run.accepts(automaton, spelled.encode()):
                assert json.loads(spelled) not in excluded
