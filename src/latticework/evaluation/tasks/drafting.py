"""Drafts tasks of a family: flat fields become bounded, optional, nested and repeated, with rivals for their values."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from latticework.evaluation.tasks.drafts import Draft, Entries, Statement
from latticework.models.embedded.training.families import Choose, Family, Field
from latticework.models.embedded.training.generic import GROUPS, UNKNOWN
from latticework.models.embedded.training.values import INTEGER, NUMERIC, Value, Values

_FIELDS = (3, 7)  # of a document, beside its entries
_COLUMNS = (2, 3)
_ROWS = (1, 4)
_OPTIONAL, _MISSING = 0.35, 0.4  # share of the fields that may be absent, and of those that are
_RIVAL, _NESTED, _ENTRIES, _DESCRIBED, _UNITS, _BOUNDED = 0.3, 0.5, 0.4, 0.5, 0.5, 0.6

_CURRENCIES = ("EUR", "USD", "GBP", "CHF")
_MEASURES = ("kg", "km", "m", "l")
_COMMITTED_UNIT = re.compile(r"[$€£]|euro|dollar|pound|\b(?:kg|km|m|l|cm|mm)\b|kilo|met|lit", re.IGNORECASE)
_BOUNDS: dict[str, tuple[int, int]] = {
    "amount": (0, 1_000_000),
    "rating": (0, 10),
    "measure": (0, 10_000),
    "percent": (0, 100),
    "int": (0, 100_000),
    "small": (0, 100),
    "year": (1900, 2100),
    "temperature": (-60, 60),
}
_ENTRY_KEYS = ("entries", "items", "lines", "positions", "parts")
_PLAIN = ("The {k} is {v}.", "As {k} we have {v}.", "{v} is the {k}.")
_RIVALS = (
    ("former {k}", "Until last week the {k} was {v}, which no longer holds."),
    ("rejected {k}", "Somebody had proposed {v} as the {k}, but that was turned down."),
    ("{k} (wrong, see correction)", "An earlier version of this text gave {v} as the {k} by mistake."),
    ("{k} of another case", "In a case that has nothing to do with this one, {v} was the {k}."),
)
_MEANT = "The {k} that holds now. What was rejected, corrected or belongs to another case does not count."
_TOLD = ("The {k}.", "The {k} as the text states it.", "What the text gives as {k}.")


@dataclass(frozen=True, slots=True)
class _Read:
    """A value on its way: its schema, what JSON says, what the text says (``None``: nothing), and under which name."""

    schema: dict[str, Any]
    gold: Any
    statement: Statement


def draft(family: Family, values: Values) -> Draft:
    """A schema of the family with its gold value and statements; every random choice comes from ``values.rng``."""
    rng = values.rng
    root: dict[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    found = Draft(rng.choice(family.openings), root, {})
    chosen = rng.sample(family.fields, min(len(family.fields), rng.randint(*_FIELDS)))
    keys = _distinct([rng.choice(one.keys) for one in chosen])
    nested = range(0)
    if len(chosen) > 3 and rng.random() < _NESTED:
        start = rng.randrange(len(chosen) - 1)
        nested = range(start, min(len(chosen), start + rng.randint(2, 3)))
    group = _distinct([*keys, rng.choice(GROUPS)])[-1]
    for place, (one, key) in enumerate(zip(chosen, keys, strict=True)):
        schema, gold = root, found.gold
        if place in nested:
            schema, gold = _nested(root, found.gold, group)
        _add(found, one, key, schema, gold, values)
    columns = [one for one in family.fields if isinstance(one, Field) and not one.many and one not in chosen]
    if len(columns) >= _COLUMNS[0] and rng.random() < _ENTRIES:
        key = _distinct([*keys, group, rng.choice(_ENTRY_KEYS)])[-1]
        _add_entries(found, key, rng.sample(columns, min(len(columns), rng.randint(*_COLUMNS))), values)
    return found


def _add(
    found: Draft, one: Field | Choose, key: str, schema: dict[str, Any], gold: dict[str, Any], values: Values
) -> None:
    """Put a field, or its absence, into the object that ``schema`` and ``gold`` are about."""
    rng = values.rng
    label = key.replace("_", " ")
    read = _choice(one, label, values) if isinstance(one, Choose) else _field(one, label, values)
    optional = rng.random() < _OPTIONAL
    missing = optional and rng.random() < _MISSING
    nullable = optional and rng.random() < 0.5
    own = dict(read.schema)
    if rng.random() < _DESCRIBED:
        own["description"] = rng.choice(_TOLD).replace("{k}", label)
    rival = None
    if isinstance(one, Field) and not one.many and not missing and rng.random() < _RIVAL:
        rival = _rival(one, label, read, values)
    if rival is not None:
        own["description"] = _MEANT.replace("{k}", label)
        found.statements.append(rival)
    schema["properties"][key] = {"anyOf": [own, {"type": "null"}]} if nullable else own
    if not optional or nullable:
        schema["required"].append(key)
    if not missing:
        gold[key] = read.gold
        found.statements.append(read.statement)
        return
    if nullable:
        gold[key] = None
    if rng.random() < 0.5:
        clause = rng.choice(UNKNOWN).replace("{k}", label).replace("{K}", label.capitalize())
        found.statements.append(Statement(label, (), clause, rng.choice(["n/a", "-", "unknown"])))


def _nested(root: dict[str, Any], gold: dict[str, Any], key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The object under ``key`` of the schema and of the gold value, made when first asked for."""
    if key not in gold:
        gold[key] = {}
        root["properties"][key] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        root["required"].append(key)
    return root["properties"][key], gold[key]


