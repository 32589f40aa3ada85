"""Readers of growing texts, places in bodies, and other parts that need no server."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw
from latticework.chat.prompts import Conversing, Turn, as_prompt
from latticework.chat.tool_text import OPENING, call_text, read_calls
from latticework.errors import InputError
from latticework.grammar.limits import DEFAULT_LIMITS
from latticework.models.events import CommitEvent, ResultEvent
from latticework.models.result import Result
from latticework.models.stops import StopReader
from latticework.server.body_reader import checked
from latticework.server.chat_bodies import ChatBody
from latticework.server.errors import ApiError
from latticework.server.grammars import Grammars, Spec, context_free
from latticework.server.settings import Settings

TRAPS = st.sampled_from([OPENING, "</tool_call>", '"}', "\\", "{"])
VALUES = st.text(max_size=6) | st.integers() | TRAPS
ARGUMENTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=2)
FREE = st.text(alphabet='<tol_ca>\n{"', max_size=12).filter(lambda text: OPENING not in text)


def written(name: str, arguments: str) -> str:
    text = f'{OPENING}\n{{"name": {json.dumps(name)}, "arguments": {arguments}}}\n</tool_call>'
    assert text == call_text(name, arguments)
    return text


@settings(max_examples=40, deadline=None)
@given(FREE, st.lists(st.tuples(st.sampled_from(["f", "g-1"]), ARGUMENTS), max_size=3), FREE)
def test_calls_are_read_back_and_only_grow(before: str, calls: list, after: str) -> None:
    inside = [(name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in calls]
    text = before + "\n".join(written(name, arguments) for name, arguments in inside) + after
    if text.count(OPENING) > sum(OPENING in arguments for _, arguments in inside) + len(calls):
        return  # the free texts have made a further beginning where they meet
    content, found = read_calls(text, complete=True)
    assert content == before + after
    assert [(call.name, call.arguments, call.closed) for call in found] == [(*call, True) for call in inside]
    seen_content, seen = "", []
    for end in range(len(text) + 1):
        part, growing = read_calls(text[:end], complete=False)
        assert part.startswith(seen_content)
        assert len(growing) >= len(seen)
        for old, new in zip(seen, growing, strict=False):
            assert new.name == old.name
            assert new.arguments.startswith(old.arguments)
        seen_content, seen = part, growing
    assert content.startswith(seen_content)


class Pieces:
    """A reader that has its text given piece by piece."""

    def read(self, step):
        yield CommitEvent(step)

    def close(self, result: Result):
        yield ResultEvent(result)


@settings(deadline=None)
@given(
    st.lists(st.text(alphabet="ab", min_size=1, max_size=3)),
    st.lists(st.text(alphabet="ab", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_what_is_told_ends_before_the_first_stop(pieces: list[str], stops: list[str]) -> None:
    reader = StopReader(Pieces(), tuple(stops))  # type: ignore[arg-type]
    told = [event.text for piece in pieces for event in reader.read(piece)]  # type: ignore[union-attr, arg-type]
    [*rest, last] = list(reader.close(Result(None, "", (), "length")))
    text = "".join(pieces)
    # As if the text came character by character: the first end of a stop counts.
    ends = [end for end in range(len(text) + 1) if any(text[:end].endswith(stop) for stop in stops)]
    longest = max((len(stop) for stop in stops if ends and text[: ends[0]].endswith(stop)), default=0)
    expected = text[: ends[0] - longest] if ends else text
    assert "".join(told) + "".join(event.text for event in rest) == expected  # type: ignore[union-attr]
    assert isinstance(last, ResultEvent)
    assert (last.result.text, last.result.finish_reason) == (expected, "complete" if ends else "length")


def test_grammars_never_come_from_files(tmp_path) -> None:
    path = tmp_path / "own.lark"
    path.write_text('start: "a"')
    with pytest.raises(lw.LatticeworkError):
        context_free(str(path), DEFAULT_LIMITS)
    with pytest.raises(lw.LatticeworkError):
        context_free("%import .own.start\n", DEFAULT_LIMITS)
    assert context_free("json", DEFAULT_LIMITS).kind == "lark"


def test_grammars_are_kept_within_bounds() -> None:
    vocabulary = lw.Vocabulary([bytes([byte]) for byte in range(256)])
    grammars = Grammars(vocabulary, DEFAULT_LIMITS, 1)
    specs = [Spec("choice", [f"word{number}"], "x") for number in range(80)]
    for spec in specs:
        grammars.constraint(spec)
    assert len(grammars._kept) == 64
    assert grammars.cache.info().entries == 1
    assert grammars.constraint(specs[-1]) is grammars.constraint(specs[-1])
    ordered = [Spec("json_schema", {"properties": {key: {} for key in keys}}, "x") for keys in ("ab", "ba")]
    assert ordered[0].key() != ordered[1].key()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [{"role": "user", "content": 5}], "model": "x"}, "messages[0].content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "a": ""}]}], "model": "x"},
            "messages[0].content[0].a",
        ),
        ({"messages": [{"role": "user"}], "model": "x", "tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"messages": [{"role": "user"}], "model": "x", "response_format": {}}, "response_format"),
        ({"messages": [{"role": "user"}], "model": "x", "top_p": True}, "top_p"),
    ],
)
def test_the_field_at_fault_is_named(body: dict, param: str) -> None:
    with pytest.raises(ApiError) as refused:
        checked(body, ChatBody)
    assert (refused.value.status, refused.value.param) == (400, param)


def test_conversations_as_one_text() -> None:
    assert as_prompt([Turn("user", "mail")]) == "mail"
    assert as_prompt([Turn("system", "Read."), Turn("user", "mail")]) == "Read.\n\nmail"
    talk = [Turn("user", "a"), Turn("assistant", "b"), Turn("tool", "c"), Turn("user", " ")]
    assert as_prompt(talk) == "User: a\n\nAssistant: b\n\nTool: c"


class Templated:
    """A backend with a chat template."""

    class prompts:
        has_template = True

        @staticmethod
        def encode_messages(messages, schema):
            return [messages, schema]

    max_positions = 7


def test_conversations_go_through_the_chat_template() -> None:
    turns = (Turn("developer", "Be short."), Turn("user", "mail"))
    backend = Conversing.over(Templated(), turns, ())  # type: ignore[arg-type]
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "mail"}]
    assert backend.encode_prompt("not used", {"type": "object"}) == [messages, {"type": "object"}]
    assert backend.max_positions == 7


def test_the_server_is_loaded_when_asked_for_and_says_what_it_needs() -> None:
    program = """
import sys
import latticework.server as server
print("starlette" in sys.modules, "torch" in sys.modules)
sys.modules["starlette"] = None
try:
    server.create_app
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == "False False"
    assert second == "InputError the server needs starlette: pip install 'latticework[server]'"


@pytest.mark.parametrize("wrong", [{"max_batch": 0}, {"max_waiting": -1}, {"request_timeout": 0}, {"api_key": ""}])
def test_settings_that_make_no_sense(wrong: dict) -> None:
    with pytest.raises(InputError):
        Settings(**wrong)
