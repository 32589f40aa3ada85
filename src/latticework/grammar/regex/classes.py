r"""Character classes on which ECMA-262 and Python agree.

``\d``, ``\w`` and ``\s`` mean ASCII (or a fixed list of blanks) in ECMA-262 and Unicode properties in
Python's ``re``, which is what Python validators run. A text must satisfy both readings, so each
class is kept as two sets: ``inner`` lies inside both readings, ``outer`` covers both. A positive
use takes ``inner``, a negated one the complement of ``outer``.

The tables follow Unicode 15.0 and stay inside what later versions agree with: they are checked
against ``re`` in the tests.
"""

from __future__ import annotations

from functools import lru_cache
from sys import maxunicode
from typing import NamedTuple
from unicodedata import category

from latticework.grammar.ranges import Ranges, complement_ranges, normalise_ranges


class ClassSet(NamedTuple):
    """A class as seen by two dialects: ``inner`` is in both, ``outer`` in at least one."""

    inner: Ranges
    outer: Ranges


def exact(ranges: list[tuple[int, int]] | Ranges) -> ClassSet:
    """A class all dialects agree on."""
    normal = normalise_ranges(ranges)
    return ClassSet(normal, normal)


def negated(klass: ClassSet) -> ClassSet:
    """The complement, seen by the same two dialects."""
    return ClassSet(complement_ranges(klass.outer), complement_ranges(klass.inner))


EVERYTHING = exact(((0, maxunicode),))

# Every decimal digit of Unicode (Nd) stands in a run of ten; U+1D7CE starts five runs.
_DECIMAL_ZEROS = (
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136,
    0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0,
    0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8,
    0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
)  # fmt: skip

# Code points that no dialect and no Unicode version calls a word character: ASCII and Latin-1
# punctuation, general punctuation, currency, arrows, operators, boxes, symbols, emoji, private use.
_NEVER_WORD = (
    (0x00, 0x2F), (0x3A, 0x40), (0x5B, 0x5E), (0x60, 0x60), (0x7B, 0xA9), (0xAB, 0xB1), (0xB4, 0xB4), (0xB6, 0xB8),
    (0xBB, 0xBB), (0xBF, 0xBF), (0xD7, 0xD7), (0xF7, 0xF7), (0x1680, 0x1680), (0x2000, 0x206F), (0x20A0, 0x20C0),
    (0x2190, 0x2426), (0x2500, 0x2775), (0x2794, 0x2BFF), (0x3000, 0x3004), (0x3008, 0x3020), (0xE000, 0xF8FF),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F900, 0x1FAFF),
)  # fmt: skip

_ASCII_DIGITS = ((0x30, 0x39),)
_ASCII_WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_BLANKS = (
    (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000),
)  # fmt: skip
_BLANKS_OF_ONE_DIALECT = ((0x1C, 0x1F), (0x85, 0x85), (0xFEFF, 0xFEFF))

DIGIT = ClassSet(_ASCII_DIGITS, normalise_ranges((zero, zero + 9) for zero in _DECIMAL_ZEROS))
WORD = ClassSet(_ASCII_WORD, complement_ranges(_NEVER_WORD))
SPACE = ClassSet(_BLANKS, normalise_ranges(_BLANKS + _BLANKS_OF_ONE_DIALECT))

# As Python reads them under its flag "a".
ASCII_DIGIT, ASCII_WORD, ASCII_SPACE = map(exact, (_ASCII_DIGITS, _ASCII_WORD, ((0x09, 0x0D), (0x20, 0x20))))

CLASS_ESCAPES = {
    "d": DIGIT,
    "D": negated(DIGIT),
    "w": WORD,
    "W": negated(WORD),
    "s": SPACE,
    "S": negated(SPACE),
}
ASCII_ESCAPES = {
    "d": ASCII_DIGIT,
    "D": negated(ASCII_DIGIT),
    "w": ASCII_WORD,
    "W": negated(ASCII_WORD),
    "s": ASCII_SPACE,
    "S": negated(ASCII_SPACE),
}

# ECMA-262 line terminators; Python knows the line feed alone.
LINE_END = ClassSet(((0x0A, 0x0A),), ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)))
DOT = negated(LINE_END)

_SUBCATEGORIES = {"L": "ultmo", "M": "nce", "N": "dlo", "P": "cdseifo", "S": "mcko", "Z": "slp", "C": "cfon"}
_GENERAL_CATEGORIES = frozenset(major + minor for major, minors in _SUBCATEGORIES.items() for minor in minors)
_LONG_NAMES = {
    "Letter": "L", "Lowercase_Letter": "Ll", "Uppercase_Letter": "Lu", "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn",
    "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd",
    "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc",
    "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps", "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi",
    "Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc",
    "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs", "Line_Separator": "Zl",
    "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf", "Unassigned": "Cn",
    "Private_Use": "Co",
}  # fmt: skip


@lru_cache(maxsize=64)
def general_category(name: str) -> ClassSet | None:
    r"""Class of ``\p{name}``, a general category by its short or long name; ``None`` if unknown.

    Follows the Unicode version of the running Python. The first use of a name costs about 0.1 s.
    """
    if name == "Any":
        return EVERYTHING
    name = name.removeprefix("General_Category=").removeprefix("gc=")
    short = _LONG_NAMES.get(name, name)
    wanted = {known for known in _GENERAL_CATEGORIES if known == short or known[0] == short}
    if not wanted:
        return None
    points = [point for point in range(maxunicode + 1) if category(chr(point)) in wanted]
    return exact(normalise_ranges(zip(points, points, strict=True)))
