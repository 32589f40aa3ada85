"""Numeric bounds against exact decimal comparison and against what jsonschema makes of the double."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from ir_matcher import matches
from jsonschema import Draft4Validator, Draft202012Validator
from words import Sampler

from latticework.errors import SchemaError
from latticework.grammar import ir, json_schema
from latticework.grammar.json_schema.decimals import Interval, numbers
from latticework.grammar.json_schema.scalars import Digits

SMALL = st.integers(-2000, 2000)
DECIMALS = st.tuples(SMALL, st.integers(0, 4)).map(lambda pair: Decimal(pair[0]).scaleb(-pair[1]))


def near(bound: Decimal) -> st.SearchStrategy[Decimal]:
    steps = st.tuples(st.integers(-12, 12), st.integers(0, 10)).map(lambda pair: Decimal(pair[0]).scaleb(-pair[1]))
    return steps.map(lambda step: bound + step)


def written(value: Decimal) -> str:
    return format(value if value else abs(value), "f")


@st.composite
def cases(draw: st.DrawFn) -> tuple[Interval, Decimal]:
    low = draw(st.none() | DECIMALS)
    high = draw(st.none() | DECIMALS)
    interval = Interval(low, draw(st.booleans()), high, draw(st.booleans()))
    around = [bound for bound in (low, high) if bound is not None] or [Decimal(0)]
    return interval, draw(near(draw(st.sampled_from(around))) | DECIMALS)


def inside(interval: Interval, value: Decimal) -> bool:
    above = interval.low is None or value > interval.low or (value == interval.low and not interval.low_open)
    below = interval.high is None or value < interval.high or (value == interval.high and not interval.high_open)
    return above and below


@given(cases(), st.booleans())
@settings(max_examples=500, deadline=None)
@example((Interval(Decimal("0.5"), True, Decimal("0.5"), False), Decimal("0.5")), False)
@example((Interval(Decimal(-5), False, Decimal(0), True), Decimal("-0.1")), False)
@example((Interval(Decimal(99), True, Decimal(1000), True), Decimal(100)), True)
@example((Interval(Decimal(1), True), Decimal("1.12345678")), False)
@example((Interval(Decimal(0), True), Decimal("0.000000000001")), False)
def test_numbers_lie_exactly_within_the_bounds(case: tuple[Interval, Decimal], integers: bool) -> None:
    interval, value = case
    text = written(value)
    expected = inside(interval, value) and not (integers and "." in text)
    assert matches(numbers(interval, integers), text.encode()) == expected


@given(cases(), st.integers(0, 6))
@settings(max_examples=500, deadline=None)
@example((Interval(Decimal(1), True), Decimal("1.25")), 2)
@example((Interval(Decimal(0), True), Decimal("0.025")), 2)
@example((Interval(Decimal(0), True, Decimal(1), True), Decimal("0.12345")), 5)
def test_digits_after_the_point_are_bounded_by_an_option(case: tuple[Interval, Decimal], most: int) -> None:
    interval, value = case
    text = written(value)
    expected = inside(interval, value) and len(text.partition(".")[2]) <= most
    assert matches(numbers(interval, False, Digits(None, most)), text.encode()) == expected


@given(cases())
@settings(max_examples=300, deadline=None)
@example((Interval(Decimal(0), True), Decimal("0.00000001")))
def test_trailing_zeros_do_not_change_a_verdict(case: tuple[Interval, Decimal]) -> None:
    interval, value = case
    node = numbers(interval, False)
    text = written(value)
    longer = text + ("00" if "." in text else ".00")
    assume(sum(map(str.isdigit, longer)) <= 15)
    assert matches(node, text.encode()) == matches(node, longer.encode())


@given(cases(), st.booleans(), st.integers(0, 1000))
@settings(max_examples=80, deadline=None)
def test_every_number_written_is_within_the_bounds(case: tuple[Interval, Decimal], integers: bool, seed: int) -> None:
    interval = case[0]
    node = numbers(interval, integers)
    if node == ir.NOTHING:
        assert interval.is_empty or integers
        return
    sampler = Sampler(node, seed)
    for most in (1, 3, 8, 30):
        text = sampler.text(most).decode()
        assert re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,2})?", text)
        assert inside(interval, Decimal(text)), text
        assert not integers or "." not in text
        assert not integers or text != "-0"


KEYWORDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
BOUNDS = (
    st.integers(-300, 300) | st.floats(-1e4, 1e4) | st.sampled_from([0.1, 0.3, 1e-7, 1e20, 2**53 + 2.0, -1e19, 2**63])
)


@given(
    st.dictionaries(st.sampled_from(KEYWORDS), BOUNDS, max_size=3),
    st.sampled_from(["integer", "number"]),
    st.integers(0, 99),
)
@settings(max_examples=80, deadline=None)
@example({"exclusiveMaximum": 0.1}, "number", 0)
@example({"exclusiveMinimum": 0.30000000000000004, "maximum": 0.4}, "number", 0)
@example({"minimum": float(2**53 + 2)}, "number", 1)
def test_jsonschema_accepts_every_number_written(bounds: dict[str, float], kind: str, seed: int) -> None:
    schema = {"type": kind, **bounds}
    try:
        sampler = Sampler(json_schema(schema).node, seed)
    except SchemaError:
        return  # empty, by test_empty_ranges_are_refused
    validator = Draft202012Validator(schema)
    for most in (1, 4, 12, 30, 40):
        value = json.loads(sampler.text(most))
        assert validator.is_valid(value), value


@given(st.floats(-1e6, 1e6).map(lambda v: round(v, 4)), st.dictionaries(st.sampled_from(KEYWORDS), BOUNDS, max_size=2))
@settings(max_examples=300, deadline=None)
def test_numbers_that_satisfy_the_schema_are_in(value: float, bounds: dict[str, float]) -> None:
    schema = {"type": "number", **bounds}
    text = repr(value)
    if "e" in text or not Draft202012Validator(schema).is_valid(value) or text == "-0.0":
        return
    assert matches(json_schema(schema).node, text.encode())


@given(
    st.sampled_from([0.1, 1.0, 10.0, 99.5, 100.0, 0.30000000000000004, 1e15, 123456.789, -1.0, -1000.0, 1e-7]),
    st.integers(1, 22),
    st.sampled_from([-3, -1, 1, 2]),
    st.sampled_from(["exclusiveMinimum", "exclusiveMaximum"]),
)
@settings(max_examples=400, deadline=None)
def test_no_number_rounds_onto_an_exclusive_bound(bound: float, digits: int, step: int, keyword: str) -> None:
    schema = {"type": "number", keyword: bound}
    text = written(Decimal(repr(bound)) + Decimal(step).scaleb(-digits))
    if matches(json_schema(schema).node, text.encode()):
        assert Draft202012Validator(schema).is_valid(json.loads(text)), text


@pytest.mark.parametrize("keyword", ["exclusiveMinimum", "exclusiveMaximum"])
def test_what_is_left_out_near_an_exclusive_bound_is_told(keyword: str) -> None:
    told = "numbers as long before the point as an excluded bound: at most 15 digits in all"
    assert told in json_schema({"type": "number", keyword: 2.5}).narrowings
    assert told not in json_schema({"type": "number", keyword: 0}).narrowings
    assert told not in json_schema({"type": "integer", keyword: 2}).narrowings
    assert told not in json_schema({"type": "number", "minimum": 2.5}).narrowings


def test_the_last_double_below_an_exclusive_bound_is_no_trap() -> None:
    node = json_schema({"type": "number", "exclusiveMaximum": 0.1}).node
    assert matches(node, b"0.09999999999999")
    assert not matches(node, b"0.09999999999999999999")  # reads as 0.1
    assert not matches(node, b"0.1")
    assert not matches(node, b"0.10")


def test_shapes_of_unbounded_numbers() -> None:
    integer, number = json_schema({"type": "integer"}).node, json_schema({"type": "number"}).node
    for text in ("0", "-1", "9223372036854775807", "-9223372036854775808"):
        assert matches(integer, text.encode())
        assert matches(number, text.encode())
    for text in ("-0", "1.0", "1e2", "01", "+1", "", "-", "1" * 20):
        assert not matches(integer, text.encode())
    for text in ("0.5", "-0.0", "1e5", "1.5E-07", "1e+99", "0.12345678901234567"):
        assert matches(number, text.encode())
    for text in ("1.", ".5", "1e", "1e+", "1e100", "00", "1" * 20, "NaN", "Infinity", "0.123456789012345678"):
        assert not matches(number, text.encode())


def test_wide_integer_bounds_stay_exact() -> None:
    node = json_schema({"type": "integer", "minimum": 0, "maximum": 2**64 - 1}).node
    assert matches(node, str(2**64 - 1).encode())
    assert not matches(node, str(2**64).encode())
    huge = json_schema({"type": "number", "maximum": 1.7976931348623157e308}).node
    assert matches(huge, b"1234567890123456789")
    assert not matches(huge, b"1" * 20)
    with pytest.raises(SchemaError, match="beyond 40 digits"):
        json_schema({"type": "number", "minimum": 1e300})


def test_boolean_exclusive_bounds_of_draft_4() -> None:
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}
    bounded = {**schema, "minimum": 3, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False}
    node = json_schema(bounded).node
    for value in range(12):
        assert matches(node, b"%d" % value) == Draft4Validator(bounded).is_valid(value)
    with pytest.raises(SchemaError, match="draft 4"):
        json_schema({"$schema": "https://json-schema.org/draft/2020-12/schema", "minimum": 3, "exclusiveMinimum": True})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 4},
        {"type": "integer", "minimum": 0.2, "maximum": 0.8},
        {"type": "number", "exclusiveMinimum": 1, "maximum": 1},
    ],
)
def test_empty_ranges_are_refused(schema: dict) -> None:
    with pytest.raises(SchemaError, match="within the bounds"):
        json_schema(schema)


@pytest.mark.parametrize("bound", [True, "3", None, float("nan"), float("inf"), [1]])
def test_bounds_that_are_no_numbers_are_refused(bound: object) -> None:
    with pytest.raises(SchemaError) as caught:
        json_schema({"properties": {"n": {"type": "integer", "maximum": bound}}})
    assert caught.value.issues[0].pointer == "/properties/n"
    assert caught.value.issues[0].keyword == "maximum"
