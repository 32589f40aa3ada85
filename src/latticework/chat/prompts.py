"""Conversations as a model is given them: by its chat template, or as one text where it has none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from latticework.chat.tool_text import Tool
from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.models.base import DiffusionModel

_NAMES = {"user": "User", "assistant": "Assistant", "tool": "Tool"}
_INSTRUCTIONS = ("system", "developer")


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: who says what."""

    role: str
    text: str


def as_prompt(turns: Sequence[Turn]) -> str:
    """Instructions first, then what was said; one message alone as it stands, several with the name of who speaks.

    Raises ``InputError`` where nothing is said at all.
    """
    instructions = [turn.text for turn in turns if turn.role in _INSTRUCTIONS and turn.text.strip()]
    said = [turn for turn in turns if turn.role not in _INSTRUCTIONS and turn.text.strip()]
    named = [turn.text if len(said) == 1 else f"{_NAMES[turn.role]}: {turn.text}" for turn in said]
    talk = "\n\n".join(named)
    prompt = "\n\n".join([*instructions, talk] if talk else instructions)
    if not prompt.strip():
        raise InputError("the messages have no text")
    return prompt


class Conversing:
    """A backend whose prompt is a conversation, put into the model's chat template."""

    def __init__(self, backend: Any, turns: tuple[Turn, ...], tools: tuple[Tool, ...]) -> None:
        self._backend = backend
        self._messages = [{"role": _template_role(turn.role), "content": turn.text} for turn in turns]
        if tools:
            self._messages.insert(0, {"role": "system", "content": _described(tools)})

    @classmethod
    def over(cls, backend: DiffusionModel, turns: tuple[Turn, ...] | None, tools: tuple[Tool, ...]) -> Any:
        """The backend itself where there is no conversation, or the model has no chat template."""
        if turns is None or not getattr(getattr(backend, "prompts", None), "has_template", False):
            return backend
        return cls(backend, turns, tools)

    def encode_prompt(self, prompt: str, schema: dict[str, Any] | None) -> list[int]:
        """Token ids of the conversation up to the header of the answer."""
        return self._backend.prompts.encode_messages(self._messages, schema)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


def _template_role(role: str) -> str:
    return "system" if role == "developer" else role


def _described(tools: Sequence[Tool]) -> str:
    """What the model is told about the tools, in the words that models trained on the Hermes format know."""
    functions = "\n".join(
        json.dumps(
            {"name": tool.name, "description": tool.description or "", "parameters": tool.schema}, ensure_ascii=False
        )
        for tool in tools
    )
    return (
        f"You may call these functions:\n<tools>\n{functions}\n</tools>\n"
        "Write each call as a JSON object between <tool_call> and </tool_call>:\n"
        '<tool_call>\n{"name": "...", "arguments": {...}}\n</tool_call>'
    )
