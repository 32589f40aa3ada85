"""Strings and numbers the way the options want them written, as IR."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from latticework.errors import InputError
from latticework.grammar import ir

QUOTE = ir.Literal(b'"')
DIGIT = ir.Chars(((0x30, 0x39),))
NONZERO = ir.Chars(((0x31, 0x39),))
MINUS = ir.Literal(b"-")

INTEGER_DIGITS = 19
FRACTION_DIGITS = 17
EXPONENT_DIGITS = 2

_ZERO = ir.Literal(b"0")
_OPTIONAL_MINUS = ir.Alt((ir.EMPTY, MINUS))
_SIGN = ir.Alt((ir.EMPTY, ir.Chars(((0x2B, 0x2B), (0x2D, 0x2D)))))
_EXPONENT = ir.Alt(
    (ir.EMPTY, ir.Seq((ir.Chars(((0x45, 0x45), (0x65, 0x65))), _SIGN, ir.Repeat(DIGIT, 1, EXPONENT_DIGITS))))
)


class Digits(NamedTuple):
    """Most digits before and after the point that an option asks for; ``None``: the bound every number has.

    With either given, no exponent is written.
    """

    integer: int | None = None
    fraction: int | None = None

    @property
    def most_integer(self) -> int:
        return INTEGER_DIGITS if self.integer is None else self.integer

    @property
    def most_fraction(self) -> int:
        return FRACTION_DIGITS if self.fraction is None else self.fraction

    @property
    def integers(self) -> ir.Node:
        """Any integer; never ``-0``."""
        return _integers(self.most_integer)

    @property
    def magnitudes(self) -> ir.Node:
        """Any number without sign."""
        return _magnitudes(self)

    @property
    def numbers(self) -> ir.Node:
        """Any number."""
        return _numbers(self)

    @property
    def integer_narrowing(self) -> str:
        return f"integers: at most {self.most_integer} digits, written without fraction and exponent"

    @property
    def number_narrowing(self) -> str:
        exponent = f"{EXPONENT_DIGITS} in the exponent" if self == Digits() else "no exponent"
        return f"numbers: at most {self.most_integer} digits, {self.most_fraction} after the point, {exponent}"


NO_BOUNDS = Digits()


@dataclass(frozen=True, slots=True)
class Scalars:
    """How strings and numbers are written where the schema leaves it open; immutable and hashable.

    Attributes:
        all_escapes: any escape of JSON may be written where its character may; else only those JSON needs.
        max_length: most characters of a string that is a value.
        digits: most digits of a number.
    """

    all_escapes: bool = True
    max_length: int | None = None
    digits: Digits = NO_BOUNDS

    @property
    def text(self) -> ir.Node:
        """What stands between the quotes of any string, of any length."""
        return _text(self.all_escapes)

    @property
    def string(self) -> ir.Node:
        """Any string."""
        return _string(self.all_escapes, self.max_length)

    @property
    def length_narrowing(self) -> str:
        return f"strings: at most {self.max_length} characters (max_string_length)"


DEFAULT_SCALARS = Scalars()


def scalars_of(
    escapes: str, max_string_length: int | None, max_integer_digits: int | None, max_fraction_digits: int | None
) -> Scalars:
    """What the options ask for.

    Raises:
        InputError: an unknown name or a bound out of its range.
    """
    if escapes not in ("any", "minimal"):
        raise InputError(f"escapes is 'any' or 'minimal', not {escapes!r}")
    for name, value, low, high in (
        ("max_string_length", max_string_length, 0, 1 << 20),
        ("max_integer_digits", max_integer_digits, 1, INTEGER_DIGITS),
        ("max_fraction_digits", max_fraction_digits, 0, FRACTION_DIGITS),
    ):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high):
            raise InputError(f"{name} is {low} to {high}, not {value!r}")
    return Scalars(escapes == "any", max_string_length, Digits(max_integer_digits, max_fraction_digits))


@lru_cache(maxsize=2)
def _text(all_escapes: bool) -> ir.Node:
    return ir.Repeat(ir.JsonChars(((0, ir.MAX_CODE_POINT),), all_escapes), 0, None)


@lru_cache(maxsize=256)
def _string(all_escapes: bool, max_length: int | None) -> ir.Node:
    text = _text(all_escapes)
    content = text if max_length is None else ir.Counted(text, 0, max_length)
    return ir.Seq((QUOTE, ir.Alone(ir.Seq((content, QUOTE)))))


def _positive(digits: int) -> ir.Node:
    return ir.Seq((NONZERO, ir.Repeat(DIGIT, 0, digits - 1)))


@lru_cache(maxsize=64)
def _integers(digits: int) -> ir.Node:
    return ir.Alone(ir.Alt((_ZERO, ir.Seq((_OPTIONAL_MINUS, _positive(digits))))))


@lru_cache(maxsize=64)
def _magnitudes(digits: Digits) -> ir.Node:
    parts: list[ir.Node] = [ir.Alt((_ZERO, _positive(digits.most_integer)))]
    if digits.most_fraction:
        parts.append(ir.Alt((ir.EMPTY, ir.Seq((ir.Literal(b"."), ir.Repeat(DIGIT, 1, digits.most_fraction))))))
    return ir.Seq((*parts, _EXPONENT) if digits == NO_BOUNDS else parts)


@lru_cache(maxsize=64)
def _numbers(digits: Digits) -> ir.Node:
    return ir.Alone(ir.Seq((_OPTIONAL_MINUS, _magnitudes(digits))))
