"""The chat model: calls in, messages out; what a call asks for becomes one grammar."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from threading import Lock
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput, ModelProfile
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, Field, PrivateAttr, model_validator

from latticework.chat.prompts import Conversing, as_prompt
from latticework.errors import InputError
from latticework.integrations.langchain.messages import turns_of
from latticework.integrations.langchain.replies import Reply, usage
from latticework.integrations.langchain.requests import Wanted, as_tool, as_tool_choice, wanted
from latticework.integrations.langchain.structured import Method, structured
from latticework.models.model import Model
from latticework.models.result import Result

_LOADING = Lock()
_SAMPLING = ("temperature", "max_tokens", "seed", "policy", "threshold", "steps", "gamma", "block_length")
_ASKING = ("tools", "tool_choice", "parallel_tool_calls", "response_format", "grammar")

# Standard parameters of LangChain's chat models that mean nothing to a model in the same process.
_WITHOUT_MEANING = frozenset({"api_key", "base_url", "timeout", "max_retries", "streaming"})


class ChatLatticework(BaseChatModel):
    """A diffusion language model as a chat model of LangChain.

    Structured output, tool calls and JSON mode are constraints on the canvas: what comes back satisfies its schema, or
    the call is refused before the model has run. ``bind_tools`` and ``with_structured_output`` take all the forms that
    LangChain knows. Errors are those of ``Model.generate``.

    A conversation is put into the model's chat template where it has one; else a single message is the prompt as it
    stands, and several are written one below the other with the name of who speaks.
    """

    model_config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True, protected_namespaces=())

    model_name: str = Field(default="embedded", alias="model")
    """What ``latticework.load`` takes."""
    load_options: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of ``latticework.load``, such as ``{"device": "cuda"}``."""
    client: Any = Field(default=None, exclude=True)
    """A loaded ``Model``, to be shared; loaded with the first call when not given."""
    temperature: float | None = None
    """0, and when not given, for the likeliest answer; above 0 for a sample."""
    max_tokens: int | None = None
    """Slots of the canvas; by default what the grammar needs and as much again."""
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    """Texts that end an answer. Calls that ask for a document or force tool calls refuse them: they would be cut."""
    seed: int | None = None
    policy: str | None = None
    threshold: float | None = None
    steps: int | None = None
    gamma: float | None = None
    block_length: int | None = None
    """As in ``Model.generate``."""
    n: int = 1
    """Answers for each prompt; 2 and more need a temperature above 0."""
    grammar: Any = Field(default=None, exclude=True)
    """A ``Grammar`` of all answers that are neither structured nor may call tools; ``stop`` cuts its texts, too."""

    _loaded: Model | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, values: Any) -> Any:
        """The base class would drop a misspelt parameter without a word."""
        names = {name for key, field in cls.model_fields.items() for name in (key, field.alias)}
        unknown = sorted(set(values) - names - _WITHOUT_MEANING) if isinstance(values, dict) else []
        if unknown:
            raise ValueError(f"unknown parameters {', '.join(unknown)}; known: {', '.join(sorted(cls.model_fields))}")
        return values

    @classmethod
    def is_lc_serializable(cls) -> bool:
        return True

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        return ["latticework", "integrations", "langchain"]

    @property
    def _llm_type(self) -> str:
        return "latticework"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        options = {name: getattr(self, name) for name in (*_SAMPLING, "stop", "n")}
        return {"model_name": self.model_name, **{name: value for name, value in options.items() if value is not None}}

    def _resolve_model_profile(self) -> ModelProfile:
        return ModelProfile(
            name=self.model_name,
            text_inputs=True,
            text_outputs=True,
            image_inputs=False,
            audio_inputs=False,
            video_inputs=False,
            reasoning_output=False,
            tool_calling=True,
            tool_choice=True,
            structured_output=True,
        )

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the model call tools; arguments always satisfy their schema, whether ``strict`` or not.

        Args:
            tools: functions, classes, ``BaseTool`` or dicts; may be empty.
            tool_choice: ``"auto"`` (default: free text or calls), ``"none"``, ``"any"``, ``"required"`` or ``True``
                (calls alone), the name of a tool, or one of these as a dict.
            strict: passed on with the tools.
            parallel_tool_calls: whether there may be several calls; by default with ``"auto"`` alone.
            kwargs: bound as they are. With ``response_format`` the answer is a document of it, or a call.

        Raises:
            InputError, SchemaError: a tool or its schema is refused. Nothing is left to the first call.
        """
        found = [as_tool(tool, strict=strict) for tool in tools]
        choice = as_tool_choice(tool_choice)
        wanted(found, choice, parallel_tool_calls, kwargs.get("response_format"), None)
        given = {"tool_choice": choice, "parallel_tool_calls": parallel_tool_calls, **kwargs}
        return self.bind(tools=found, **{name: value for name, value in given.items() if value is not None})

    def with_structured_output(
        self,
        schema: Any = None,
        *,
        method: Method = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Objects of a schema in place of messages.

        Args:
            schema: a pydantic class (gives its objects), a TypedDict, a JSON Schema or an OpenAI tool (give dicts).
            method: ``"json_schema"``; ``"function_calling"``, a forced call; ``"json_mode"``, which may go without a
                schema. Documents satisfy the schema whatever the method.
            include_raw: give ``{"raw", "parsed", "parsing_error"}``.
            strict: passed on with the schema; it is enforced in any case.

        Raises:
            ValueError: an unknown method or keyword argument, or no schema.
            SchemaError: the schema cannot be enforced.
        """
        if kwargs:
            raise ValueError(f"unknown keyword arguments: {', '.join(sorted(kwargs))}")
        return structured(self, schema, method, include_raw=include_raw, strict=strict)

    def get_token_ids(self, text: str) -> list[int]:
        """Token ids of a text by the model's own tokenizer."""
        return self._model().backend.encode_text(text)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = _Call(self, self._model(), messages, stop, kwargs)
        return call.answer(call.model.generate(call.prompt, call.constraint, n=call.n, **call.options))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = await asyncio.to_thread(lambda: _Call(self, self._model(), messages, stop, kwargs))
        return call.answer(await call.model.agenerate(call.prompt, call.constraint, n=call.n, **call.options))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        call = _Call(self, self._model(), messages, stop, kwargs)
        reply = call.reply()
        events = call.model.stream(call.prompt, call.constraint, **call.options)
        try:
            for event in events:
                yield from call.chunks(reply, event)
                if reply.stopped:
                    return
        finally:
            events.close()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        call = await asyncio.to_thread(lambda: _Call(self, self._model(), messages, stop, kwargs))
        reply = call.reply()
        events = call.model.astream(call.prompt, call.constraint, **call.options)
        try:
            async for event in events:
                for chunk in call.chunks(reply, event):
                    yield chunk
                if reply.stopped:
                    return
        finally:
            await events.aclose()

    def _model(self) -> Model:
        if self.client is not None:
            return self.client
        with _LOADING:
            if self._loaded is None:
                from latticework.models.loading import load

                self._loaded = load(self.model_name, **self.load_options)
            return self._loaded


