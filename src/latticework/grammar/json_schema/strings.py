"""``minLength``, ``maxLength``, ``pattern`` and ``format``.

Lengths count decoded code points and leave every escape reachable. Strings bound to a pattern or a format
are written in canonical spelling (raw characters, an escape only where JSON needs one), so that several
conditions can be intersected byte by byte; every *value* stays reachable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from latticework.errors import GrammarError
from latticework.grammar import ir
from latticework.grammar.json_schema import formats, values
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.regex import Target, has_lookahead, lowered, text_length_range

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

KEYWORDS = frozenset({"minLength", "maxLength", "pattern", "format"})

_FREE = ir.Repeat(values.ANY_TEXT_CHAR, 0, None)
_FREE_CANONICAL = ir.Repeat(ir.JsonChars(((0, ir.MAX_CODE_POINT),)), 0, None)


class _Condition(NamedTuple):
    """A pattern the string has to satisfy, by search or as a whole, and a bound on its length."""

    pattern: str
    search: bool
    longest: int | None = None

    def node(self, counted: bool) -> ir.Node:
        return lowered(self.pattern, Target(json=True, counted=counted), self.search)


def string(lowering: Lowering, members: tuple[Subschema, ...]) -> ir.Node | None:
    """Strings that satisfy all ``members``; ``None`` if there are none."""
    constraining = [member for member in members if not KEYWORDS.isdisjoint(member.schema)]
    if not constraining:
        return values.STRING
    low, high = lowering.bounds(constraining, "minLength", "maxLength")
    if high is not None and low > high:
        return lowering.dead(constraining[0], "minLength", f"minLength {low} is above maxLength {high}")
    conditions: list[_Condition] = []
    for member in constraining:
        conditions += _conditions(lowering, member)
    if not conditions:
        content = _FREE if (low, high) == (0, None) else ir.Counted(_FREE, low, high)
    else:
        lowering.narrow("strings with a pattern or format: escapes only where JSON needs them")
        content = _conditioned(conditions, low, high)
    if content == ir.NOTHING:
        return lowering.dead(constraining[0], "pattern", "no string satisfies pattern, format and length together")
    return ir.Located(ir.Seq((values.QUOTE, content, values.QUOTE)), constraining[0].pointer)


def _conditions(lowering: Lowering, member: Subschema) -> list[_Condition]:
    out: list[_Condition] = []
    if "pattern" in member.schema:
        condition = _pattern(lowering, member)
        out += [] if condition is None else [condition]
    if "format" in member.schema:
        name = member.schema["format"]
        if not isinstance(name, str):
            lowering.malformed(member, "format", "a string")
        elif name in formats.PATTERNS:
            lowering.narrow(f"format {name}: the common subset described in latticework.grammar.json_schema.formats")
            out.append(_Condition(formats.PATTERNS[name], search=False, longest=formats.MAX_LENGTHS.get(name)))
        elif name in formats.REFUSED:
            lowering.refuse(member, "format", f"format {name!r} is not supported", formats.REFUSED[name])
        else:
            lowering.warn(f"at {member.pointer or '(root)'}: unknown format {name!r} is an annotation")
    return out


def _pattern(lowering: Lowering, member: Subschema) -> _Condition | None:
    pattern = member.schema["pattern"]
    if not isinstance(pattern, str):
        lowering.malformed(member, "pattern", "a string")
        return None
    condition = _Condition(pattern, search=True)
    try:
        condition.node(counted=False)
    except GrammarError as error:
        lowering.refuse(member, "pattern", str(error).replace("\n", "\n    "), "rewrite the pattern")
        return None
    return condition


def _conditioned(conditions: list[_Condition], low: int, high: int | None) -> ir.Node:
    """All conditions and the length bounds; a bound that some pattern implies is not counted again."""
    high = min((bound for bound in (high, *(c.longest for c in conditions)) if bound is not None), default=None)
    lengths = [text_length_range(condition.pattern, condition.search) for condition in conditions]
    shortest = max(length[0] for length in lengths)
    longest = min((length[1] for length in lengths if length[1] is not None), default=None)
    if (high is not None and shortest > high) or (longest is not None and longest < low):
        return ir.NOTHING
    if shortest >= low and (high is None or (longest is not None and longest <= high)):
        return _all_of([condition.node(counted=False) for condition in conditions])
    if any(has_lookahead(condition.pattern) for condition in conditions):
        nodes = [condition.node(counted=False) for condition in conditions]
        return _all_of([*nodes, ir.Counted(_FREE_CANONICAL, low, high)])
    body = _all_of([condition.node(counted=True) for condition in conditions])
    return ir.NOTHING if body == ir.NOTHING else ir.Counted(body, low, high)


def _all_of(nodes: list[ir.Node]) -> ir.Node:
    distinct = list(dict.fromkeys(nodes))
    if ir.NOTHING in distinct:
        return ir.NOTHING
    return distinct[0] if len(distinct) == 1 else ir.Intersect(distinct)
