"""``minLength``, ``maxLength``, ``pattern`` and ``format``.

Lengths count decoded code points and leave every escape reachable. Strings bound to a pattern or a format
are written in canonical spelling (raw characters, an escape only where JSON needs one), so that several
conditions can be intersected byte by byte; every *value* stays reachable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from latticework.errors import GrammarError
from latticework.grammar import ir
from latticework.grammar.json_schema import formats
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.given_strings import string_of_grammar
from latticework.grammar.json_schema.scalars import QUOTE, Scalars
from latticework.grammar.regex import Target, dialects_differ, lowered, needs_sets, text_length_range

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

KEYWORDS = frozenset({"minLength", "maxLength", "pattern", "format"})

FREE_CANONICAL = Scalars(all_escapes=False).text
KEY = Subschema({"type": "string"}, "/~:key")  # stands beside what is said about a key: options bound values alone


class _Condition(NamedTuple):
    """A pattern the string has to satisfy, by search or as a whole, and a bound on its length."""

    pattern: str
    search: bool
    longest: int | None = None

    def node(self, counted: bool) -> ir.Node:
        return lowered(self.pattern, Target(json=True, counted=counted), self.search)


def pattern_node(pattern: str, outside: bool = False) -> ir.Node:
    """Strings (canonical, without quotes) with a match of ``pattern``; ``outside``: with one in any dialect.

    Raises:
        GrammarError: the pattern is outside the dialect.
    """
    return lowered(pattern, Target(json=True), search=True, outside=outside)


def read_pattern(lowering: Lowering, member: Subschema, keyword: str, pattern: str) -> bool:
    """Whether the pattern, in the value of ``keyword``, is inside the dialect; reports it if not, or if narrowed."""
    try:
        pattern_node(pattern)
    except GrammarError as error:
        lowering.refuse(member, keyword, str(error).replace("\n", "\n    "), "rewrite the pattern")
        return False
    _report_dialects(lowering, pattern)
    return True


def _report_dialects(lowering: Lowering, pattern: str) -> None:
    if dialects_differ(pattern):
        lowering.narrow("patterns: classes hold only characters on which ECMAScript and Python agree")


def string(lowering: Lowering, members: tuple[Subschema, ...]) -> ir.Node | None:
    """Strings that satisfy all ``members``; ``None`` if there are none."""
    given = string_of_grammar(lowering, members) if lowering.strings else None
    if given is not None:
        return given
    constraining = [member for member in members if not KEYWORDS.isdisjoint(member.schema)]
    removed = _removed(lowering, members)
    scalars = lowering.style.scalars
    if any(member.pointer == KEY.pointer for member in members):
        scalars = Scalars(scalars.all_escapes)
    most = scalars.max_length
    if not constraining and not removed:
        if most is not None:
            lowering.narrow(scalars.length_narrowing)
        return scalars.string
    place = (constraining or members)[0]
    low, high = lowering.bounds(constraining, "minLength", "maxLength")
    if high is not None and low > high:
        return lowering.dead(place, "minLength", f"minLength {low} is above maxLength {high}")
    if most is not None and (high is None or high > most):
        lowering.narrow(scalars.length_narrowing)
        if low > most:
            return lowering.dead(place, "minLength", f"minLength {low} is above max_string_length {most}")
        high = most
    conditions: list[_Condition] = []
    for member in constraining:
        conditions += _conditions(lowering, member)
    if conditions or removed:
        lowering.narrow("strings with a pattern or format: escapes only where JSON needs them")
        content = _conditioned(conditions, removed, low, high)
    else:
        content = scalars.text if (low, high) == (0, None) else ir.Counted(scalars.text, low, high)
    if content == ir.NOTHING:
        length = "length" if high is None or high != most else f"length (max_string_length is {most})"
        return lowering.dead(place, "pattern", f"no string satisfies pattern, format and {length} together")
    return ir.Located(ir.Seq((QUOTE, content, QUOTE)), place.place)


def _removed(lowering: Lowering, members: tuple[Subschema, ...]) -> list[ir.Node]:
    """What the literals among ``members`` take out: each a language that covers all strings to be left out."""
    removed: list[ir.Node] = []
    words = {v for given in lowering.negated(members, "enum") for v in given if isinstance(v, str)}
    texts = [lowering.style.dumps(word)[1:-1] for word in words if _has_text(word)]
    if texts:
        removed.append(ir.Words(texts))
    for member in members:
        if not member.is_literal:
            continue
        negated = member.schema["not"]
        try:
            if "pattern" in negated and isinstance(negated["pattern"], str):
                removed.append(pattern_node(negated["pattern"], outside=True))
                _report_dialects(lowering, negated["pattern"])
            if "format" in negated:
                cover = formats.COVERS.get(negated["format"])
                if cover is None:
                    lowering.refuse(member, "not", f"the negation of format {negated['format']!r} is not supported")
                else:
                    removed.append(lowered(cover, Target(json=True), search=False, outside=True))
                    lowering.narrow(f"not format {negated['format']}: text that some reader takes for it is left out")
        except GrammarError as error:
            lowering.refuse(member, "not", str(error).replace("\n", "\n    "), "rewrite the pattern")
    return removed


def _has_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _conditions(lowering: Lowering, member: Subschema) -> list[_Condition]:
    out: list[_Condition] = []
    if "pattern" in member.schema:
        condition = _pattern(lowering, member)
        out += [] if condition is None else [condition]
    if "format" in member.schema and lowering.formats:
        name = member.schema["format"]
        if not isinstance(name, str):
            lowering.malformed(member, "format", "a string")
        elif name in formats.PATTERNS:
            lowering.narrow(f"format {name}: the common subset described in latticework.grammar.json_schema.formats")
            out.append(_Condition(formats.PATTERNS[name], search=False, longest=formats.MAX_LENGTHS.get(name)))
        else:
            lowering.warn(f"at {member.place or '(root)'}: unknown format {name!r} is an annotation")
    return out


def _pattern(lowering: Lowering, member: Subschema) -> _Condition | None:
    pattern = member.schema["pattern"]
    if not isinstance(pattern, str):
        lowering.malformed(member, "pattern", "a string")
        return None
    return _Condition(pattern, search=True) if read_pattern(lowering, member, "pattern", pattern) else None


def _conditioned(conditions: list[_Condition], removed: list[ir.Node], low: int, high: int | None) -> ir.Node:
    """All conditions and the length bounds; a bound that some pattern implies is not counted again."""
    high = min((bound for bound in (high, *(c.longest for c in conditions)) if bound is not None), default=None)
    lengths = [text_length_range(condition.pattern, condition.search) for condition in conditions]
    shortest = max((length[0] for length in lengths), default=0)
    longest = min((length[1] for length in lengths if length[1] is not None), default=None)
    if (high is not None and shortest > high) or (longest is not None and longest < low):
        return ir.NOTHING
    if shortest >= low and (high is None or (longest is not None and longest <= high)):
        nodes = [condition.node(counted=False) for condition in conditions]
        return _without(_all_of(nodes or [FREE_CANONICAL]), removed)
    if not conditions or any(needs_sets(condition.pattern) for condition in conditions):
        nodes = [condition.node(counted=False) for condition in conditions]
        return _without(_all_of([*nodes, ir.Counted(FREE_CANONICAL, low, high)]), removed)
    body = _all_of([condition.node(counted=True) for condition in conditions])
    return ir.NOTHING if body == ir.NOTHING else _without(ir.Counted(body, low, high), removed)


def _without(node: ir.Node, removed: list[ir.Node]) -> ir.Node:
    for other in removed:
        node = node if ir.NOTHING in (node, other) else ir.Except(node, other)
    return node


def _all_of(nodes: list[ir.Node]) -> ir.Node:
    distinct = list(dict.fromkeys(nodes))
    if ir.NOTHING in distinct:
        return ir.NOTHING
    return distinct[0] if len(distinct) == 1 else ir.Intersect(distinct)
