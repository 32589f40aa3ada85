"""What a schema can be made from, and how a text of it is read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from latticework.errors import InputError, LimitExceeded, SchemaError, SchemaIssue
from latticework.grammar.limits import Limits

# Attributes of generic aliases and unions, NewType, and type aliases.
_TYPE_MARKS = ("__origin__", "__args__", "__supertype__", "__value__")


def schema_of(source: Any, limits: Limits) -> tuple[Any, Any]:
    """The JSON Schema of ``source`` and the Python type to read values into (``None`` for plain JSON).

    Raises:
        SchemaError: text that is no JSON, or a type pydantic has no schema for.
        LimitExceeded: text above ``limits.max_schema_bytes``.
        InputError: neither a schema nor a type.
    """
    if isinstance(source, (dict, bool)):
        return source, None
    if isinstance(source, (str, bytes)):
        return _from_text(source, limits), None
    return _from_type(source), source


def _from_text(text: str | bytes, limits: Limits) -> Any:
    if len(text) > limits.max_schema_bytes:
        raise LimitExceeded("max_schema_bytes", limits.max_schema_bytes, hint=f"the schema has {len(text)}")
    try:
        return json.loads(text)
    except RecursionError:
        raise LimitExceeded("max_schema_depth", limits.max_schema_depth) from None
    except ValueError as error:
        raise SchemaError([SchemaIssue("", "", f"the schema text is no JSON: {error}")]) from None


def _from_type(source: Any) -> Any:
    from pydantic import PydanticUserError, TypeAdapter

    from latticework.grammar.json_schema.pydantic_schema import TypeSchema

    if not isinstance(source, type) and not any(hasattr(source, name) for name in _TYPE_MARKS):
        raise InputError(f"no schema: expected a dict, JSON text or a Python type, got {source!r:.80}")
    try:
        return TypeAdapter(source).json_schema(schema_generator=TypeSchema)
    except PydanticUserError as error:
        raise SchemaError([SchemaIssue("", "", f"pydantic has no JSON Schema for this type: {error}")]) from None


@dataclass(frozen=True, slots=True)
class JsonReader:
    """Reads a text of a schema's language.

    Attributes:
        target: Python type to build, ``None`` for plain JSON.
        check: the schema to validate against (after widening), ``None`` when the language guarantees it.
        formats: whether that includes formats.
    """

    target: Any = None
    check: Any = None
    formats: bool = True

    def __call__(self, text: str) -> Any:
        try:
            value = json.loads(text)
        except ValueError as error:
            raise InputError(f"the text is no JSON: {error}") from None
        if self.check is not None:
            from latticework.grammar.json_schema.validation import Undecided, first_error, validator_of

            try:
                error = first_error(validator_of(self.check, self.formats), value)
            except Undecided as reason:
                raise InputError(f"it cannot be checked whether the text satisfies the schema: {reason}") from None
            if error is not None:
                raise InputError(f"the text does not satisfy the schema at {error.json_path}: {error.message}")
        if self.target is None:
            return value
        from pydantic import TypeAdapter

        return TypeAdapter(self.target).validate_json(text)

    def __hash__(self) -> int:
        return hash(repr(self.target))
