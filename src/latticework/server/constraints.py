"""From the fields of a body to the constraint they ask for; contradictions are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from latticework.server.errors import ApiError
from latticework.server.grammars import Spec

if TYPE_CHECKING:
    from latticework.server.bodies import ResponseFormat, StructuredOutputs

_KINDS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")


def from_response_format(found: ResponseFormat | None, param: str = "response_format") -> Spec | None:
    """The constraint of ``response_format``; ``None`` for plain text."""
    if found is None or found.type == "text":
        return None
    if found.type == "json_object":
        return Spec("json_schema", {"type": "object"}, param)
    return Spec("json_schema", found.json_schema.schema_, f"{param}.json_schema.schema")


def from_structured_outputs(found: StructuredOutputs | None) -> Spec | None:
    """The constraint of ``structured_outputs``; ``ApiError`` unless exactly one kind is given."""
    if found is None:
        return None
    given = {
        "json": found.json_,
        "regex": found.regex,
        "choice": found.choice,
        "grammar": found.grammar,
        "json_object": found.json_object or None,
        "structural_tag": found.structural_tag,
    }
    kinds = [name for name in _KINDS if given[name] is not None]
    if len(kinds) != 1:
        said = f"got {' and '.join(kinds)}" if kinds else "got none"
        raise ApiError(
            400,
            f"structured_outputs takes exactly one of {', '.join(_KINDS)}; {said}",
            "structured_outputs",
            "invalid_value",
        )
    [kind] = kinds
    param = f"structured_outputs.{kind}"
    options = _json_options(found, is_json=kind in ("json", "json_object"))
    if kind == "json_object":
        return Spec("json_schema", {"type": "object"}, param, options)
    if kind == "json":
        return Spec("json_schema", _value(given[kind], param), param, options)
    if kind == "structural_tag":
        return Spec(kind, _value(given[kind], param), param)
    return Spec(kind, given[kind], param)


def only_one(first: Spec | None, second: Spec | None) -> Spec | None:
    """The constraint, where at most one of two fields asks for one."""
    if first is not None and second is not None:
        raise ApiError(400, f"give one constraint: {first.param} or {second.param}", second.param, "contradiction")
    return first or second


def _json_options(found: StructuredOutputs, *, is_json: bool) -> tuple[tuple[str, Any], ...]:
    options: dict[str, Any] = {}
    if found.whitespace is not None:
        if found.disable_any_whitespace and found.whitespace != "compact":
            raise ApiError(
                400,
                "disable_any_whitespace contradicts whitespace",
                "structured_outputs.disable_any_whitespace",
                "contradiction",
            )
        options["whitespace"] = found.whitespace
    if found.disable_additional_properties is False:
        options["open_objects"] = True
    if options and not is_json:
        name = "whitespace" if found.whitespace is not None else "disable_additional_properties"
        raise ApiError(400, f"{name} is for JSON", f"structured_outputs.{name}", "contradiction")
    return tuple(options.items())


def _value(given: Any, param: str) -> Any:
    """A JSON value, given as it is or as text."""
    if isinstance(given, str):
        try:
            given = from_json(given, allow_inf_nan=False)
        except ValueError as error:
            raise ApiError(400, f"{param} is no JSON: {error}", param, "invalid_schema") from None
    if not isinstance(given, dict | bool):
        raise ApiError(400, f"{param} must be an object or a boolean", param, "invalid_schema")
    return given
