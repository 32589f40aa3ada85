"""Decimal numbers between two bounds, exactly, as IR: a digit automaton written as nested alternatives.

Reading a number from the left, each digit either stays on a bound's own digits or falls strictly inside,
after which anything goes; so a bound of d digits costs about 2d nodes. Bounds are decimals as
written. Double-precision readers agree with the decimal comparison as long as

* a number with a fraction has at most 15 integer digits (all integers up to there are doubles), and
* near an exclusive bound other than zero it has at most 15 digits in all: distinct decimals of 15 digits are
  distinct doubles, while a longer one could round onto the bound. Rounding never crosses an inclusive bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import groupby

from latticework.grammar import ir
from latticework.grammar.combine import alt, optional, repeat, seq
from latticework.grammar.json_schema.scalars import DIGIT, INTEGER_DIGITS, MINUS, NO_BOUNDS, NONZERO, Digits

_POINT = ir.Literal(b".")
_DOUBLE_DIGITS = 15
_EXACT_DOUBLES = 2**53


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers from ``low`` to ``high``; ``None`` is unbounded, ``*_open`` excludes the bound itself."""

    low: Decimal | None = None
    low_open: bool = False
    high: Decimal | None = None
    high_open: bool = False

    @property
    def is_strict(self) -> bool:
        """Whether a longer decimal could round onto a bound that is excluded."""
        return bool((self.low and self.low_open) or (self.high and self.high_open))

    @property
    def is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def at_least(self, bound: Decimal, is_open: bool) -> Interval:
        """The part from ``bound`` on."""
        if self.low is None or (bound, is_open) > (self.low, self.low_open):
            return Interval(bound, is_open, self.high, self.high_open)
        return self

    def at_most(self, bound: Decimal, is_open: bool) -> Interval:
        """The part up to ``bound``."""
        tighter = self.high is None or bound < self.high or (bound == self.high and is_open)
        if tighter:
            return Interval(self.low, self.low_open, bound, is_open)
        return self

    def mirrored(self) -> Interval:
        """The same numbers with the other sign."""
        low, high = (None if bound is None else _negated(bound) for bound in (self.high, self.low))
        return Interval(low, self.high_open, high, self.low_open)


def decimal_bound(value: float, upper: bool) -> Decimal:
    """A bound as every reader understands it: the decimal as written, and beyond 2**53 also the double it becomes."""
    if isinstance(value, int):
        return Decimal(value)
    written, double = Decimal(repr(value)), Decimal(value)
    if abs(value) < _EXACT_DOUBLES:
        return written
    return min(written, double) if upper else max(written, double)


@lru_cache(maxsize=1024)
def numbers(interval: Interval, integers: bool, most: Digits = NO_BOUNDS) -> ir.Node:
    """Numbers inside ``interval``; ``ir.NOTHING`` if there are none. Integers have no fraction and are never ``-0``.

    ``most``: digits after the point, and before it on a side without bound. An exponent is written only where the
    sole bound is ``minimum: 0``.
    """
    if (interval.low, interval.low_open, interval.high, integers) == (Decimal(0), False, None, False):
        return most.magnitudes
    positive = interval.at_least(Decimal(0), False)
    negative = interval.mirrored().at_least(Decimal(0), integers)
    return alt(
        [
            _Magnitudes(positive, integers, most).node(),
            seq([MINUS, _Magnitudes(negative, integers, most).node()]),
        ]
    )


