"""The options of ``json_schema`` on the command line, the same for every command that reads a schema."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

import typer

from latticework.cli.expanding import with_options

SchemaOptions: TypeAlias = dict[str, Any]
_PARAMETER = "schema_options"


class Whitespace(StrEnum):
    COMPACT = "compact"
    SPACED = "spaced"
    PRETTY = "pretty"
    ANY = "any"


class Optional(StrEnum):
    BOTH = "both"
    OMIT = "omit"
    NULL = "null"


class Escapes(StrEnum):
    ANY = "any"
    MINIMAL = "minimal"


class Format(StrEnum):
    ASSERT = "assert"
    ANNOTATION = "annotation"


class Distinct(StrEnum):
    REFUSE = "refuse"
    NARROW = "narrow"


class PropertyOrder(StrEnum):
    SCHEMA = "schema"
    ANY = "any"


class Recursion(StrEnum):
    AUTO = "auto"
    BOUNDED = "bounded"
    EXACT = "exact"


# By the keyword of json_schema: type, default, help, further arguments of typer.Option.
_OPTIONS: dict[str, tuple[Any, Any, str, dict[str, Any]]] = {
    "whitespace": (Whitespace, Whitespace.COMPACT, "Whitespace of the JSON document.", {}),
    "property_order": (PropertyOrder, PropertyOrder.SCHEMA, "Keys in the order of the schema, or in any.", {}),
    "open_objects": (bool, False, "Objects with named properties admit others, unless the schema forbids it.", {}),
    "optional": (Optional, Optional.BOTH, "Optional properties that may be null: left out, null, or both.", {}),
    "escapes": (Escapes, Escapes.ANY, "Escapes in strings: any, or only those JSON needs.", {}),
    "max_string_length": (int | None, None, "Most characters of a string without a smaller maxLength.", {"min": 0}),
    "max_integer_digits": (int | None, None, "Most digits before the point without a bound.", {"min": 1, "max": 19}),
    "max_fraction_digits": (int | None, None, "Most digits after the point.", {"min": 0, "max": 17}),
    "format": (Format, Format.ASSERT, "Enforce formats, or ignore them.", {}),
    "distinct": (Distinct, Distinct.REFUSE, "Unlisted items, unnamed keys that must differ: refuse, or keep some.", {}),
    "recursion": (Recursion, Recursion.AUTO, "Recursive schemas, any value: bounded in depth, or not (exact).", {}),
    "openapi": (bool, False, "Read nullable as OpenAPI 3.0 does.", {}),
}


def with_schema_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each of ``json_schema``; its parameter ``schema_options`` gets them by keyword."""
    options: dict[str, tuple[Any, Any]] = {}
    for keyword, (kind, default, text, bounds) in _OPTIONS.items():
        flags = (f"--{keyword.replace('_', '-')}",) if kind is bool else ()
        options[keyword] = (Annotated[kind, typer.Option(*flags, help=text, **bounds)], default)
    return with_options(command, _PARAMETER, options, _plain)


def _plain(found: dict[str, Any]) -> SchemaOptions:
    return {keyword: value.value if isinstance(value, StrEnum) else value for keyword, value in found.items()}
