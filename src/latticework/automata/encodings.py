r"""Byte spellings of code point ranges: UTF-8, and the escapes of a JSON string.

A *spelling* is a tuple of inclusive byte ranges; a range of code points becomes a list of spellings
whose languages are disjoint and which together spell every code point of the range once per spelling
style. The UTF-8 split follows the well-formed byte sequences of the Unicode Standard, table 3-7.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from latticework.grammar.ir import MAX_CODE_POINT, SURROGATES, Chars, JsonChars, Ranges

Spelling: TypeAlias = tuple[tuple[int, int], ...]

QUOTE, BACKSLASH = 0x22, 0x5C
SHORT_ESCAPES = {0x08: b"b", 0x09: b"t", 0x0A: b"n", 0x0C: b"f", 0x0D: b"r", QUOTE: b'"', BACKSLASH: b"\\"}
FIRST_ASTRAL = 0x10000


# One row per node, children first, the root last: (low byte, high byte, child row), child -1 = the end.
Template: TypeAlias = tuple[tuple[tuple[int, int, int], ...], ...]


@lru_cache(maxsize=4096)
def utf8_template(ranges: Ranges) -> Template:
    """Minimal acyclic automaton of :func:`utf8_spellings`; computed once per set of characters."""
    return _template(utf8_spellings(ranges))


@lru_cache(maxsize=4096)
def json_template(ranges: Ranges, all_escapes: bool) -> Template:
    """Minimal acyclic automaton of :func:`json_spellings`; computed once per set of characters."""
    return _template(json_spellings(ranges, all_escapes))


def template_of(node: Chars | JsonChars) -> Template:
    """The spellings of one character of the node."""
    return json_template(node.ranges, node.all_escapes) if isinstance(node, JsonChars) else utf8_template(node.ranges)


def _template(spellings: tuple[Spelling, ...]) -> Template:
    rows: dict[tuple[tuple[int, int, int], ...], int] = {}

    def cons(tails: tuple[Spelling, ...]) -> int:
        if tails == ((),):
            return -1
        groups: dict[tuple[int, int], list[Spelling]] = {}
        for spelling in tails:
            groups.setdefault(spelling[0], []).append(spelling[1:])
        row = tuple(sorted((low, high, cons(tuple(rest))) for (low, high), rest in groups.items()))
        return rows.setdefault(row, len(rows))

    cons(spellings)
    return tuple(rows)


def utf8_spellings(ranges: Ranges) -> tuple[Spelling, ...]:
    """Well-formed UTF-8 of the code points in ``ranges`` (no surrogates inside)."""
    out: list[Spelling] = []
    for low, high in ranges:
        _split_utf8(low, high, out)
    return tuple(out)


def _split_utf8(low: int, high: int, out: list[Spelling]) -> None:
    for last in (0x7F, 0x7FF, 0xFFFF):
        if low <= last < high:
            _split_utf8(low, last, out)
            _split_utf8(last + 1, high, out)
            return
    if high < 0x80:
        out.append(((low, high),))
        return
    length = len(chr(low).encode())
    for tail in range(1, length):
        mask = (1 << (6 * tail)) - 1
        if low & ~mask != high & ~mask:
            if low & mask:
                _split_utf8(low, low | mask, out)
                _split_utf8((low | mask) + 1, high, out)
                return
            if high & mask != mask:
                _split_utf8(low, (high & ~mask) - 1, out)
                _split_utf8(high & ~mask, high, out)
                return
    out.append(tuple(zip(chr(low).encode(), chr(high).encode(), strict=True)))


def json_spellings(ranges: Ranges, all_escapes: bool) -> tuple[Spelling, ...]:
    r"""Spellings of the code points inside a JSON string (RFC 8259 section 7).

    With ``all_escapes``: raw where allowed, short escapes (``\/`` too), ``\uXXXX`` in either case and
    surrogate pairs. Else one spelling per code point, up to the case of hexadecimal digits.
    """
    out: list[Spelling] = []
    for low, high in ranges:
        for raw_low, raw_high in ((0x20, QUOTE - 1), (QUOTE + 1, BACKSLASH - 1), (BACKSLASH + 1, MAX_CODE_POINT)):
            first, last = max(low, raw_low), min(high, raw_high)
            if first <= last:
                _split_utf8_without_surrogates(first, last, out)
        for code, letter in SHORT_ESCAPES.items():
            if low <= code <= high:
                out.append(((BACKSLASH, BACKSLASH), (letter[0], letter[0])))
        if all_escapes:
            if low <= 0x2F <= high:
                out.append(((BACKSLASH, BACKSLASH), (0x2F, 0x2F)))
            _unicode_escapes(low, min(high, FIRST_ASTRAL - 1), out)
            if high >= FIRST_ASTRAL:
                _surrogate_pairs(max(low, FIRST_ASTRAL), high, out)
        else:
            for code in range(low, min(high, 0x1F) + 1):
                if code not in SHORT_ESCAPES:
                    _unicode_escapes(code, code, out)
    return tuple(out)


def _split_utf8_without_surrogates(low: int, high: int, out: list[Spelling]) -> None:
    if low < SURROGATES[0]:
        _split_utf8(low, min(high, SURROGATES[0] - 1), out)
    if high > SURROGATES[1]:
        _split_utf8(max(low, SURROGATES[1] + 1), high, out)


def _unicode_escapes(low: int, high: int, out: list[Spelling]) -> None:
    prefix: Spelling = ((BACKSLASH, BACKSLASH), (0x75, 0x75))
    for digits in _hex_digits(low, high, 4):
        out.extend(prefix + spelled for spelled in _spell_digits(digits))


def _surrogate_pairs(low: int, high: int, out: list[Spelling]) -> None:
    first, last = low - FIRST_ASTRAL, high - FIRST_ASTRAL
    if first >> 10 != last >> 10:
        if first & 0x3FF:
            middle = (first | 0x3FF) + 1
            _surrogate_pairs(low, middle - 1 + FIRST_ASTRAL, out)
            _surrogate_pairs(middle + FIRST_ASTRAL, high, out)
            return
        if last & 0x3FF != 0x3FF:
            middle = last & ~0x3FF
            _surrogate_pairs(low, middle - 1 + FIRST_ASTRAL, out)
            _surrogate_pairs(middle + FIRST_ASTRAL, high, out)
            return
    highs: list[Spelling] = []
    lows: list[Spelling] = []
    _unicode_escapes(0xD800 + (first >> 10), 0xD800 + (last >> 10), highs)
    _unicode_escapes(0xDC00 + (first & 0x3FF), 0xDC00 + (last & 0x3FF), lows)
    out.extend(a + b for a in highs for b in lows)


def _hex_digits(low: int, high: int, length: int) -> list[Spelling]:
    """Digit ranges (0..15) of ``length`` hexadecimal digits that spell exactly ``low..high``."""
    if low > high:
        return []
    if length == 1:
        return [((low, high),)]
    unit = 1 << (4 * (length - 1))
    first, last = low // unit, high // unit
    if first == last:
        return [((first, first), *rest) for rest in _hex_digits(low % unit, high % unit, length - 1)]
    out: list[Spelling] = []
    if low % unit:
        out += [((first, first), *rest) for rest in _hex_digits(low % unit, unit - 1, length - 1)]
        first += 1
    whole_last = last if high % unit == unit - 1 else last - 1
    if first <= whole_last:
        out.append(((first, whole_last), *((0, 15),) * (length - 1)))
    if whole_last != last:
        out += [((last, last), *rest) for rest in _hex_digits(0, high % unit, length - 1)]
    return out


def _spell_digits(digits: Spelling) -> list[Spelling]:
    out: list[Spelling] = [()]
    for low, high in digits:
        letters: list[tuple[int, int]] = []
        if low <= 9:
            letters.append((0x30 + low, 0x30 + min(high, 9)))
        if high >= 10:
            first = max(low, 10) - 10
            letters += [(0x41 + first, 0x41 + high - 10), (0x61 + first, 0x61 + high - 10)]
        out = [(*done, letter) for done in out for letter in letters]
    return out
