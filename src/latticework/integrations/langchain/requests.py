"""What a call asks for: tools, a response format or a grammar, as one grammar and a way to read its texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from latticework.chat.tool_text import OPENING, Call, Tool, read_calls, tool_grammar
from latticework.errors import InputError
from latticework.grammar import DEFAULT_LIMITS, Grammar, json_schema

JSON_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
SCHEMA_WORDS = frozenset(
    {"title", "properties", "$ref", "$schema", "$defs", "anyOf", "oneOf", "allOf", "enum", "const"}
)
_REQUIRED = frozenset({"any", "required"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The language of an answer.

    Attributes:
        grammar: a ``Grammar``, a compiled constraint, or ``None`` for any text.
        tools: what the model is told it may call.
        only: the tool whose arguments are the whole text; ``None`` where calls bear names.
        whole: whether the text is a document or consists of calls, so that cutting it would break it.
    """

    grammar: Any = None
    tools: tuple[Tool, ...] = ()
    only: str | None = None
    whole: bool = False

    def read(self, text: str, *, complete: bool) -> tuple[str, list[Call]]:
        """Content and calls of a text or of its beginning; both only grow as the text does."""
        if self.only is not None:
            return "", [Call(self.only, text, complete)]
        # A document of a response format may hold the mark of a call in a string, but does not begin with it.
        if not self.tools or (self.whole and not OPENING.startswith(text[: len(OPENING)])):
            return text, []
        return read_calls(text, complete=complete)


def wanted(
    tools: Sequence[Any] | None,
    tool_choice: Any,
    parallel: bool | None,
    response_format: Any,
    grammar: Any,
) -> Wanted:
    """What the keyword arguments of a call ask for together.

    Raises:
        InputError: a form that is not known, or arguments that contradict each other.
        SchemaError: a schema that cannot be enforced.
    """
    document = _document(response_format)
    if grammar is not None and (document is not None or tools):
        raise InputError("give either a grammar, or tools and a response_format")
    if grammar is not None:
        return Wanted(grammar)
    known = _distinct([_tool(tool) for tool in tools or ()])
    mode, name = _choice(tool_choice, [tool.name for tool in known])
    if mode == "none" or not known:
        return Wanted(document, whole=document is not None)
    used = tuple(tool for tool in known if name in (None, tool.name))
    if mode == "required" and len(used) == 1 and not parallel:
        return Wanted(json_schema(used[0].schema), used, only=used[0].name, whole=True)
    required = mode == "required" or document is not None
    calls = tool_grammar(
        {
            "tools": [{"name": tool.name, "schema": tool.schema} for tool in used],
            "required": required,
            "parallel": parallel is True or (mode == "auto" and parallel is not False),
        },
        DEFAULT_LIMITS,
    )
    if mode == "required" or document is None:
        return Wanted(calls, used, whole=required)
    return Wanted(calls | document, used, whole=True)


def as_tool(source: Any, *, strict: bool | None = None) -> dict[str, Any]:
    """A tool in the form of the OpenAI API. Schemas are kept as they are; that of a pydantic class is the one that its
    validators agree with.

    Raises ``InputError`` where arguments are no object.
    """
    if not (isinstance(source, dict) and is_schema(source)):
        found = convert_to_openai_tool(source, strict=strict)
        if isinstance(source, type) and issubclass(source, BaseModel):
            found["function"]["parameters"] = json_schema(source).schema
        return found
    if "type" in source and source["type"] != "object":
        raise InputError(
            f"arguments of a call are an object, not of type {source['type']!r}; ask for a document instead"
        )
    function = {
        "name": source.get("title", "output"),
        "description": source.get("description", ""),
        "parameters": source,
    }
    return {"type": "function", "function": function if strict is None else {**function, "strict": strict}}


def is_schema(source: dict[str, Any]) -> bool:
    """Whether a dict is a JSON Schema, not a tool of one of the forms that libraries use."""
    if source.get("type") == "function" or ("name" in source and source.keys() & {"parameters", "input_schema"}):
        return False
    return "toolSpec" not in source and bool(source.keys() & SCHEMA_WORDS or source.get("type") in JSON_TYPES)


def as_tool_choice(choice: Any) -> Any:
    """``tool_choice`` as it is bound; the forms of other libraries are put into words that all of them know."""
    if choice is True:
        return "required"
    return "none" if choice is False else choice


def _tool(tool: Any) -> Tool:
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    if function is None or tool.get("type") != "function" or not isinstance(function.get("name"), str):
        kind = tool.get("type") if isinstance(tool, dict) else type(tool).__name__
        raise InputError(f"tools are functions with a name; this one is of type {kind!r}")
    parameters = function.get("parameters")
    if parameters is not None and not parameters.keys() - {"type", "title", "description", "properties", "required"}:
        # A function without arguments takes none, while a bare object schema would let the model make some up.
        parameters = parameters if parameters.get("properties") else None
    return Tool(function["name"], parameters, "tools", function.get("description"))


def _distinct(tools: list[Tool]) -> list[Tool]:
    """The tools, one that is given twice once. Two of one name with different arguments could not be told apart."""
    found: dict[str, Tool] = {}
    for tool in tools:
        first = found.setdefault(tool.name, tool)
        if first is not tool and json_schema(first.schema) != json_schema(tool.schema):
            raise InputError(f"two tools are called {tool.name!r}, and their arguments differ")
    return list(found.values())


def _choice(choice: Any, names: list[str]) -> tuple[str, str | None]:
    """(``auto``, ``none`` or ``required``; the tool that is named)."""
    name: Any = None
    if isinstance(choice, Mapping):
        name = (choice.get("function") or choice).get("name")
        choice = choice.get("type") if name is None else name
    elif isinstance(choice, str) and choice in names:
        name = choice
    if name is not None:
        if name not in names:
            raise InputError(f"tool_choice names the tool {name!r}; the tools are {names}")
        return "required", name
    if choice in (None, "auto"):
        return "auto", None
    if choice == "none":
        return "none", None
    if choice in _REQUIRED:
        if not names:
            raise InputError(f"tool_choice {choice!r} needs tools")
        return "required", None
    raise InputError(f"unknown tool_choice {choice!r}: give auto, none, any, required or the name of a tool ({names})")


def _document(response_format: Any) -> Grammar | None:
    if response_format is None:
        return None
    kind = response_format.get("type") if isinstance(response_format, Mapping) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return json_schema({"type": "object"})
    if kind == "json_schema":
        found = response_format.get("json_schema")
        if isinstance(found, Mapping) and isinstance(found.get("schema"), dict | bool):
            return json_schema(found["schema"])
        raise InputError('response_format of type "json_schema" needs {"json_schema": {"name": ..., "schema": {...}}}')
    raise InputError('response_format is {"type": "text"}, {"type": "json_object"} or {"type": "json_schema", ...}')
