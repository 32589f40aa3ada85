"""Which tools a request lets the model call, and whether it must."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from latticework.chat.tool_text import OPENING, Call, Tool, read_calls
from latticework.server.errors import ApiError
from latticework.server.grammars import Spec

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The tools in play.

    Attributes:
        spec: what the model may write.
        only: the tool whose arguments are the whole text; ``None`` where calls bear names.
        required: whether a tool must be called.
        answered: whether the text is either calls or an answer with a constraint of its own.
    """

    spec: Spec
    only: str | None
    required: bool
    answered: bool = False

    def with_answer(self, answer: Spec | None) -> ToolUse:
        """With a constraint for the answer, which is there only where no tool must be called."""
        if answer is None or self.required:
            return self
        source = self.spec.source | {"required": True}
        return replace(self, spec=replace(self.spec, source=source, answer=answer), answered=True)

    def read(self, text: str, *, complete: bool) -> tuple[str, list[Call]]:
        """Free text and calls of a text or of its beginning."""
        if self.only is not None:
            return "", [Call(self.only, text, complete)]
        if self.answered and not text.startswith(OPENING):
            return ("" if OPENING.startswith(text) and not complete else text), []
        return read_calls(text, complete=complete)


@dataclass(frozen=True, slots=True)
class Wish:
    """``tool_choice`` of either API: a mode, and the names it is about where it names some."""

    mode: str = "auto"
    names: tuple[str, ...] | None = None


def tool_use(tools: Sequence[Tool], wish: Wish, parallel: bool | None, param: str = "tools") -> ToolUse | None:
    """What the request asks for; ``None`` where no tool may be called.

    A tool that must be called, and is the only one, is called once unless ``parallel`` asks for more.

    Raises ``ApiError``: two tools of one name, an unknown tool, or nothing to choose from.
    """
    known: Mapping[str, Tool] = {tool.name: tool for tool in tools}
    if len(known) < len(tools):
        seen: set[str] = set()
        twice = next(tool for tool in tools if tool.name in seen or seen.add(tool.name))
        raise ApiError(400, f"two tools are called {twice.name!r}", twice.param, "invalid_value")
    for name in wish.names or ():
        if name not in known:
            message = f"tool_choice names the tool {name!r}, which is not among the tools"
            raise ApiError(400, message, "tool_choice", "invalid_value")
    if wish.mode != "none" and not tools and (wish.mode == "required" or wish.names):
        raise ApiError(400, "tool_choice needs tools", "tool_choice", "invalid_value")
    if wish.mode == "none" or not tools:
        return None
    used = [known[name] for name in dict.fromkeys(wish.names)] if wish.names is not None else list(tools)
    if wish.mode == "required" and len(used) == 1 and not parallel:
        [tool] = used
        return ToolUse(Spec("json_schema", tool.schema, tool.param), tool.name, required=True)
    source = {
        "tools": [{"name": tool.name, "schema": tool.schema} for tool in used],
        "required": wish.mode == "required",
        "parallel": parallel is not False,
    }
    return ToolUse(Spec("tools", source, param), None, wish.mode == "required")