class _Call:
    """One call: its prompt, constraint and options, checked."""

    def __init__(
        self,
        chat: ChatLatticework,
        model: Model,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
    ) -> None:
        _check_names(chat, kwargs)
        self._model_name = chat.model_name
        self._wanted = _wanted(chat, kwargs)
        self._stops = list(chat.stop or ()) if stop is None else stop
        if self._wanted.whole and any(self._stops):
            raise InputError(f"stop={self._stops} would cut the document or the calls that are asked for: leave it out")
        turns = turns_of(messages)
        self.model = Model(Conversing.over(model.backend, turns, self._wanted.tools))
        self.prompt = as_prompt(turns)
        self.constraint = None if self._wanted.grammar is None else model.compile(self._wanted.grammar)
        options = {name: kwargs.get(name, getattr(chat, name)) for name in _SAMPLING}
        self.options: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        self.n: int = kwargs.get("n", chat.n)
        source = None if self.constraint is None else self.constraint.grammar
        schema = None if source is None else source.schema
        told = schema if isinstance(schema, dict) else None
        self._prompt_tokens = len(self.model.backend.encode_prompt(self.prompt, told))
        self._written = 0

    def reply(self) -> Reply:
        return Reply(self._wanted, self._stops, self._model_name)

    def answer(self, results: list[Result]) -> ChatResult:
        """Messages of finished texts."""
        good = [result for result in results if result.error is None]
        generations = [ChatGeneration(message=self.reply().message(result, self._prompt_tokens)) for result in good]
        spent = usage(self._prompt_tokens, sum(len(result.tokens) for result in good))
        return ChatResult(
            generations=generations, llm_output={"model_name": self._model_name, "token_usage": dict(spent)}
        )

    def chunks(self, reply: Reply, event: Any) -> Iterator[ChatGenerationChunk]:
        """What an event of the stream adds to the message."""
        if event.kind == "commit":
            self._written += len(self.model.backend.encode_text(event.text))
            for chunk in reply.more(event.text):
                yield _generation(chunk)
            if reply.stopped:
                yield from map(_generation, reply.end(None, self._prompt_tokens, self._written))
        elif event.kind == "result":
            yield from map(_generation, reply.end(event.result, self._prompt_tokens, len(event.result.tokens)))


def _generation(chunk: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=chunk)


def _wanted(chat: ChatLatticework, kwargs: dict[str, Any]) -> Wanted:
    asked = {name: kwargs.get(name) for name in _ASKING}
    if not any(asked[name] for name in ("tools", "response_format", "grammar")):
        asked["grammar"] = chat.grammar
    return wanted(
        asked["tools"],
        asked["tool_choice"],
        asked["parallel_tool_calls"],
        asked["response_format"],
        asked["grammar"],
    )


def _check_names(chat: ChatLatticework, kwargs: dict[str, Any]) -> None:
    known = {*_SAMPLING, *_ASKING, "n", "model", "stream", "strict"}
    unknown = sorted(set(kwargs) - known)
    if unknown:
        raise InputError(f"unknown keyword arguments {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    other = kwargs.get("model", chat.model_name)
    if other != chat.model_name:
        raise InputError(f"this is the model {chat.model_name!r}; make another ChatLatticework for {other!r}")
