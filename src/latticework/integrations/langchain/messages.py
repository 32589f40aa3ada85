"""Messages of LangChain as turns of a conversation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, FunctionMessage, SystemMessage, ToolMessage

from latticework.chat.prompts import Turn
from latticework.chat.tool_text import OPENING
from latticework.errors import InputError

_OWN_BLOCKS = frozenset(
    {"tool_use", "tool_call", "input_json_delta", "thinking", "redacted_thinking", "reasoning", "refusal"}
)
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


def turns_of(messages: Sequence[BaseMessage]) -> tuple[Turn, ...]:
    """One turn for each message; calls that an answer made are part of its text.

    Raises:
        InputError: a message holds something else than text, or there is no text at all.
    """
    turns = tuple(Turn(_role(message), _text(message)) for message in messages)
    if not any(turn.text.strip() for turn in turns):
        raise InputError("the messages have no text")
    return turns


def _role(message: BaseMessage) -> str:
    if isinstance(message, SystemMessage):
        return "system"
    if isinstance(message, AIMessage):
        return "assistant"
    if isinstance(message, ToolMessage | FunctionMessage):
        return "tool"
    if isinstance(message, ChatMessage) and message.role in _ROLES:
        return message.role
    return "user"


def _text(message: BaseMessage) -> str:
    content = message.content
    pieces = [content] if isinstance(content, str) else [_block(block) for block in content]
    if isinstance(message, AIMessage):
        pieces += [_written(call["name"], call["args"]) for call in message.tool_calls]
    return "\n".join(piece for piece in pieces if piece)


def _block(block: object) -> str:
    if isinstance(block, str):
        return block
    kind = block.get("type") if isinstance(block, dict) else None
    if isinstance(block, dict) and kind == "text":
        return str(block.get("text", ""))
    if kind in _OWN_BLOCKS:
        return ""
    raise InputError(f"a message holds a block of type {kind!r}; these models read text only")


def _written(name: str, arguments: dict[str, Any]) -> str:
    """A call as models of the Hermes format write it."""
    call = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return f"{OPENING}\n{call}\n</tool_call>"
