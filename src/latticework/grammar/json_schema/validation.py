"""Validation by ``jsonschema``: the filter of given values and the check after widening. Imported when needed only.

Patterns that are none of Python's (``\\p{L}``, lookbehind of any length), or that ``re`` may search for too long, are
searched by our own automata. What ``jsonschema`` reads otherwise than the standard, or cannot read, is not decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend, validator_for

from latticework.grammar.regex import matches
from latticework.grammar.regex.backtracking import may_be_slow

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


class Undecided(Exception):
    """Whether a value is valid cannot be told; says why. Internal: becomes an issue or an ``InputError``."""


def first_error(validator: Validator, value: Any) -> ValidationError | None:
    """Why the value is not valid, ``None`` if it is.

    Raises:
        Undecided: the schema is one that ``jsonschema`` does not get right, or fails at.
    """
    try:
        return next(validator.iter_errors(value), None)
    except (Undecided, RecursionError):
        raise
    except Exception as error:
        # Patterns, references and malformed keywords: whatever it stumbles over is no answer.
        raise Undecided(f"{type(error).__name__}: {error!s:.100}") from error


def validator_of(schema: Any, formats: bool = True) -> Validator:
    """A validator for the draft ``schema`` declares (2020-12 if none); ``formats``: check them."""
    kind = validator_for(schema, default=Draft202012Validator)
    return _with_patterns(kind, _name_patterns(schema))(schema, format_checker=kind.FORMAT_CHECKER if formats else None)


def _name_patterns(schema: Any) -> frozenset[str]:
    """The patterns of names anywhere in a schema that has ``unevaluatedProperties``; references do not leave it."""
    found: set[str] = set()
    has_unevaluated = False
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            has_unevaluated |= "unevaluatedProperties" in part
            patterns = part.get("patternProperties")
            found.update(patterns if isinstance(patterns, dict) else ())
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return frozenset(found if has_unevaluated else ())


@lru_cache(maxsize=16)
def _with_patterns(kind: Any, names: frozenset[str]) -> Any:
    own: dict[str, Any] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    if "$recursiveRef" in kind.VALIDATORS:
        own["unevaluatedItems"] = _unevaluated_items
    if names and "unevaluatedProperties" in kind.VALIDATORS:
        own["unevaluatedProperties"] = _guarded(kind.VALIDATORS["unevaluatedProperties"], names)
    extended: Any = extend(kind, {keyword: check for keyword, check in own.items() if keyword in kind.VALIDATORS})
    extended.evolve = _evolved
    return extended


def _evolved(validator: Any, **changes: Any) -> Any:
    """As ``Validator.evolve``, which would turn to the plain validator of a draft where a schema names one."""
    return attrs.evolve(validator, **changes)


def _found(pattern: str, text: str) -> bool:
    if not may_be_slow(pattern, text):
        with suppress(re.error):
            return bool(re.search(pattern, text))
    found = matches(pattern, text)
    if found is None:
        raise Undecided(f"whether {text!r:.60} matches {pattern!r:.60}")
    return found


def _guarded(check: Any, patterns: frozenset[str]) -> Any:
    """A check of ``jsonschema`` that searches names for ``patterns`` by itself, where that is quick."""

    def guarded(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if validator.is_type(instance, "object"):
            for name in instance:
                if any(may_be_slow(pattern, name) for pattern in patterns):
                    raise Undecided(f"which patterns the name {name!r:.60} matches, for unevaluatedProperties")
        yield from check(validator, value, instance, schema) or ()

    return guarded


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


def _unevaluated_items(validator: Any, _: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    """2019-09, where ``contains`` evaluates nothing and ``jsonschema`` has it evaluate items."""
    if validator.is_type(instance, "array") and instance:
        raise Undecided("unevaluatedItems of draft 2019-09 is not checked inside given values")
    yield from ()
