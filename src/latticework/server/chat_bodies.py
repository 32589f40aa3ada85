"""The body of ``/v1/chat/completions``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from latticework.chat.tool_text import Tool
from latticework.server.bodies import (
    Choices,
    MaxTokens,
    Name,
    Part,
    ResponseFormat,
    Sampling,
    Schema,
    Stop,
    StopIds,
    StreamOptions,
)
from latticework.server.tool_choice import Wish


class TextPart(Part):
    """A part of a message."""

    type: Literal["text", "refusal"]
    text: str = ""
    refusal: str | None = None


Content = str | list[TextPart]


class CalledFunction(Part):
    """What an earlier answer called."""

    name: str
    arguments: str


class ToolCall(Part):
    """A call in an earlier answer."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class Message(Part):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    audio: None = None
    function_call: None = None
    annotations: list[Any] | None = None

    def text(self) -> str:
        """Its text, the parts joined."""
        if isinstance(self.content, list):
            return "".join(part.refusal or part.text for part in self.content)
        return self.content or ""


class Function(Part):
    """A function the model may call."""

    name: Name
    description: str | None = None
    parameters: Schema | None = None
    strict: Annotated[bool | None, Field(description="Always enforced, whatever is said here.")] = None


class FunctionTool(Part):
    """A tool."""

    type: Literal["function"]
    function: Function


class FunctionName(Part):
    """The name of a function."""

    name: str


class NamedChoice(Part):
    """A tool that must be called."""

    type: Literal["function"]
    function: FunctionName


class Allowed(Part):
    """Some of the tools."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedChoice], Field(min_length=1)]


class AllowedChoice(Part):
    """Tools that may (``auto``) or must (``required``) be called."""

    type: Literal["allowed_tools"]
    allowed_tools: Allowed


def _choice_kind(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return kind if kind in ("function", "allowed_tools") else "mode"


ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("mode")]
    | Annotated[NamedChoice, Tag("function")]
    | Annotated[AllowedChoice, Tag("allowed_tools")],
    Discriminator(_choice_kind),
]


class ChatBody(Sampling):
    """A request for chat completions."""

    messages: Annotated[list[Message], Field(min_length=1)]
    response_format: ResponseFormat | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: Annotated[bool | None, Field(description="Whether several calls may be made.")] = None
    n: Choices = None
    max_tokens: MaxTokens = None
    max_completion_tokens: MaxTokens = None
    stop: Stop = None
    stop_token_ids: StopIds = None
    logprobs: Annotated[
        bool | None, Field(description="Log-probability of every token under the constraint, when it was committed.")
    ] = None
    stream_options: StreamOptions | None = None

    def functions(self) -> list[Tool]:
        """The tools, and the fields of their parameters."""
        return [
            Tool(
                tool.function.name,
                tool.function.parameters,
                f"tools[{at}].function.parameters",
                tool.function.description,
            )
            for at, tool in enumerate(self.tools or ())
        ]

    def wish(self) -> Wish:
        """``tool_choice``."""
        match self.tool_choice:
            case None:
                return Wish()
            case NamedChoice():
                return Wish("required", (self.tool_choice.function.name,))
            case AllowedChoice():
                allowed = self.tool_choice.allowed_tools
                return Wish(allowed.mode, tuple(tool.function.name for tool in allowed.tools))
        return Wish(self.tool_choice)
