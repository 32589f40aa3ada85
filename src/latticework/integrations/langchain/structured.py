"""``with_structured_output``: which keyword arguments to bind for a schema, and how to read what comes back."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Literal, TypeAlias

from langchain_core.language_models import LanguageModelInput
from langchain_core.output_parsers import BaseOutputParser, JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.pydantic import is_basemodel_subclass

from latticework.grammar import json_schema
from latticework.integrations.langchain.requests import as_tool, is_schema

Method: TypeAlias = Literal["function_calling", "json_mode", "json_schema"]
METHODS: tuple[Method, ...] = ("function_calling", "json_mode", "json_schema")


def structured(
    model: Any, schema: Any, method: Method, *, include_raw: bool, strict: bool | None
) -> Runnable[LanguageModelInput, Any]:
    """A runnable that gives objects of ``schema``, as :meth:`ChatLatticework.with_structured_output` describes it."""
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}: give one of {', '.join(METHODS)}")
    if schema is None and method != "json_mode":
        raise ValueError(f"method {method!r} needs a schema; only json_mode goes without")
    cls: Any = schema
    is_class = isinstance(schema, type) and is_basemodel_subclass(schema)
    traced = {"kwargs": {"method": method} | ({} if strict is None else {"strict": strict}), "schema": _traced(schema)}
    parser: Any
    if method == "function_calling":
        tool = as_tool(schema, strict=strict)
        name = tool["function"]["name"]
        bound = model.bind_tools(
            [tool], tool_choice=name, parallel_tool_calls=False, ls_structured_output_format=traced
        )
        parser = (
            PydanticToolsParser(tools=[cls], first_tool_only=True)
            if is_class
            else JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
        )
    else:
        bound = model.bind(response_format=_response_format(schema, strict), ls_structured_output_format=traced)
        parser = PydanticOutputParser(pydantic_object=cls) if is_class else JsonOutputParser()
    return _with_raw(bound, parser) if include_raw else bound | parser


def _response_format(schema: Any, strict: bool | None) -> dict[str, Any]:
    """Also for ``json_mode``: where a schema is known, any JSON object is no more than what it allows."""
    if schema is None:
        return {"type": "json_object"}
    if isinstance(schema, dict) and schema.get("type") == "json_schema" and isinstance(schema.get("json_schema"), dict):
        return schema
    if isinstance(schema, dict) and isinstance(schema.get("schema"), dict) and isinstance(schema.get("name"), str):
        named = dict(schema)
    else:
        named = _named_schema(schema)
    if strict is not None:
        named["strict"] = strict
    json_schema(named["schema"])  # what cannot be enforced is refused here, not at the first call
    return {"type": "json_schema", "json_schema": named}


def _named_schema(schema: Any) -> dict[str, Any]:
    if isinstance(schema, dict) and is_schema(schema):
        return {"name": schema.get("title", "output"), "schema": schema}
    function = as_tool(schema)["function"]
    return {"name": function["name"], "schema": function.get("parameters", {"type": "object"})}


def _traced(schema: Any) -> Any:
    """The schema as tracing shows it."""
    if schema is None:
        return None
    try:
        return convert_to_json_schema(schema)
    except (ValueError, TypeError):
        return schema if isinstance(schema, dict) else None


def _with_raw(bound: Runnable[Any, Any], parser: BaseOutputParser[Any]) -> Runnable[LanguageModelInput, Any]:
    """``{"raw", "parsed", "parsing_error"}`` in any case."""
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=bound) | parsed.with_fallbacks([failed], exception_key="parsing_error")
