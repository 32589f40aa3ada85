"""``enum`` and ``const``: the given values that satisfy everything said beside them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.json_schema import keywords, values
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.given_strings import refuse_values

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

    from latticework.grammar.json_schema.lowering import Lowering

_CHECKED_HERE = frozenset({"type", "enum", "const"})
_NO_MAX = 1 << 60
_LEFT_TO_JSONSCHEMA = (keywords.ENFORCED | frozenset(keywords.REFUSED)) - _CHECKED_HERE


def given_values(lowering: Lowering, members: tuple[Subschema, ...], source: Subschema, level: int) -> ir.Node | None:
    """The values of ``source`` that satisfy all ``members``; ``None`` if there are none."""
    keyword = "const" if "const" in source.schema else "enum"
    any_order = lowering.any_order and not lowering.one_way
    order = ", or in any where they are few" if any_order else ""
    lowering.narrow(
        f"given values (enum, const): one spelling each, that of json.dumps, keys in the given order{order}"
    )
    found = [source.schema["const"]] if keyword == "const" else source.schema["enum"]
    if not isinstance(found, list):
        lowering.malformed(source, "enum", "a list of values")
        return values.NULL
    if len(found) > lowering.limits.max_enum_values:
        hint = f"the enum has {len(found)} values"
        raise LimitExceeded("max_enum_values", lowering.limits.max_enum_values, source.pointer, hint)
    refuse_values(lowering, members, found)
    for member in members:
        found = _left(lowering, member, found)
    writable = [value for value in found if _is_writable(lowering, source, keyword, value)]
    if not writable:
        return lowering.dead(source, keyword, "no value is left beside the other keywords")
    if lowering.document.dialect.float_integers:
        whole = [int(value) for value in writable if isinstance(value, float) and value.is_integer()]
        writable += whole
    arranged = lowering.arranged if any_order else 0
    node = values.one_of(writable, lowering.style, level, arranged, any_order and lowering.lazy)
    return ir.Located(node, source.pointer) if len(writable) > 100 else node


def _left(lowering: Lowering, member: Subschema, found: list[Any]) -> list[Any]:
    """The values that satisfy ``member``; those of which that cannot be told are reported."""
    kept = satisfying(lowering, member, found)
    if len(kept) < len(found):
        possible = satisfying(lowering, member, found, doubtful=True)
        if len(kept) < len(possible):
            left_out = next(value for value in possible if all(value is not one for one in kept))
            message = f"it cannot be checked whether {left_out!r:.60} satisfies the keywords beside it"
            lowering.refuse(member, "enum", message, "remove the value or the keywords")
    return kept


def satisfying(lowering: Lowering, member: Subschema, found: list[Any], doubtful: bool = False) -> list[Any]:
    """The values of ``found`` that satisfy the schema ``member``, its references and unions included.

    ``doubtful``: keep those of which it cannot be told, too.
    """
    schema = member.schema
    types = lowering.types(member)
    kept = found if types is None else [value for value in found if lowering.type_of(value) in types]
    if "const" in schema:
        wanted = key_of(schema["const"])
        kept = [value for value in kept if key_of(value) == wanted]
    if isinstance(schema.get("enum"), list) and schema["enum"] is not found:
        allowed = {key_of(value) for value in schema["enum"]}
        kept = [value for value in kept if key_of(value) in allowed]
    # A schema that stands for its own keywords has been rewritten without unevaluated...; what those say is beside it.
    checked = _CHECKED_HERE.union(keywords.UNEVALUATED) if member.own else _CHECKED_HERE
    if _LEFT_TO_JSONSCHEMA.isdisjoint(schema):
        return kept
    rest = {keyword: value for keyword, value in schema.items() if keyword not in checked}
    if lowering.document.scopes.matter and _refers(rest):
        return kept if doubtful else []  # jsonschema would follow its references from the root
    asserted = _LEFT_TO_JSONSCHEMA.intersection(rest)
    low, high = rest.get("minLength", 0), rest.get("maxLength", _NO_MAX)
    if type(low) is int and type(high) is int:
        kept = [value for value in kept if not isinstance(value, str) or low <= len(value) <= high]
        asserted -= {"minLength", "maxLength"}
    unsure = [value for value in kept if _concerns(asserted, value)]
    if not unsure:
        return kept  # the import of jsonschema takes longer than most schemas
    validator = lowering.validator(rest)
    failing = {id(value) for value in unsure if not _is_valid(validator, value, doubtful)}
    return [value for value in kept if id(value) not in failing]


def _concerns(asserted: frozenset[str], value: Any) -> bool:
    """Whether any of the keywords says something of values of this type."""
    if isinstance(value, bool) or value is None:
        kind = ""
    else:
        kind = {str: "string", dict: "object", list: "array"}.get(type(value), "number")
    return bool(asserted.difference(*(words for of, words in keywords.OF_TYPE.items() if of != kind)))


def _refers(schema: Any) -> bool:
    """Whether there is a reference anywhere inside."""
    if isinstance(schema, dict):
        return not keywords.REFERENCES.isdisjoint(schema) or any(map(_refers, schema.values()))
    return isinstance(schema, list) and any(map(_refers, schema))


def _is_valid(validator: Validator, value: Any, doubtful: bool) -> bool:
    from latticework.grammar.json_schema.validation import Undecided, first_error

    try:
        return first_error(validator, value) is None
    except Undecided:
        return doubtful


def given_keys(member: Subschema) -> frozenset[Any] | None:
    """The values a schema gives itself, as :func:`key_of`; ``None`` where it gives none."""
    if "const" in member.schema:
        return frozenset((key_of(member.schema["const"]),))
    found = member.schema.get("enum")
    return frozenset(map(key_of, found)) if isinstance(found, list) else None


def key_of(value: Any) -> Any:
    """A hashable that is equal exactly for equal JSON values: 1 equals 1.0, but true is not 1."""
    if isinstance(value, bool) or value is None:
        return ("literal", value)
    if isinstance(value, dict):
        return ("object", frozenset((key, key_of(member)) for key, member in value.items()))
    if isinstance(value, list):
        return ("array", tuple(key_of(member) for member in value))
    return value


def _is_writable(lowering: Lowering, source: Subschema, keyword: str, value: Any) -> bool:
    """Whether the value has a JSON text; reports it otherwise."""
    if isinstance(value, (str, bool, int)) or value is None:
        if not isinstance(value, str) or value.isascii() or _well_formed(value):
            return True
    elif isinstance(value, float):
        if math.isfinite(value):
            return True
    elif isinstance(value, (dict, list)):
        try:
            lowering.style.dumps(value)
            return True
        except (ValueError, TypeError, RecursionError):
            pass
    lowering.refuse(source, keyword, f"the value {value!r:.60} cannot be written as JSON", "remove it")
    return False


def _well_formed(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
