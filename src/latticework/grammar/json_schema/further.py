"""Properties without a name: ``patternProperties``, ``propertyNames`` and what ``additionalProperties`` says.

The keys that no schema names fall into classes by the patterns they match. Each class that may occur is a language of
keys with one conjunction of schemas for the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from latticework.grammar import ir
from latticework.grammar.combine import seq
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.enums import satisfying
from latticework.grammar.json_schema.scalars import QUOTE
from latticework.grammar.json_schema.strings import FREE_CANONICAL, KEY, pattern_node, read_pattern
from latticework.grammar.regex import matches as contains_match
from latticework.grammar.regex.backtracking import may_be_slow

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

MAX_PATTERNS = 5  # different patterns beside each other up to which all combinations of matches are written
_Class: TypeAlias = tuple[bool, ...]


@dataclass(frozen=True)
class Demand:
    """Some property must be there that ``additionalProperties``, ``patternProperties`` or ``propertyNames`` forbids.

    ``source``: the literal that says so.
    """

    source: Subschema
    keyword: str

    @property
    def _negated(self) -> dict[str, Any]:
        return self.source.schema["not"]

    @property
    def patterns(self) -> list[tuple[str, bool]]:
        """Patterns that the key matches (True) or does not match."""
        found = self._negated.get("patternProperties", {})
        return [(pattern, self.keyword == "patternProperties") for pattern in found]

    @property
    def value(self) -> Subschema | None:
        """What the value must satisfy; ``None``: it may be anything."""
        if self.keyword == "propertyNames":
            return None
        holder = self._negated
        if self.keyword == "patternProperties":
            (member,) = holder["patternProperties"].values()
        else:
            member = holder["additionalProperties"]
        return self.source.derived(f"value of {self.keyword}", {"not": member})

    @property
    def key(self) -> Subschema | None:
        """What the key must satisfy beside the patterns."""
        if self.keyword != "propertyNames":
            return None
        return self.source.derived("name", {"not": self._negated["propertyNames"]})

    @property
    def excluded(self) -> set[str]:
        """Names that do not count."""
        return set(self._negated.get("properties", {}))

    def is_met_by_key(self, lowering: Lowering, name: str) -> bool:
        """Whether a property of this name with a wrong value would do."""
        if name in self.excluded or any(matches(pattern, name) is not wanted for pattern, wanted in self.patterns):
            return False
        return self.key is None or bool(satisfying(lowering, self.key, [name]))

    def at(self, name: str) -> Subschema:
        """A schema that says the property ``name`` is the wrong one."""
        value = True if self.value is None else self.value.schema
        return self.source.derived(
            f"{self.keyword} at {name}", {"type": "object", "required": [name], "properties": {name: value}}
        )


def demands(members: tuple[Subschema, ...]) -> list[Demand]:
    """The demands among the literals of a conjunction."""
    return [
        Demand(member, keyword)
        for member in members
        if member.is_literal and member.schema.get("type") == "object"
        for keyword in ("additionalProperties", "propertyNames", "patternProperties")
        if keyword in member.schema["not"] and not (keyword == "patternProperties" and len(member.schema["not"]) > 1)
    ]


def matches(pattern: str, name: str) -> bool | None:
    """Whether a name contains a match, ``None`` where dialects differ."""
    if may_be_slow(pattern, name):
        return contains_match(pattern, name)
    try:
        found = {bool(re.search(pattern, name, flags)) for flags in (re.ASCII, re.UNICODE)}
    except (re.error, ValueError):  # none of Python's, or it fixes those flags itself
        return contains_match(pattern, name)
    # Python's $ also stands before a last line feed.
    return found.pop() if len(found) == 1 and not name.endswith("\n") else None


class Pair(NamedTuple):
    """Members with keys of one class: which patterns those match, the keys, what is said of the values, all of it."""

    matched: _Class
    key: ir.Node
    said: tuple[Subschema, ...]
    node: ir.Node


class Further:
    """What a conjunction says about properties by their keys rather than by name."""

    def __init__(self, lowering: Lowering, constraining: list[Subschema]) -> None:
        self.lowering = lowering
        self.constraining = constraining
        self._by_member = {member.pointer: self._patterns_of(member) for member in constraining}
        self.patterns = dict.fromkeys(pattern for found in self._by_member.values() for pattern in found)
        self.key_schemas = tuple(m.child("propertyNames") for m in constraining if "propertyNames" in m.schema)

    @property
    def _names_properties(self) -> bool:
        """Whether the document itself, not a negation, says which properties there are."""
        naming = ("patternProperties", "properties", "required")
        return any(member.is_written and any(map(member.schema.get, naming)) for member in self.constraining)

    def _patterns_of(self, member: Subschema) -> list[str]:
        value = member.schema.get("patternProperties", {})
        if not isinstance(value, dict):
            self.lowering.malformed(member, "patternProperties", "an object of schemas")
            return []
        readable = all(read_pattern(self.lowering, member, "patternProperties", pattern) for pattern in value)
        return [*value] if readable else []

    def admits_name(self, name: str) -> bool:
        """Whether a property may have this name."""
        return all(satisfying_name(self.lowering, schema, name) for schema in self.key_schemas)

    def of_member(self, member: Subschema, name: str) -> list[Subschema]:
        """What ``patternProperties`` of ``member`` says about a property of this name."""
        said: list[Subschema] = []
        for pattern in self._by_member[member.pointer]:
            found = matches(pattern, name)
            if found is None:
                message = f"whether the name {name!r} matches {pattern!r} depends on the dialect"
                self.lowering.refuse(member, "patternProperties", message, "rewrite the pattern")
            elif found:
                said.append(member.child("patternProperties", pattern))
        return said

    def pairs(self, named: dict[str, Any], level: int) -> list[Pair]:
        """Members with a key that is none of ``named``, by the class of their keys."""
        return self._pairs(named, level, (), tuple(self.patterns))

    def witnesses(self, named: dict[str, Any], level: int, wanted: Sequence[Demand]) -> list[tuple[ir.Node, int]]:
        """Ways to meet all demands by members with other keys, and how many members each takes.

        Members with equal keys override each other, so where those of one class of keys may be equal, what must hold
        of a value is asked of the last of them.
        """
        patterns = tuple(
            dict.fromkeys([*self.patterns, *(pattern for demand in wanted for pattern, _ in demand.patterns)])
        )
        comma = self.lowering.style.comma(level + 1)
        out: list[tuple[ir.Node, int]] = []
        for groups in _partitions(tuple(wanted)):
            choices = product(*(self._pairs(named, level, group, patterns) for group in groups))
            for chosen in choices:
                members = [
                    (pair.matched, pair.node, any(demand.value is not None for demand in group))
                    for pair, group in zip(chosen, groups, strict=True)
                ]
                for order in permutations(members):
                    later = [{matched for matched, _, _ in order[index + 1 :]} for index in range(len(order))]
                    if any(asks and matched in behind for (matched, _, asks), behind in zip(order, later, strict=True)):
                        continue
                    separated = [part for _, node, _ in order for part in (comma, node)][1:]
                    out.append((seq(separated), len(groups)))
        return out

    def _pairs(
        self, named: dict[str, Any], level: int, wanted: tuple[Demand, ...], patterns: tuple[str, ...]
    ) -> list[Pair]:
        """Members by the class of their keys; only those that meet the demands."""
        lowering, style = self.lowering, self.lowering.style
        needed = dict(pair for demand in wanted for pair in demand.patterns)
        if any(needed[pattern] is not is_matched for demand in wanted for pattern, is_matched in demand.patterns):
            return []
        out: list[Pair] = []
        for choice in self._classes(len(patterns)):
            matched = dict(zip(patterns, choice, strict=True))
            if any(matched[pattern] is not is_matched for pattern, is_matched in needed.items()):
                continue
            said = self._of_class(matched, closed=not wanted and self._names_properties)
            if said is None or any(sub.schema is False for sub in said):
                continue
            said = (*said, *(demand.value for demand in wanted if demand.value is not None))
            key = self._key(named, matched, wanted)
            node = None if key is None else lowering.schema(said, level + 1)
            if key is not None and node is not None:
                out.append(Pair(choice, key, said, style.member(seq([key, style.colon, node]))))
        return out

    def _classes(self, count: int) -> Iterator[_Class]:
        """Which patterns a key matches: every combination, or, of many patterns, at most two at once."""
        if count <= MAX_PATTERNS:
            yield from product((True, False), repeat=count)
            return
        message = f"keys that match more than two of {count} patterns are left out"
        self.lowering.narrow(f"patternProperties: {message}")
        for size in range(3):
            for chosen in combinations(range(count), size):
                yield tuple(index in chosen for index in range(count))

    def _of_class(self, matched: dict[str, bool], closed: bool) -> tuple[Subschema, ...] | None:
        """What is said about the values of one class of keys; ``None`` if there are none of them.

        ``closed``: where nothing is said there are none, unless objects are open.
        """
        said: list[Subschema] = []
        spoken = False
        for member in self.constraining:
            own = [pattern for pattern in self._by_member[member.pointer] if matched.get(pattern)]
            said += [member.child("patternProperties", pattern) for pattern in own]
            if not own and "additionalProperties" in member.schema:
                said.append(member.child("additionalProperties"))
                spoken = True
            spoken = spoken or bool(own)
        if not spoken and closed and not self.lowering.open_objects:
            self.lowering.narrow("objects with named properties have no others (open_objects=True allows them)")
            return None
        return tuple(said)

    def _key(self, named: dict[str, Any], matched: dict[str, bool], wanted: tuple[Demand, ...]) -> ir.Node | None:
        """Keys of one class; ``None`` if there are none."""
        excluded = set(named).union(*(demand.excluded for demand in wanted))
        key_schemas = (*self.key_schemas, *(demand.key for demand in wanted if demand.key is not None))
        parts: list[ir.Node] = []
        if excluded or not (any(matched.values()) or key_schemas):
            parts.append(ir.JsonKey(excluded, self.lowering.style.scalars.all_escapes))
        parts += [_quoted(pattern_node(pattern)) for pattern, is_matched in matched.items() if is_matched]
        if matched and not any(matched.values()):
            # Patterns are taken out in canonical spelling, so that no escape may smuggle a match in.
            parts.append(_quoted(FREE_CANONICAL))
        if key_schemas:
            text = self.lowering.schema((*key_schemas, KEY), 0)
            if text is None:
                return None
            parts.append(text)
        if ir.NOTHING in parts:
            return None
        node = parts[0] if len(parts) == 1 else ir.Intersect(parts)
        for pattern, is_matched in matched.items():
            if not is_matched:
                node = ir.Except(node, _quoted(pattern_node(pattern, outside=True)))
        return node


def _partitions(wanted: tuple[Demand, ...]) -> Iterator[tuple[tuple[Demand, ...], ...]]:
    """All ways to split the demands into groups that one member meets."""
    if len(wanted) <= 1:
        yield (wanted,) if wanted else ()
        return
    first, rest = wanted[0], wanted[1:]
    for groups in _partitions(rest):
        yield ((first,), *groups)
        for index, group in enumerate(groups):
            yield (*groups[:index], (first, *group), *groups[index + 1 :])


def satisfying_name(lowering: Lowering, schema: Subschema, name: str) -> bool:
    """Whether ``propertyNames`` admits a name."""
    if isinstance(schema.schema, bool):
        return schema.schema
    return bool(satisfying(lowering, schema, [name]))


def _quoted(content: ir.Node) -> ir.Node:
    return ir.NOTHING if content == ir.NOTHING else ir.Seq((QUOTE, content, QUOTE))
