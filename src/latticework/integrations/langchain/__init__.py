"""LangChain: :class:`ChatLatticework`, a chat model whose structured output and tool calls are always valid.

Needs the extra ``langchain`` (``pip install latticework[langchain]``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latticework.integrations.langchain.chat_model import ChatLatticework

__all__ = ["ChatLatticework"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from latticework.integrations.langchain.chat_model import ChatLatticework
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "langchain_core":
            raise
        from latticework.errors import InputError

        raise InputError(f"{name} needs langchain-core: pip install 'latticework[langchain]'") from error
    return ChatLatticework