def _add_entries(found: Draft, key: str, columns: Sequence[Field], values: Values) -> None:
    rng = values.rng
    names = _distinct([rng.choice(one.keys) for one in columns])
    rows, objects = [], []
    schemas: list[dict[str, Any]] = []
    for _ in range(rng.randint(*_ROWS)):
        read = [
            _scalar(one.kind, name.replace("_", " "), _PLAIN[0], values)
            for one, name in zip(columns, names, strict=True)
        ]
        schemas = [one.schema for one in read]
        objects.append({name: one.gold for name, one in zip(names, read, strict=True)})
        rows.append(tuple(one.statement for one in read))
    item = {
        "type": "object",
        "properties": dict(zip(names, schemas, strict=True)),
        "required": names,
        "additionalProperties": False,
    }
    found.schema["properties"][key] = {"type": "array", "items": item, "minItems": 1, "maxItems": 6}
    found.schema["required"].append(key)
    found.gold[key] = objects
    found.entries = Entries(key, tuple(rows))


def _field(one: Field, label: str, values: Values) -> _Read:
    rng = values.rng
    clause = rng.choice(one.clauses)
    if one.many:
        return _list(one, label, clause, values)
    if one.kind in ("amount", "measure") and rng.random() < _UNITS:
        return _with_unit(one.kind, label, clause, values)
    return _scalar(one.kind, label, clause, values)


def _scalar(kind: str, label: str, clause: str, values: Values) -> _Read:
    value = values.draw(kind)
    schema = _schema_of(kind)
    if kind in _BOUNDS and values.rng.random() < _BOUNDED:
        schema |= dict(zip(("minimum", "maximum"), _BOUNDS[kind], strict=True))
    return _Read(schema, _gold(kind, value), Statement(label, (value.said,), clause.replace("{k}", label)))


def _with_unit(kind: str, label: str, clause: str, values: Values) -> _Read:
    """A number and its unit as an object; the clause must not bring a unit of its own."""
    rng = values.rng
    money = kind == "amount"
    units, unit_key, value_key = (_CURRENCIES, "currency", "amount") if money else (_MEASURES, "unit", "value")
    value, unit = values.draw(kind), rng.choice(units)
    if _COMMITTED_UNIT.search(clause):
        clause = rng.choice(_PLAIN)
    number = {"type": "number", "minimum": 0}
    schema = {
        "type": "object",
        "properties": {value_key: number, unit_key: {"enum": list(units)}},
        "required": [value_key, unit_key],
        "additionalProperties": False,
    }
    gold = {value_key: _gold(kind, value), unit_key: unit}
    return _Read(schema, gold, Statement(label, (f"{value.said} {unit}",), clause.replace("{k}", label)))


def _list(one: Field, label: str, clause: str, values: Values) -> _Read:
    drawn = {value.literal: value for value in (values.draw(one.kind) for _ in range(values.rng.randint(1, 4)))}
    schema = {"type": "array", "items": _schema_of(one.kind), "minItems": 1, "maxItems": 8}
    said = tuple(value.said for value in drawn.values())
    return _Read(schema, [_gold(one.kind, value) for value in drawn.values()], Statement(label, said, clause))


def _choice(one: Choose, label: str, values: Values) -> _Read:
    rng = values.rng
    member = rng.choice(list(one.members))
    clause = rng.choice(one.members[member])
    if one.boolean:
        return _Read(
            {"type": "boolean"}, member == "true", Statement(label, (), clause, "yes" if member == "true" else "no")
        )
    members = rng.sample(list(one.members), len(one.members))
    return _Read({"enum": members}, member, Statement(label, (), clause, member.replace("_", " ")))


def _rival(one: Field, label: str, read: _Read, values: Values) -> Statement | None:
    """Another value that the wording rules out; ``None`` where the draw gives the same one."""
    value = values.draw(one.kind)
    if value.said in read.statement.said or _gold(one.kind, value) == read.gold:
        return None
    name, clause = values.rng.choice(_RIVALS)
    return Statement(name.replace("{k}", label), (value.said,), clause.replace("{k}", label))


def _schema_of(kind: str) -> dict[str, Any]:
    if kind in NUMERIC:
        return {"type": "integer" if kind in INTEGER else "number"}
    return {"type": "string", "format": "date"} if kind == "isodate" else {"type": "string"}


def _gold(kind: str, value: Value) -> Any:
    return json.loads(value.literal) if kind in NUMERIC else value.literal


def _distinct(keys: Sequence[str]) -> list[str]:
    """The keys, later ones with a number where they repeat an earlier one."""
    found: list[str] = []
    for key in keys:
        own, count = key, 2
        while own in found:
            own, count = f"{key}_{count}", count + 1
        found.append(own)
    return found
