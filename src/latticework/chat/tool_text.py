"""Tool calls as text: what the model writes, as a grammar, and what is read from it, also while it grows.

A single tool that must be called needs no name, so its arguments are the whole text. Else a call is written as in the
Hermes format, ``<tool_call>\\n{"name": "...", "arguments": {...}}\\n</tool_call>``, alone or (``auto``) in free text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from latticework.errors import SchemaError, SchemaIssue
from latticework.grammar import Grammar, Tag, choice, ir, json_schema, tags
from latticework.grammar.combine import repeat, seq

if TYPE_CHECKING:
    from latticework.grammar.limits import Limits

OPENING = "<tool_call>"
_HEAD = OPENING + '\n{"name": '
_MIDDLE = ', "arguments": '
_TAIL = "}\n</tool_call>"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; ``param`` is the field its parameters came from."""

    name: str
    parameters: dict[str, Any] | None
    param: str
    description: str | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """Of its arguments, which are an object in any case."""
        if not self.parameters:
            return {"type": "object", "properties": {}, "additionalProperties": False}
        return self.parameters if "type" in self.parameters else {"type": "object", **self.parameters}


@dataclass(frozen=True, slots=True)
class Call:
    """A call as far as it has been written; ``closed`` when its arguments are complete."""

    name: str
    arguments: str
    closed: bool


def call_text(name: str, arguments: str) -> str:
    """A call of an earlier answer, as the model writes calls."""
    return _HEAD + json.dumps(name) + _MIDDLE + arguments + _TAIL


def tool_grammar(source: dict[str, Any], limits: Limits) -> Grammar:
    """Calls of the tools in ``source`` (``tools``: names and schemas, ``required``, ``parallel``).

    Raises ``SchemaError`` with the issues of all tools, each under its name.
    """
    kinds: list[Tag] = []
    issues: list[SchemaIssue] = []
    for tool in source["tools"]:
        try:
            arguments = json_schema(tool["schema"], whitespace="spaced", limits=limits)
        except SchemaError as error:
            issues += [
                SchemaIssue(issue.pointer, issue.keyword, f"tool {tool['name']!r}: {issue.message}", issue.hint)
                for issue in error.issues
            ]
            continue
        kinds.append(Tag(_HEAD + json.dumps(tool["name"]) + _MIDDLE, arguments, _TAIL))
    if issues:
        raise SchemaError(issues)
    most = None if source["parallel"] else 1
    if not source["required"]:
        return tags(kinds, triggers=[OPENING], at_most=most)
    calls = reduce(or_, [choice([kind.begin]) + kind.body + choice([kind.end]) for kind in kinds])
    return calls if most == 1 else _repeated(calls)


def _repeated(call: Grammar) -> Grammar:
    """One call or more, a line break between them; one alone where its arguments are context-free."""
    if call.context_free is not None:
        return call
    further = repeat(seq([ir.Literal(b"\n"), call.node]), 0, None)
    return Grammar(seq([call.node, further]), "tools", warnings=call.warnings, narrowings=call.narrowings)


def read_calls(text: str, *, complete: bool) -> tuple[str, list[Call]]:
    """Free text and calls of a text, or of its beginning: what this returns only grows as the text does.

    Cost: linear in the text.
    """
    content: list[str] = []
    calls: list[Call] = []
    place = 0
    while (found := text.find(OPENING, place)) >= 0:
        content.append(text[place:found])
        call, end = _call(text, found)
        if call is None:
            return "".join(content), calls
        calls.append(call)
        place = end + len(_TAIL)
        if not call.closed or len(text) < place:
            return "".join(content), calls
        if text.startswith("\n" + OPENING, place):
            place += 1
    rest = text[place:]
    content.append(rest if complete else without_beginning(rest))
    return "".join(content), calls


def _call(text: str, start: int) -> tuple[Call | None, int]:
    """The call that begins here and where its arguments end; ``None`` while its name is not known."""
    if not text.startswith(_HEAD, start):
        return None, start
    try:
        name, end = _DECODER.raw_decode(text, start + len(_HEAD))
    except ValueError:
        return None, start
    if not text.startswith(_MIDDLE, end):
        return None, start
    first = end + len(_MIDDLE)
    last, closed = _object_end(text, first)
    return Call(name, text[first:last], closed), last


def without_beginning(text: str) -> str:
    """The text without an end that may become the beginning of a call, with the line break before it."""
    coming = "\n" + OPENING
    for start in range(2):
        for size in range(min(len(coming) - start - 1, len(text)), 0, -1):
            if text.endswith(coming[start : start + size]):
                return text[:-size]
    return text


def _object_end(text: str, start: int) -> tuple[int, bool]:
    """Where the object that begins here ends, and whether it does."""
    depth = 0
    for place, character in _outside_strings(text, start):
        depth += (character in "{[") - (character in "}]")
        if depth == 0 and character in "}]":
            return place + 1, True
    return len(text), False


def _outside_strings(text: str, start: int) -> Iterator[tuple[int, str]]:
    inside = escaped = False
    for place in range(start, len(text)):
        character = text[place]
        if inside:
            inside = escaped or character != '"'
            escaped = not escaped and character == "\\"
        elif character == '"':
            inside = True
        else:
            yield place, character
