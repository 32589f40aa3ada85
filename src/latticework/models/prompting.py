"""Prompts in the format a checkpoint was trained on: chat templates, the schema in words, the start of a text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from latticework.errors import InputError, ModelError

_NOTE = "Answer with one JSON document that satisfies this JSON Schema, and with nothing else:"


def with_schema(text: str, schema: Mapping[str, Any]) -> str:
    """``text`` followed by the request to answer with JSON of ``schema``, which is written out."""
    written = json.dumps(schema, ensure_ascii=False)
    return f"{text}\n\n{_NOTE}\n{written}" if text.strip() else f"{_NOTE}\n{written}"


class PromptFormat:
    """Turns prompts into token ids. A tokenizer with a chat template gets one user turn and the header of the answer;
    one without gets the plain text, with what the tokenizer itself puts in front."""

    def __init__(self, tokenizer: Any, schema: bool | None = None) -> None:
        """
        Args:
            tokenizer: as transformers loads it.
            schema: whether the schema of a grammar is written into the user turn; by default where there is a chat
                template, since a model that only continues texts would read it as part of its text.
        """
        self._tokenizer = tokenizer
        self.has_template = bool(getattr(tokenizer, "chat_template", None))
        self._schema = self.has_template if schema is None else schema

    def encode(self, prompt: str, schema: Mapping[str, Any] | None = None) -> list[int]:
        """Token ids of one user turn. An empty prompt is the bare start of a text: there is nothing to answer."""
        if schema is not None and self._schema:
            prompt = with_schema(prompt, schema)
        if not prompt:
            bos = self._tokenizer.bos_token_id
            return [] if bos is None else [int(bos)]
        if not self.has_template:
            return list(map(int, self._tokenizer.encode(prompt)))
        return self.encode_messages([{"role": "user", "content": prompt}])

    def decode(self, ids: Sequence[int]) -> str:
        """Token ids as text, special tokens included."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def encode_messages(
        self, messages: Sequence[Mapping[str, Any]], schema: Mapping[str, Any] | None = None
    ) -> list[int]:
        """Token ids of a chat up to the header of the answer; the schema is written into the last user turn.

        Raises:
            InputError: the template refuses the messages (roles in an order it does not know).
            ModelError: the tokenizer has no chat template.
        """
        if not self.has_template:
            raise ModelError("the tokenizer of this model has no chat template: give a plain prompt")
        turns = [dict(message) for message in messages]
        last = next((turn for turn in reversed(turns) if turn.get("role") == "user"), None)
        if schema is not None and self._schema and last is not None:
            last["content"] = with_schema(str(last.get("content") or ""), schema)
        try:
            # Templates that know no thinking ignore the switch; those that do would leave it open.
            text = self._tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        except Exception as error:  # Templates raise what they like.
            raise InputError(f"the chat template of this model refuses the messages: {error}") from error
        return list(map(int, self._tokenizer.encode(text, add_special_tokens=False)))