class _Magnitudes:
    """Numbers without sign inside an interval with ``low >= 0``."""

    def __init__(self, interval: Interval, integers: bool, most: Digits) -> None:
        self.interval = interval
        self.integers = integers
        self.most_fraction = most.most_fraction
        self.is_bounded_by_option = most.fraction is not None
        self.low, self.low_fraction = _digits(interval.low or Decimal(0))
        self.bounded = interval.high is not None
        self.high, self.high_fraction = _digits(interval.high or Decimal(0))
        unbounded = max(INTEGER_DIGITS, len(self.low) + 1) if most.integer is None else most.integer
        self.longest = len(self.high) if self.bounded else unbounded
        self.strict_lengths = self._strict_lengths()

    def _strict_lengths(self) -> set[int]:
        """Lengths of integer parts that come so near an exclusive bound that a double could round onto it."""
        lengths: set[int] = set()
        if self.interval.low and self.interval.low_open:
            lengths.add(len(self.low))
        if self.interval.high and self.interval.high_open:
            lengths.add(len(self.high))
            if not self.high_fraction and self.high.strip("0") == "1":
                lengths.add(len(self.high) - 1)
        return lengths

    def node(self) -> ir.Node:
        shortest = len(self.low)
        if self.interval.is_empty or shortest > self.longest:
            return ir.NOTHING
        options = [
            self._whole(0, length, length == shortest, self.bounded and length == self.longest)
            for length in self._tight_lengths(shortest)
        ]
        free = range(shortest + 1, self.longest if self.bounded else self.longest + 1)
        return alt(options + self._free_lengths(free))

    def _tight_lengths(self, shortest: int) -> list[int]:
        """Lengths of the integer part that share digits with a bound."""
        if self.bounded and shortest < self.longest:
            return [shortest, self.longest]
        return [shortest]

    def _free_lengths(self, lengths: range) -> list[ir.Node]:
        """Numbers whose integer part is longer than the lower bound's and shorter than the upper's."""
        runs = groupby(lengths, self._fraction_digits)
        return [self._free_run([*run]) for _, run in runs]

    def _free_run(self, lengths: list[int]) -> ir.Node:
        more_digits = repeat(DIGIT, lengths[0] - 1, lengths[-1] - 1)
        return seq([NONZERO, more_digits, self._any_fraction(lengths[0])])

    def _fraction_digits(self, length: int) -> int:
        if self.integers or length > _DOUBLE_DIGITS:
            return 0
        return min(self.most_fraction, _DOUBLE_DIGITS - length) if length in self.strict_lengths else self.most_fraction

    def _any_fraction(self, length: int) -> ir.Node:
        digits = self._fraction_digits(length)
        return optional(seq([_POINT, repeat(DIGIT, 1, digits)])) if digits else ir.EMPTY

    def _whole(self, at: int, length: int, on_low: bool, on_high: bool) -> ir.Node:
        """From digit ``at`` of an integer part of ``length`` digits; so far equal to a bound's digits, or inside."""
        if at == length:
            return self._fraction(length, on_low, on_high)
        if not on_low and not on_high:
            return seq([repeat(DIGIT, length - at, length - at), self._any_fraction(length)])
        low = int(self.low[at]) if on_low else int(at == 0 and length > 1)
        high = int(self.high[at]) if on_high else 9

        def after(on_low: bool, on_high: bool) -> ir.Node:
            return self._whole(at + 1, length, on_low, on_high)

        return _step(low, high, on_low, on_high, after)

    def _fraction(self, length: int, on_low: bool, on_high: bool) -> ir.Node:
        if not on_low and not on_high:
            return self._any_fraction(length)
        options: list[ir.Node] = [ir.EMPTY] if self._may_end(0, on_low, on_high) else []
        digits = self._fraction_digits(length)
        if digits:
            options.append(seq([_POINT, self._fraction_digit(0, digits, on_low, on_high)]))
        return alt(options)

    def _may_end(self, at: int, on_low: bool, on_high: bool) -> bool:
        """May the number end after ``at`` fraction digits, all equal to the bound's?"""
        above_low = not on_low or (at >= len(self.low_fraction) and not self.interval.low_open)
        below_high = not on_high or at < len(self.high_fraction) or not self.interval.high_open
        return above_low and below_high

    def _fraction_digit(self, at: int, digits: int, on_low: bool, on_high: bool) -> ir.Node:
        """From fraction digit ``at`` of at most ``digits``; the first one is not optional."""
        on_low = on_low and (at < len(self.low_fraction) or self.interval.low_open)
        if not on_low and not on_high:
            return repeat(DIGIT, 0 if at else 1, digits - at)
        if not on_high and at >= len(self.low_fraction):
            return self._not_all_zeros(digits - at)
        options: list[ir.Node] = [ir.EMPTY] if at and self._may_end(at, on_low, on_high) else []
        beyond_high = on_high and at >= len(self.high_fraction)
        if at < digits and not (beyond_high and self.interval.high_open):
            low = int(self.low_fraction[at]) if on_low and at < len(self.low_fraction) else 0
            high = int(self.high_fraction[at]) if on_high and not beyond_high else 0 if on_high else 9

            def after(on_low: bool, on_high: bool) -> ir.Node:
                return self._fraction_digit(at + 1, digits, on_low, on_high)

            options.append(_step(low, high, on_low, on_high, after))
        return alt(options)

    def _not_all_zeros(self, digits: int) -> ir.Node:
        """At most so many fraction digits, above zero; of those above the bound 0 twice as many, which two counters
        hold, unless an option bounds them."""
        if not self.interval.low and digits == self.most_fraction and not self.is_bounded_by_option:
            return seq([repeat(_digit(0, 0), 0, digits - 1), NONZERO, repeat(DIGIT, 0, digits - 1)])
        found, rest = ir.NOTHING, ir.EMPTY
        for _ in range(digits):
            found = alt([seq([NONZERO, rest]), seq([_digit(0, 0), found])])
            rest = optional(seq([DIGIT, rest]))
        return found


def _step(low: int, high: int, on_low: bool, on_high: bool, after: Callable[[bool, bool], ir.Node]) -> ir.Node:
    """One digit from ``low`` to ``high``, and what may follow when it stays on a bound or leaves it."""
    options: list[ir.Node] = []
    if low > high:
        return ir.NOTHING
    if low == high:
        return seq([_digit(low, low), after(on_low, on_high)])
    if on_low:
        options.append(seq([_digit(low, low), after(True, False)]))
        low += 1
    if on_high:
        options.append(seq([_digit(high, high), after(False, True)]))
        high -= 1
    if low <= high:
        options.append(seq([_digit(low, high), after(False, False)]))
    return alt(options)


def _negated(value: Decimal) -> Decimal:
    """Exact, whatever the decimal context; zero has no sign."""
    return value.copy_negate() if value else Decimal(0)


def _digit(low: int, high: int) -> ir.Node:
    return ir.Literal(b"%d" % low) if low == high else ir.Chars(((0x30 + low, 0x30 + high),))


def _digits(value: Decimal) -> tuple[str, str]:
    """Digits before and after the point, the latter without trailing zeros."""
    whole, _, fraction = format(value, "f").partition(".")
    return whole, fraction.rstrip("0")
