"""Given values (``enum``, ``const``) and any value at all, as IR."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from latticework.grammar import arrangement, ir
from latticework.grammar.json_schema import unordered
from latticework.grammar.json_schema.style import Style

MAX_GIVEN = 5  # keys of a given object that stand in any order within an automaton
MAX_LAZY = 20  # given arrays and objects, in which all keys of objects stand in any order
NULL = ir.Literal(b"null")
BOOLEAN = ir.Words((b"true", b"false"))
_NAMES = ir.Alone(ir.Words((b"true", b"false", b"null")))  # once for all levels of any value


def anything(kind: str, style: Style, depth: int, level: int, mixed: int | None = None) -> ir.Node:
    """Any ``"value"``, ``"object"`` or ``"array"`` with containers nested at most ``depth`` deep, at ``level``.

    Arrays stand directly in arrays only in the outer ``mixed`` levels (``None``: in all): what nests deeper rarely has
    any, and a level without them costs half.
    """
    make = {"value": any_value, "object": any_object, "array": any_array}[kind]
    return make(style, depth, level, depth if mixed is None else min(mixed, depth))


@lru_cache(maxsize=256)
def any_value(style: Style, depth: int, level: int, mixed: int) -> ir.Node:
    """Any JSON value with containers nested at most ``depth`` deep, standing at ``level``."""
    return ir.Alone(_value(style, depth, level, mixed))


@lru_cache(maxsize=256)
def any_object(style: Style, depth: int, level: int, mixed: int) -> ir.Node:
    """Any object, itself the first of ``depth`` levels of nesting."""
    return ir.Alone(_object(style, depth, level, mixed))


@lru_cache(maxsize=256)
def any_array(style: Style, depth: int, level: int, mixed: int) -> ir.Node:
    """Any array, itself the first of ``depth`` levels of nesting."""
    return ir.Alone(_array(style, depth, level, mixed))


@lru_cache(maxsize=256)
def _value(style: Style, depth: int, level: int, mixed: int, in_array: bool = False) -> ir.Node:
    options: list[ir.Node] = [style.scalars.string, style.scalars.digits.numbers, _NAMES]
    if depth > 0:
        options.append(_object(style, depth, level, mixed))
        if mixed > 0 or not in_array:
            options.append(_array(style, depth, level, mixed))
    return ir.Alt(options)


def _object(style: Style, depth: int, level: int, mixed: int) -> ir.Node:
    return object_of(style, _value(style, depth - 1, level + 1, mixed - 1), level)


def _array(style: Style, depth: int, level: int, mixed: int) -> ir.Node:
    return array_of(style, _value(style, depth - 1, level + 1, mixed - 1, in_array=True), level)


def scalars(style: Style) -> list[ir.Node]:
    """Any string, any number, true, false and null."""
    return [style.scalars.string, style.scalars.digits.numbers, BOOLEAN, NULL]


def object_of(style: Style, inner: ir.Node, level: int) -> ir.Node:
    """Any keys, each with a value of ``inner``."""
    pair = style.member(ir.Seq((ir.JsonKey((), style.scalars.all_escapes), style.colon, inner)))
    low = 1 if style.by_level else 0
    return style.container("{}", ir.Join(pair, style.comma(level + 1), low, None), True, level)


def array_of(style: Style, inner: ir.Node, level: int) -> ir.Node:
    """Any number of items of ``inner``."""
    inner = style.member(inner)
    low = 1 if style.by_level else 0
    return style.container("[]", ir.Join(inner, style.comma(level + 1), low, None), True, level)


def one_of(values: list[Any], style: Style, level: int, arranged: int = 0, lazy: bool = False) -> ir.Node:
    """Exactly these values, each in its canonical text (``json.dumps``); with free blanks, also spread out.

    ``arranged``: the keys of objects in any order, where all of them together weigh no more (see :mod:`.unordered`).
    ``lazy``: larger objects are :class:`.ir.Unordered`, where there are few containers.

    Raises:
        UnicodeEncodeError, ValueError: a value has no text, see :meth:`Style.dumps`.
    """
    containers = [value for value in values if isinstance(value, (dict, list))]
    lazy = lazy and len(containers) <= MAX_LAZY
    if not containers or not (style.max_blanks or arranged or lazy):
        return ir.Words(style.dumps(value, level) for value in values)
    plain = [value for value in values if not isinstance(value, (dict, list))]
    share = arranged // len(containers)
    spread = [_spread(value, style, level, share, lazy) for value in containers]
    return ir.Alt([ir.Words(style.dumps(value) for value in plain), *spread])


def _spread(value: Any, style: Style, level: int, arranged: int, lazy: bool) -> ir.Node:
    if not isinstance(value, (dict, list)):
        return ir.Literal(style.dumps(value))
    brackets = "{}" if isinstance(value, dict) else "[]"
    if not value:
        return style.empty(brackets)
    comma = style.comma(level + 1)
    if isinstance(value, dict):
        members = [
            style.member(
                ir.Seq((ir.Literal(style.dumps(k)), style.colon, _spread(v, style, level + 1, arranged, lazy)))
            )
            for k, v in value.items()
        ]
        if arranged and len(members) <= MAX_GIVEN and unordered.is_worth_it(members, arranged):
            content = arrangement.unordered([(member, True) for member in members], None, comma)
            return style.container(brackets, content, False, level)
    else:
        members = [style.member(_spread(member, style, level + 1, arranged, lazy)) for member in value]
    needed = [(member, True) for member in members]
    content = ir.Ordered(needed, comma)
    if lazy and isinstance(value, dict) and len(value) > 1:
        content = ir.Unordered(value, needed, comma, otherwise=content)
    return style.container(brackets, content, False, level)
