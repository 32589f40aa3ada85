"""A server that keeps keys and values between forwards: exact where everything is computed anew, valid always."""

from __future__ import annotations

import re

import pytest
from serving import live

import latticework as lw
from latticework.diffusion.caches.cached import CachedModel
from latticework.errors import InputError
from latticework.models.model import Model

PATTERN = "[a-z]{2,6}-[0-9]{2}"


def body(seed: int) -> dict:
    messages = [{"role": "user", "content": f"number {seed}"}]
    return {
        "model": "embedded",
        "messages": messages,
        "structured_outputs": {"regex": PATTERN},
        "max_tokens": 14,
        "seed": seed,
    }


def texts(**settings) -> list[str]:
    with live(lw.load("embedded"), **settings) as server:
        answers = [server.post("/v1/chat/completions", body(seed)).json() for seed in range(3)]
        assert isinstance(server.state.engine._model, CachedModel) == bool(settings)
    assert all("choices" in answer for answer in answers), answers
    return [answer["choices"][0]["message"]["content"] for answer in answers]


def test_texts_behind_a_cache_are_valid_and_with_a_refresh_those_without() -> None:
    assert texts(cache="dual", cache_options={"refresh": 1}) == texts()
    assert all(re.fullmatch(PATTERN, text) for text in texts(cache="prefix"))


def test_models_that_cannot_be_read_in_parts_are_refused_before_serving() -> None:
    from tiny_backend import TinyBackend

    with pytest.raises(InputError, match="computed in parts"), live(Model(TinyBackend(seed=1)), cache="dual"):
        pass
    with (
        pytest.raises(InputError, match="go with a cache"),
        live(Model(TinyBackend(seed=1)), cache_options={"block": 8}),
    ):
        pass
