"""Strings of a schema whose texts follow a grammar that is given beside it, by JSON Pointer.

A schema of that kind says ``type: string`` and nothing else, so that it means the same to every validator; the grammar
is a further condition on the strings that are written for it. What could pass the condition by (values given by
``enum``, other conditions on the same string, keys) is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from latticework.errors import InputError, SchemaError, SchemaIssue
from latticework.grammar import ir
from latticework.grammar.cfg.nested import Rule
from latticework.grammar.cfg.syntax import ContextFreeGrammar
from latticework.grammar.grammar import Grammar
from latticework.grammar.json_schema import keywords
from latticework.grammar.json_string import json_string

if TYPE_CHECKING:
    from latticework.grammar.json_schema.document import Subschema
    from latticework.grammar.json_schema.lowering import Lowering


class GivenString(NamedTuple):
    """What is written for the schema at ``pointer``: a regular language, or a :class:`Rule` for ``context_free``."""

    pointer: str
    node: ir.Node
    context_free: ContextFreeGrammar | None
    narrowings: tuple[str, ...]


def given_strings(strings: Mapping[str, Grammar], schema: Any) -> tuple[GivenString, ...]:
    """The grammars by pointer, each made the language of a JSON string.

    Raises:
        SchemaError: there is no schema at a pointer, or it is not one of any string.
        InputError: no grammar, or one that cannot be written as a JSON string.
    """
    found: list[GivenString] = []
    issues: list[SchemaIssue] = []
    for number, (place, grammar) in enumerate(strings.items()):
        if not isinstance(grammar, Grammar):
            raise InputError(f"strings: a grammar is wanted for {place}, not {grammar!r:.60}")
        pointer = place.removeprefix("#")
        message = _unfit(schema, pointer)
        if message:
            hint = "name the schema that says type: string and nothing else; where it is a $ref, the one it leads to"
            issues.append(SchemaIssue(pointer, "", message, hint))
            continue
        string = json_string(grammar)
        rules = string.context_free
        node = ir.Located(string.node, pointer) if rules is None else Rule(f"string {number}")
        narrowings = tuple(f"{pointer}: {narrowing}" for narrowing in string.narrowings)
        found.append(GivenString(pointer, node, rules, narrowings))
    if issues:
        raise SchemaError(issues)
    return tuple(found)


def _unfit(schema: Any, pointer: str) -> str:
    """Why a grammar cannot be given for what is at ``pointer``; empty if it can."""
    try:
        for token in pointer.split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            schema = schema[int(key)] if isinstance(schema, list) else schema[key]
    except (KeyError, IndexError, ValueError, TypeError):
        return "strings: there is no schema here"
    if not isinstance(schema, dict) or schema.get("type") != "string":
        return "strings: a grammar is given for a schema that is not type: string"
    others = [keyword for keyword in schema if keyword != "type" and keyword not in keywords.ANNOTATIONS]
    return f"strings: beside a grammar, {others[0]} cannot be enforced" if others else ""


def string_of_grammar(lowering: Lowering, members: tuple[Subschema, ...]) -> ir.Node | None:
    """What is written for a string for which a grammar is given; ``None`` where none is."""
    given = {string.pointer: string for string in lowering.strings}
    own = [member for member in members if member.place in given and not member.is_literal]
    if not own:
        return None
    first = own[0]
    if len(own) > 1 or first.pointer != first.place or lowering.one_way or any(_says_more(m) for m in members):
        message = "the grammar given for this string cannot be enforced together with other conditions on it"
        return _refused(lowering, first, message)
    string = given[first.pointer]
    lowering.used_strings.add(string.pointer)
    for narrowing in string.narrowings:
        lowering.narrow(narrowing)
    return string.node


def _says_more(member: Subschema) -> bool:
    """Whether a member says anything about strings beside their type."""
    from latticework.grammar.json_schema.strings import KEY, KEYWORDS

    if member.is_literal:
        negated = member.schema["not"]
        return not {"enum", "const"}.isdisjoint(negated) or member.schema.get("type") == "string"
    return member.pointer == KEY.pointer or not KEYWORDS.isdisjoint(member.schema)


def refuse_values(lowering: Lowering, members: Iterable[Subschema], found: list[Any]) -> None:
    """Refuses given values that a grammar might have to check."""
    if not lowering.strings or not any(isinstance(value, str | list | dict) for value in found):
        return
    places = {string.pointer for string in lowering.strings}
    for member in members:
        if member.place in places or (isinstance(member.schema, dict) and not _APPLIED.isdisjoint(member.schema)):
            _refused(lowering, member, "values given by enum or const beside schemas with grammars are not checked")
            return
    if any(isinstance(value, list | dict) for value in found):
        _refused(lowering, next(iter(members)), "arrays and objects given by enum or const hold strings unchecked")


# What may lead to a schema with a grammar.
_APPLIED = keywords.APPLICATORS


def _refused(lowering: Lowering, place: Subschema, message: str) -> ir.Node:
    lowering.issues[SchemaIssue(place.place, "", message, "remove one of them")] = None
    return ir.NOTHING


def unused(lowering: Lowering) -> list[SchemaIssue]:
    """Issues about grammars that no string of the documents follows."""
    hint = "name the schema that the string itself has"
    return [
        SchemaIssue(string.pointer, "", "strings: nothing is written for the schema at this place", hint)
        for string in lowering.strings
        if string.pointer not in lowering.used_strings
    ]
