"""JSON Schema -> grammar IR.

A value has to satisfy a *conjunction* of schemas: the schema itself, what its ``$ref`` and ``allOf`` lead
to, one branch of each of its unions, and below it everything those say about one property or item.
Lowering a conjunction follows references, multiplies out the unions, and is left with schemas whose own
keywords count, which it splits by the type of the value: a keyword constrains its own type only. Results are
kept per conjunction, so a definition used in many places is lowered once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.combine import alt
from latticework.grammar.json_schema import keywords, values
from latticework.grammar.json_schema.arrays import array
from latticework.grammar.json_schema.choices import cases
from latticework.grammar.json_schema.conjunction import Conjunction, Expanded, Union, expand, identity
from latticework.grammar.json_schema.cuts import Cuts
from latticework.grammar.json_schema.disjoint import exclusive
from latticework.grammar.json_schema.document import Document, Subschema
from latticework.grammar.json_schema.enums import given_values
from latticework.grammar.json_schema.numbers import number
from latticework.grammar.json_schema.objects import json_object
from latticework.grammar.json_schema.options import Options
from latticework.grammar.json_schema.reports import Reports
from latticework.grammar.json_schema.strings import string
from latticework.grammar.limits import Limits

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

# Numbers fall in two: a number is an integer or has a fraction.
_ATOMS = {
    "null": frozenset({"null"}),
    "boolean": frozenset({"boolean"}),
    "integer": frozenset({"integer"}),
    "number": frozenset({"integer", "fraction"}),
    "string": frozenset({"string"}),
    "array": frozenset({"array"}),
    "object": frozenset({"object"}),
}
_ALL_TYPES = frozenset().union(*_ATOMS.values())
MUCH_EFFORT = 10_000  # schemas lowered and properties written (about a second)


class TooManyWays(Exception):
    """Negated schemas multiply out into too much work. Internal: the lowering begins anew with fewer ways."""


class Lowering(Reports):
    """One schema document being lowered; collects every issue, warning and narrowing on the way."""

    def __init__(
        self, document: Document, options: Options, limits: Limits, recursion: int = 1, cuts: Cuts | None = None
    ) -> None:
        super().__init__(options.on_unsupported == "widen")
        self.document = document
        self.fuel = recursion  # times a schema may still be entered below itself
        self.recursive = False  # whether one was
        self.reached: int | None = None  # how often, where that is bounded
        self.cuts = cuts  # rules for schemas that are met again below themselves, instead of a budget
        self.says_any_value = False
        self.any_depth = cuts is not None and options.max_depth is None
        self.limits = limits
        self.style = options.style
        self.strings = options.strings
        self.used_strings: set[str] = set()
        self.max_depth = 0 if options.max_depth is None else options.max_depth
        self.mixed_depth = options.mixed_depth
        self.depends_on_depth = False  # whether something has been decided by the size of any value
        self.open_objects = options.open_objects
        self.optional = options.optional
        self.formats = options.format == "assert"
        self.any_order = options.property_order == "any"
        self.arranged = options.arranged
        self.lazy = options.lazy
        self.second_order = options.second_order
        self.distinct = options.distinct == "narrow"
        self.one_way = False  # whether equal values must consist of the same characters
        self.ways = options.ways
        self.negations: dict[tuple[str, bool], list[Conjunction]] = {}
        self.most_ways = 0  # combinations of ways to fail negated schemas that there were at one place
        self._effort = 0
        self._memo: dict[tuple[Any, ...], ir.Node | None] = {}
        self._active: set[tuple[Any, ...]] = set()
        self._depth = 0
        self.nodes = 0  # schemas lowered so far, each as often as it stands in another combination
        self.facts: dict[tuple[Any, ...], Any] = {}  # what disjoint.py knows of conjunctions
        self.proofs = 0  # steps taken to prove that schemas exclude each other
        self._scanned: dict[str, tuple[bool, tuple[str, ...]]] = {}
        self._expanded: dict[tuple[Any, ...], Expanded] = {}
        self._exact: dict[tuple[Any, ...], Union] = {}
        self.rewriting: set[str] = set()  # schemas whose unevaluated... keywords are being rewritten
        self._validator: Validator | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether documents are left out because they nest too deeply."""
        return self.reached is not None or (self.says_any_value and not self.any_depth)

    @property
    def is_outermost(self) -> bool:
        """Whether what is being lowered is the document itself, and no alternative of it."""
        return self._depth <= 1

    @property
    def nesting_narrowing(self) -> str:
        """What is left out of any value for its depth."""
        flat = self.mixed_depth is not None and self.mixed_depth < self.max_depth
        but = f", below {self.mixed_depth} without arrays directly in arrays" if flat else ""
        return f"where any JSON value is allowed, arrays and objects nest at most {self.max_depth} deep{but}"

    def narrow_any_value(self) -> None:
        """Reports what is left out of any value, array or object."""
        self.says_any_value = True
        if not self.any_depth:
            self.narrow(self.nesting_narrowing)
        scalars = self.style.scalars
        self.narrow(scalars.digits.number_narrowing)
        if scalars.max_length is not None:
            self.narrow(scalars.length_narrowing)

    # ---- schemas

    def schema(self, conjunction: Conjunction, level: int) -> ir.Node | None:
        """Language of the values, standing at ``level``, that satisfy all of ``conjunction``; ``None`` if none do."""
        key = self._key(conjunction, level)
        if key not in self._memo:
            self._memo[key] = self._lower(conjunction, level)
        return self._memo[key]

    def spelt_one_way(self, conjunction: Conjunction, level: int) -> ir.Node | None:
        """As :meth:`schema`, the values without objects that may repeat a key, or be equal in spite of other keys."""
        before = self.one_way, self.max_depth, self.any_depth, self.lazy
        self.one_way, self.max_depth, self.any_depth, self.lazy = True, 0, False, False
        found = self.schema(conjunction, level)
        self.one_way, self.max_depth, self.any_depth, self.lazy = before
        return found

    def is_possible(self, conjunction: Conjunction) -> bool:
        """Whether some value that could be written satisfies all of ``conjunction``, without reporting if not."""
        reports = dict(self.unsatisfiable), dict(self.narrowings)
        found = self.schema(conjunction, 0)
        self.unsatisfiable, self.narrowings = reports
        return found is not None

    def _key(self, items: tuple[Subschema | Union, ...], level: int) -> tuple[Any, ...]:
        return identity(items), self.fuel, level if self.style.by_level else 0, self.one_way

    def _lower(self, conjunction: Conjunction, level: int) -> ir.Node | None:
        expanded = expand(self, conjunction)
        if not expanded.possible:
            return None
        # References lead many conjunctions to the same members: those are lowered once, and seen again below
        # themselves they are a cycle.
        expanded = expanded.only(self._asserts)
        key = self._key(expanded.items, level)
        if key in self._memo:
            return self._memo[key]
        cycle = key[0] if self.cuts is None else key
        if cycle not in self._active:
            self._active.add(cycle)
            node = self._nested(expanded, conjunction, level)
            self._memo[key] = node = node if self.cuts is None else self.cuts.close(cycle, node)
            self._active.remove(cycle)
            return node
        self.recursive = True
        if self.cuts is not None:
            return self.cuts.call(cycle, conjunction[0].place)
        if not self.fuel:
            return None
        self.fuel -= 1
        node = self._nested(expanded, conjunction, level)
        self.fuel += 1
        self._memo[key] = node
        return node

    def _nested(self, expanded: Expanded, conjunction: Conjunction, level: int) -> ir.Node | None:
        where = conjunction[0].place if conjunction else ""
        if self._depth >= self.limits.max_schema_depth:
            raise LimitExceeded("max_schema_depth", self.limits.max_schema_depth, where)
        self.nodes += len(expanded.items) + 1
        if self.nodes > self.limits.max_schema_nodes:
            raise LimitExceeded("max_schema_nodes", self.limits.max_schema_nodes, where)
        self.spend(len(expanded.items) + 1)
        self._depth += 1
        node = self._combine(expanded, level)
        self._depth -= 1
        return node

    def spend(self, effort: int) -> None:
        """Counts work that negated schemas multiply.

        Raises:
            TooManyWays: so much that fewer ways to fail negated schemas are to be kept.
        """
        self._effort += effort
        if self._effort > MUCH_EFFORT and min(self.ways, self.most_ways) > 1:
            raise TooManyWays

    def _combine(self, expanded: Expanded, level: int) -> ir.Node | None:
        members, unions = expanded.members, expanded.unions
        source = next((m for m in members if "enum" in m.schema or "const" in m.schema), None)
        # Given values are checked against whole members, which know their unions; a negated one is no member.
        if source is not None and all(union.holder in members for union in unions):
            return given_values(self, members, source, level)
        if not unions:
            return self._case(members, level)
        expanded = self._exclusive(expanded)
        options = [self.schema(case, level) for case in cases(self, expanded)]
        possible = [option for option in options if option is not None]
        if not possible:
            return self.dead(unions[0].holder, unions[0].keyword, "none of its cases is possible beside the rest")
        return alt(possible)

    def _exclusive(self, expanded: Expanded) -> Expanded:
        """The same with each branch of a ``oneOf`` beside the negations of those it is not proven to exclude."""
        several = len(expanded.unions) > 1
        items = list(expanded.items)
        for index, item in enumerate(items):
            if isinstance(item, Union) and item.keyword == "oneOf":
                key = index, identity(expanded.items)
                if key not in self._exact:
                    self._exact[key] = exclusive(self, item, expanded.members, several)
                items[index] = self._exact[key]
        return expanded._replace(items=tuple(items))

    def expand(self, conjunction: Conjunction) -> Expanded:
        """What ``conjunction`` leads to, without reporting anything."""
        key = identity(conjunction)
        found = self._expanded.get(key)
        if found is None:
            reports = dict(self.issues), dict(self.unsatisfiable), dict(self.warnings)
            found = self._expanded[key] = expand(self, conjunction)
            self.issues, self.unsatisfiable, self.warnings = reports
        return found

    def _asserts(self, member: Subschema) -> bool:
        return member.is_literal or self._scan(member)[0]

    def _scan(self, member: Subschema) -> tuple[bool, tuple[str, ...]]:
        """Whether keywords of the schema itself say something, and which of them are refused."""
        found = self._scanned.get(member.pointer)
        if found is not None:
            return found
        asserts = False
        refused: list[str] = []
        for keyword in member.schema:
            if keyword in keywords.ENFORCED:
                asserts = asserts or keyword not in keywords.APPLICATORS
            elif keyword in keywords.REFUSED:
                asserts = True
                refused.append(keyword)
            elif keyword not in keywords.ANNOTATIONS:
                hint = " (openapi=True honours it)" if keyword == "nullable" else ""
                self.warn(
                    f"at {member.place or '(root)'}: unknown keyword {keyword!r} is ignored, as the standard says{hint}"
                )
        self._scanned[member.pointer] = asserts, tuple(refused)
        return asserts, tuple(refused)

    # ---- one case: no references, no unions, no enumeration

    def _case(self, members: Conjunction, level: int) -> ir.Node | None:
        if not members:
            return self.anything("value", level)
        types = self.types_of_all(members)
        for member in members:
            for keyword in self._scan(member)[1]:
                self.refuse(member, keyword, "this keyword is not supported", keywords.REFUSED[keyword])
        options = [node for node in self._by_type(members, types, level) if node is not None]
        if not options:
            if not types:
                self.dead(members[0], "type", "no type is left")
            return None
        return alt(options)

    def _by_type(self, members: Conjunction, types: frozenset[str], level: int) -> list[ir.Node | None]:
        options: list[ir.Node | None] = []
        if "object" in types:
            options.append(json_object(self, members, level))
        if "array" in types:
            options.append(array(self, members, level))
        if "string" in types:
            options.append(string(self, members))
        if "integer" in types or "fraction" in types:
            options.append(number(self, members, types))
        excluded = [value for given in self.negated(members, "enum") for value in given]
        if "boolean" in types:
            words = [
                word for word, value in ((b"true", True), (b"false", False)) if all(v is not value for v in excluded)
            ]
            options.append(ir.Words(words) if words else None)
        if "null" in types and None not in excluded:
            options.append(values.NULL)
        return options

    def negated(self, members: Conjunction, keyword: str) -> list[Any]:
        """Values that ``keyword`` has in the literals among ``members`` that negate it."""
        return [
            member.schema["not"][keyword] for member in members if member.is_literal and keyword in member.schema["not"]
        ]

    def anything(self, kind: str, level: int) -> ir.Node:
        """Any value, or any object or array (``kind``)."""
        self.narrow_any_value()
        if self.cuts is not None and self.any_depth:
            return self.cuts.anything(kind)
        return values.anything(kind, self.style, self.max_depth, level, self.mixed_depth)

    # ---- facts about schemas

    def types_of_all(self, members: Conjunction) -> frozenset[str]:
        """Types that all ``members`` admit, in the terms of :meth:`types`."""
        types = _ALL_TYPES
        for member in members:
            own = self.types(member)
            types = types if own is None else types & own
        return types

    def types(self, member: Subschema) -> frozenset[str] | None:
        """Types ``type`` names, numbers as ``"integer"`` and ``"fraction"``; ``None`` when it names none."""
        if member.is_literal and "type" in member.schema["not"]:
            excluded = self._named_types(member, member.schema["not"]["type"])
            return None if excluded is None else _ALL_TYPES - excluded
        return self._named_types(member, member.schema["type"]) if "type" in member.schema else None

    def _named_types(self, member: Subschema, named: Any) -> frozenset[str] | None:
        if isinstance(named, str):
            named = [named]
        if not isinstance(named, list) or not all(isinstance(name, str) and name in _ATOMS for name in named):
            self.malformed(member, "type", f"one or a list of {', '.join(_ATOMS)}")
            return None
        return frozenset().union(*(_ATOMS[name] for name in named))

    def type_of(self, value: Any) -> str:
        """The type of a value, in the terms of :meth:`types`."""
        if isinstance(value, bool):
            return "boolean"
        if isinstance(value, float):
            return "integer" if self.document.dialect.float_integers and value.is_integer() else "fraction"
        for kind, name in ((int, "integer"), (str, "string"), (list, "array"), (dict, "object")):
            if isinstance(value, kind):
                return name
        return "null"

    def bounds(self, members: list[Subschema], low_keyword: str, high_keyword: str) -> tuple[int, int | None]:
        """The tightest of all members' bounds on a count."""
        low, high = 0, None
        for member in members:
            least, most = self._count(member, low_keyword), self._count(member, high_keyword)
            low = low if least is None else max(low, least)
            high = most if high is None else high if most is None else min(high, most)
        return low, high

    def _count(self, member: Subschema, keyword: str) -> int | None:
        value = member.schema.get(keyword)
        if value is None and keyword not in member.schema:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0 or value != int(value):
            self.malformed(member, keyword, "a non-negative integer")
            return None
        return int(value)

    def key(self, name: str, place: Subschema) -> ir.Node | None:
        """A property name as written, ``None`` if it has no JSON text."""
        try:
            return ir.Literal(self.style.dumps(name))
        except UnicodeEncodeError:
            self.refuse(place, "properties", f"the name {name!r:.60} is not well-formed Unicode")
            return None

    def validator(self, schema: dict[str, Any]) -> Validator:
        """A ``jsonschema`` validator of a schema inside the document, formats checked."""
        if self._validator is None:
            from latticework.grammar.json_schema.validation import validator_of

            self._validator = validator_of(self.document.root, self.formats)
        return self._validator.evolve(schema=schema)
