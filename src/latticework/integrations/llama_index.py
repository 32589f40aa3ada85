"""LlamaIndex: an LLM whose ``structured_predict`` gives objects of the class, always. Needs ``llama-index-core``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from threading import Lock
from typing import Any, TypeVar

from latticework.errors import InputError

try:
    from llama_index.core.base.llms.types import (
        ChatMessage,
        CompletionResponse,
        CompletionResponseAsyncGen,
        CompletionResponseGen,
        LLMMetadata,
    )
    from llama_index.core.llms import CustomLLM
    from llama_index.core.llms.callbacks import llm_completion_callback
    from llama_index.core.program.utils import create_flexible_model
    from llama_index.core.prompts import BasePromptTemplate
except ModuleNotFoundError as error:
    raise InputError(
        "latticework.integrations.llama_index needs llama-index-core: pip install llama-index-core"
    ) from error

from pydantic import BaseModel, Field, PrivateAttr, ValidationError
from pydantic_core import from_json

from latticework.chat.prompts import Conversing, Turn, as_prompt
from latticework.models.model import Model
from latticework.models.result import Result

AnyModel = TypeVar("AnyModel", bound=BaseModel)
_LOADING = Lock()
_OPTIONS = ("temperature", "max_tokens", "seed", "policy", "threshold", "steps", "gamma", "block_length")


class LatticeworkLLM(CustomLLM):
    """A diffusion language model for LlamaIndex.

    ``structured_predict``, its asynchronous and its streaming forms, and what ``as_structured_llm`` makes of them, are
    constraints on the canvas: the object that comes back is one of the class, or the call is refused before the model
    has run (the errors of ``Model.generate``). Streams give partial objects, all of whose fields may be missing, and at
    the end the object itself.
    """

    model_name: str = Field(default="embedded", description="What latticework.load takes.")
    load_options: dict[str, Any] = Field(default_factory=dict, description="Keyword arguments of latticework.load.")
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    policy: str | None = None
    threshold: float | None = None
    steps: int | None = None
    gamma: float | None = None
    block_length: int | None = None

    _client: Model | None = PrivateAttr(default=None)

    def __init__(self, client: Model | None = None, **options: Any) -> None:
        """``client`` is a loaded model; one is loaded with the first call when not given."""
        super().__init__(**{"messages_to_prompt": _as_text, **options})
        self._client = client

    @classmethod
    def class_name(cls) -> str:
        return "LatticeworkLLM"

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model_name, is_chat_model=False, is_function_calling_model=False)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return _response(self._model().generate(prompt, **self._options(kwargs)))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        model = await asyncio.to_thread(self._model)
        return _response(await model.agenerate(prompt, **self._options(kwargs)))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        def pieces() -> CompletionResponseGen:
            text = ""
            for event in self._model().stream(prompt, **self._options(kwargs)):
                if event.kind == "commit":
                    text += event.text
                    yield CompletionResponse(text=text, delta=event.text)

        return pieces()

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        model = await asyncio.to_thread(self._model)

        async def pieces() -> CompletionResponseAsyncGen:
            text = ""
            async for event in model.astream(prompt, **self._options(kwargs)):
                if event.kind == "commit":
                    text += event.text
                    yield CompletionResponse(text=text, delta=event.text)

        return pieces()

    def structured_predict(
        self,
        output_cls: type[AnyModel],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AnyModel:
        """An object of ``output_cls``. Raises what ``Model.generate`` raises."""
        model, text = self._asked(prompt, prompt_args)
        return model.generate(text, output_cls, **self._options(llm_kwargs or {})).value

    async def astructured_predict(
        self,
        output_cls: type[AnyModel],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AnyModel:
        """:meth:`structured_predict` off the event loop."""
        model, text = await asyncio.to_thread(self._asked, prompt, prompt_args)
        return (await model.agenerate(text, output_cls, **self._options(llm_kwargs or {}))).value

    def stream_structured_predict(
        self,
        output_cls: type[AnyModel],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Any, None, None]:
        """Partial objects as the document grows, then the object."""
        model, text = self._asked(prompt, prompt_args)
        partial = _Partial(output_cls)
        for event in model.stream(text, output_cls, **self._options(llm_kwargs or {})):
            yield from partial.read(event)

    async def astream_structured_predict(
        self,
        output_cls: type[AnyModel],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Any, None]:
        """:meth:`stream_structured_predict` for an event loop."""
        model, text = await asyncio.to_thread(self._asked, prompt, prompt_args)
        partial = _Partial(output_cls)

        async def objects() -> AsyncGenerator[Any, None]:
            async for event in model.astream(text, output_cls, **self._options(llm_kwargs or {})):
                for found in partial.read(event):
                    yield found

        return objects()

    def _asked(self, prompt: BasePromptTemplate, arguments: dict[str, Any]) -> tuple[Model, str]:
        """The model, in conversation where it has a chat template, and the prompt."""
        turns = _turns(self._extend_messages(prompt.format_messages(**arguments)))
        return Model(Conversing.over(self._model().backend, turns, ())), as_prompt(turns)

    def _options(self, given: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(given) - set(_OPTIONS))
        if unknown:
            raise InputError(f"unknown keyword arguments {', '.join(unknown)}; known: {', '.join(_OPTIONS)}")
        options = {name: given.get(name, getattr(self, name)) for name in _OPTIONS}
        return {name: value for name, value in options.items() if value is not None}

    def _model(self) -> Model:
        with _LOADING:
            if self._client is None:
                from latticework.models.loading import load

                self._client = load(self.model_name, **self.load_options)
            return self._client


class _Partial:
    """Objects of a class while their document grows."""

    def __init__(self, output_cls: type[BaseModel]) -> None:
        self._flexible = create_flexible_model(output_cls)
        self._text = ""

    def read(self, event: Any) -> Generator[Any, None, None]:
        if event.kind == "result":
            yield event.result.value
        elif event.kind == "commit":
            self._text += event.text
            try:
                yield self._flexible.model_validate(from_json(self._text, allow_partial="trailing-strings"))
            except (ValidationError, ValueError):
                return  # the beginning of a value need not be one


def _response(result: Result) -> CompletionResponse:
    known = result.as_dict()
    return CompletionResponse(text=known.pop("text"), raw=known)


def _turns(messages: Sequence[ChatMessage]) -> tuple[Turn, ...]:
    turns = tuple(Turn(_role(str(message.role.value)), message.content or "") for message in messages)
    if not any(turn.text.strip() for turn in turns):
        raise InputError("the messages have no text")
    return turns


def _role(role: str) -> str:
    known = {"system", "developer", "user", "assistant", "tool"}
    return (
        role
        if role in known
        else "tool"
        if role == "function"
        else "assistant"
        if role in ("chatbot", "model")
        else "user"
    )


def _as_text(messages: Sequence[ChatMessage]) -> str:
    return as_prompt(_turns(messages))
