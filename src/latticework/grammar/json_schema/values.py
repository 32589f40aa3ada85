"""Given values (``enum``, ``const``) and any value at all, as IR."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from latticework.grammar import ir
from latticework.grammar.json_schema.style import Style

ANY_TEXT_CHAR = ir.JsonChars(((0, ir.MAX_CODE_POINT),), all_escapes=True)
QUOTE = ir.Literal(b'"')
STRING = ir.Seq((QUOTE, ir.Alone(ir.Seq((ir.Repeat(ANY_TEXT_CHAR, 0, None), QUOTE)))))
ANY_KEY = ir.JsonKey(())
DIGIT = ir.Chars(((0x30, 0x39),))
NONZERO = ir.Chars(((0x31, 0x39),))
NULL = ir.Literal(b"null")
BOOLEAN = ir.Words((b"true", b"false"))

INTEGER_DIGITS = 19
FRACTION_DIGITS = 17
EXPONENT_DIGITS = 2

MINUS = ir.Literal(b"-")
_OPTIONAL_MINUS = ir.Alt((ir.EMPTY, MINUS))
_POSITIVE_INTEGER = ir.Seq((NONZERO, ir.Repeat(DIGIT, 0, INTEGER_DIGITS - 1)))
_WHOLE = ir.Alt((ir.Literal(b"0"), _POSITIVE_INTEGER))
_FRACTION = ir.Alt((ir.EMPTY, ir.Seq((ir.Literal(b"."), ir.Repeat(DIGIT, 1, FRACTION_DIGITS)))))
_SIGN = ir.Alt((ir.EMPTY, ir.Chars(((0x2B, 0x2B), (0x2D, 0x2D)))))
_EXPONENT = ir.Alt(
    (ir.EMPTY, ir.Seq((ir.Chars(((0x45, 0x45), (0x65, 0x65))), _SIGN, ir.Repeat(DIGIT, 1, EXPONENT_DIGITS))))
)
INTEGER = ir.Alone(ir.Alt((ir.Literal(b"0"), ir.Seq((_OPTIONAL_MINUS, _POSITIVE_INTEGER)))))
MAGNITUDE = ir.Seq((_WHOLE, _FRACTION, _EXPONENT))
NUMBER = ir.Alone(ir.Seq((_OPTIONAL_MINUS, MAGNITUDE)))

INTEGER_NARROWING = f"integers: at most {INTEGER_DIGITS} digits, written without fraction and exponent"
NUMBER_NARROWING = (
    f"numbers: at most {INTEGER_DIGITS} digits, {FRACTION_DIGITS} after the point, {EXPONENT_DIGITS} in the exponent"
)


@lru_cache(maxsize=256)
def any_value(style: Style, depth: int, level: int) -> ir.Node:
    """Any JSON value with containers nested at most ``depth`` deep, standing at ``level``."""
    return ir.Alone(_value(style, depth, level))


@lru_cache(maxsize=256)
def any_object(style: Style, depth: int, level: int) -> ir.Node:
    """Any object, itself the first of ``depth`` levels of nesting."""
    return ir.Alone(_object(style, depth, level))


@lru_cache(maxsize=256)
def any_array(style: Style, depth: int, level: int) -> ir.Node:
    """Any array, itself the first of ``depth`` levels of nesting."""
    return ir.Alone(_array(style, depth, level))


@lru_cache(maxsize=256)
def _value(style: Style, depth: int, level: int) -> ir.Node:
    options = [STRING, NUMBER, BOOLEAN, NULL]
    if depth > 0:
        options += [_object(style, depth, level), _array(style, depth, level)]
    return ir.Alt(options)


def _object(style: Style, depth: int, level: int) -> ir.Node:
    inner = _value(style, depth - 1, level + 1)
    pair = style.member(ir.Seq((ANY_KEY, style.colon, inner)))
    low = 1 if style.by_level else 0
    return style.container("{}", ir.Join(pair, style.comma(level + 1), low, None), True, level)


def _array(style: Style, depth: int, level: int) -> ir.Node:
    inner = style.member(_value(style, depth - 1, level + 1))
    low = 1 if style.by_level else 0
    return style.container("[]", ir.Join(inner, style.comma(level + 1), low, None), True, level)


def one_of(values: list[Any], style: Style, level: int) -> ir.Node:
    """Exactly these values, each in its canonical text (``json.dumps``); with free blanks, also spread out.

    Raises:
        UnicodeEncodeError, ValueError: a value has no text, see :meth:`Style.dumps`.
    """
    if not style.max_blanks or not any(isinstance(value, (dict, list)) for value in values):
        return ir.Words(style.dumps(value, level) for value in values)
    plain = [value for value in values if not isinstance(value, (dict, list))]
    spread = [_spread(value, style) for value in values if isinstance(value, (dict, list))]
    return ir.Alt([ir.Words(style.dumps(value) for value in plain), *spread])


def _spread(value: Any, style: Style) -> ir.Node:
    if not isinstance(value, (dict, list)):
        return ir.Literal(style.dumps(value))
    brackets = "{}" if isinstance(value, dict) else "[]"
    if not value:
        return style.empty(brackets)
    if isinstance(value, dict):
        members = [ir.Seq((ir.Literal(style.dumps(k)), style.colon, _spread(v, style))) for k, v in value.items()]
    else:
        members = [_spread(member, style) for member in value]
    content = ir.Ordered([(style.member(member), True) for member in members], style.comma(0))
    return style.container(brackets, content, False, 0)
