"""The body of ``/v1/responses``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from latticework.chat.prompts import Turn
from latticework.chat.tool_text import Tool, call_text
from latticework.server.bodies import JsonObjectFormat, MaxTokens, Name, Part, Sampling, Schema, TextFormat
from latticework.server.tool_choice import Wish


class InputText(Part):
    """A part of a message."""

    type: Literal["input_text", "output_text", "refusal"]
    text: str = ""
    refusal: str | None = None
    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None


class InputMessage(Part):
    """One message of a conversation."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[InputText]
    id: str | None = None
    status: str | None = None
    phase: str | None = None

    def turn(self) -> Turn:
        """Who says what."""
        if isinstance(self.content, str):
            return Turn(self.role, self.content)
        return Turn(self.role, "".join(part.refusal or part.text for part in self.content))


class FunctionCall(Part):
    """A call in an earlier answer."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str
    id: str | None = None
    status: str | None = None
    namespace: str | None = None
    caller: Any = None

    def turn(self) -> Turn:
        """Who says what."""
        return Turn("assistant", call_text(self.name, self.arguments))


class FunctionOutput(Part):
    """What a called function returned."""

    type: Literal["function_call_output"]
    call_id: str
    output: str
    id: str | None = None
    status: str | None = None

    def turn(self) -> Turn:
        """Who says what."""
        return Turn("tool", self.output)


def _item_kind(value: Any) -> str:
    kind = value.get("type", "message") if isinstance(value, dict) else getattr(value, "type", "message")
    return kind if kind in ("function_call", "function_call_output") else "message"


Item = Annotated[
    Annotated[InputMessage, Tag("message")]
    | Annotated[FunctionCall, Tag("function_call")]
    | Annotated[FunctionOutput, Tag("function_call_output")],
    Discriminator(_item_kind),
]


class SchemaFormat(Part):
    """A JSON document that satisfies a schema."""

    type: Literal["json_schema"]
    name: Name
    schema_: Annotated[Schema, Field(alias="schema")]
    description: str | None = None
    strict: Annotated[bool | None, Field(description="Always enforced, whatever is said here.")] = None


class TextOptions(Part):
    """The form of the text."""

    format: Annotated[TextFormat | JsonObjectFormat | SchemaFormat, Field(discriminator="type")] | None = None
    verbosity: Literal["medium"] | None = None


class FlatTool(Part):
    """A function the model may call."""

    type: Literal["function"]
    name: Name
    parameters: Schema | None = None
    description: str | None = None
    strict: Annotated[bool | None, Field(description="Always enforced, whatever is said here.")] = None


class FlatName(Part):
    """The name of a tool."""

    type: Literal["function"]
    name: str


class FlatAllowed(Part):
    """Tools that may (``auto``) or must (``required``) be called."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: Annotated[list[FlatName], Field(min_length=1)]


def _choice_kind(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return kind if kind in ("function", "allowed_tools") else "mode"


FlatChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("mode")]
    | Annotated[FlatName, Tag("function")]
    | Annotated[FlatAllowed, Tag("allowed_tools")],
    Discriminator(_choice_kind),
]


class ResponseStreamOptions(Part):
    """What a stream brings beside the text."""

    include_obfuscation: Annotated[bool | None, Field(description="Nothing is padded here; false is fine.")] = None


class ResponsesBody(Sampling):
    """A request for a response."""

    input: Annotated[str | list[Item], Field(min_length=1)]
    instructions: str | None = None
    text: TextOptions | None = None
    tools: list[FlatTool] | None = None
    tool_choice: FlatChoice | None = None
    parallel_tool_calls: Annotated[bool | None, Field(description="Whether several calls may be made.")] = None
    max_output_tokens: MaxTokens = None
    stream_options: ResponseStreamOptions | None = None

    def turns(self) -> tuple[Turn, ...]:
        """The conversation, instructions first."""
        first = [Turn("system", self.instructions)] if self.instructions else []
        items = [Turn("user", self.input)] if isinstance(self.input, str) else [item.turn() for item in self.input]
        return (*first, *items)

    def functions(self) -> list[Tool]:
        """The tools, and the fields of their parameters."""
        return [
            Tool(tool.name, tool.parameters, f"tools[{at}].parameters", tool.description)
            for at, tool in enumerate(self.tools or ())
        ]

    def wish(self) -> Wish:
        """``tool_choice``."""
        match self.tool_choice:
            case None:
                return Wish()
            case FlatName():
                return Wish("required", (self.tool_choice.name,))
            case FlatAllowed():
                return Wish(self.tool_choice.mode, tuple(tool.name for tool in self.tool_choice.tools))
        return Wish(self.tool_choice)
