"""Schema objects of OpenAPI 3.0 as JSON Schema.

``nullable: true`` beside ``type`` adds null to the types of that schema, and says nothing without ``type`` (OpenAPI
3.0.3, "Schema Object", and its proposal "Clarify Semantics of nullable"): an ``enum`` beside it still has to list null,
and null passes no ``$ref`` or ``allOf`` that forbids it. ``discriminator`` says which branch a reader should look at,
never what is valid, and needs no rewriting. JSON Schema knows neither keyword, and OpenAPI 3.1 dropped ``nullable``.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

_MAPS = frozenset({"definitions", "patternProperties", "properties", "schemas", "$defs"})
_INSTANCES = frozenset({"const", "default", "enum", "example", "examples"})


def as_json_schema(schema: Any) -> Any:
    """The same schema with ``nullable`` written as a type; ``schema`` itself stays as it is."""
    schema = deepcopy(schema)
    stack = [(schema, False)]
    while stack:
        here, is_map = stack.pop()
        if isinstance(here, list):
            stack += [(member, False) for member in here]
        elif isinstance(here, dict):
            if not is_map:
                _admit_null(here)
            stack += [(here[key], not is_map and key in _MAPS) for key in here if is_map or key not in _INSTANCES]
    return schema


def _admit_null(schema: dict[str, Any]) -> None:
    if not isinstance(schema.get("nullable"), bool):
        return
    nullable = schema.pop("nullable")
    named = schema.get("type")
    types = [named] if isinstance(named, str) else named
    if nullable and isinstance(types, list) and "null" not in types:
        schema["type"] = [*types, "null"]
