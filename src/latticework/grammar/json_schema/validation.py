"""Validation by ``jsonschema``: the filter of given values and the check after widening. Imported when needed only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def validator_of(schema: Any, formats: bool = True) -> Validator:
    """A validator for the draft ``schema`` declares (2020-12 if none); ``formats``: check them."""
    kind = validator_for(schema, default=Draft202012Validator)
    return kind(schema, format_checker=kind.FORMAT_CHECKER if formats else None)
