"""Validation by ``jsonschema``: the filter of given values and the check after widening. Imported when needed only.

Patterns that are none of Python's (``\\p{L}``, lookbehind of any length) are searched by our own automata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend, validator_for

from latticework.grammar.regex import matches

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def validator_of(schema: Any, formats: bool = True) -> Validator:
    """A validator for the draft ``schema`` declares (2020-12 if none); ``formats``: check them."""
    kind = validator_for(schema, default=Draft202012Validator)
    return _with_patterns(kind)(schema, format_checker=kind.FORMAT_CHECKER if formats else None)


@lru_cache(maxsize=16)
def _with_patterns(kind: Any) -> Any:
    own = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    return extend(kind, {keyword: check for keyword, check in own.items() if keyword in kind.VALIDATORS})


def _found(pattern: str, text: str) -> bool:
    try:
        return bool(re.search(pattern, text))
    except re.error:
        return bool(matches(pattern, text))


def _pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not _found(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, schemas: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, subschema in schemas.items():
        for name in instance:
            if _found(pattern, name):
                yield from validator.descend(instance[name], subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, subschema: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    patterns = schema.get("patternProperties", {})
    for name in instance:
        if name not in schema.get("properties", {}) and not any(_found(pattern, name) for pattern in patterns):
            yield from validator.descend(instance[name], subschema, path=name)
