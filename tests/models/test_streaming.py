"""Streams and candidates against ``generate``: the same text, in pieces that never have to be taken back."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_backend import TinyBackend

import latticework as lw
from latticework.diffusion.spans import SpanReader
from latticework.errors import InputError
from latticework.models.events import CommitEvent, DraftEvent, EventReader, ResultEvent
from latticework.models.model import Model

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"enum": ["a", "b", "é€"]}, "maxItems": 3},
        "home": {"type": "object", "properties": {"city": {"enum": ["Ulm", "Århus"]}}, "required": ["city"]},
    },
    "required": ["name", "age", "tags", "home"],
    "additionalProperties": False,
}
GRAMMARS = {
    "schema": SCHEMA,
    "number": {"type": "number"},
    "regex": lw.regex("[a-zé€]{3,12}"),
    "tags": lw.tags([lw.Tag("<t>", lw.choice(["a", "b"]), "</t>")], at_least=1),
    "recursive": lw.lark("json"),
    "free": None,
}


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(TinyBackend())


@pytest.mark.parametrize("grammar", GRAMMARS.values(), ids=GRAMMARS)
@pytest.mark.parametrize("options", [{}, {"temperature": 1.0, "seed": 5}, {"block_length": 4, "steps": 20}])
def test_a_stream_is_the_text_in_pieces_that_stay(grammar, options):
    for seed in range(2):
        model = Model(TinyBackend(seed))
        wanted = model.generate("prompt", grammar, max_tokens=48, **options)
        events = list(model.stream("prompt", grammar, max_tokens=48, **options))
        assert isinstance(events[-1], ResultEvent)
        result = events[-1].result
        assert (result.text, result.value, result.tokens) == (wanted.text, wanted.value, wanted.tokens)
        assert "".join(event.text for event in events if isinstance(event, CommitEvent)) == wanted.text
        assert {event.kind for event in events} <= {"commit", "field", "result"}


def pointers(value: Any, at: str = "") -> dict[str, Any]:
    """Every value of a document, in the order in which they end (the oracle)."""
    found: dict[str, Any] = {}
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found |= pointers(child, at + "/" + str(key).replace("~", "~0").replace("/", "~1"))
    return found | {at: value}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_fields_come_when_they_are_final_with_the_confidence_of_the_result(temperature):
    for seed in range(4):
        model = Model(TinyBackend(seed))
        text, fields, confidence = "", {}, {}
        result = None
        for event in model.stream("prompt", SCHEMA, max_tokens=60, temperature=temperature, seed=seed, block_length=6):
            if event.kind == "commit":
                text += event.text
            elif event.kind == "field":
                assert event.pointer not in fields
                fields[event.pointer] = event.value
                assert json.dumps(event.value, ensure_ascii=False, separators=(",", ":")) in text
                confidence[event.pointer] = event.confidence
            elif event.kind == "result":
                result = event.result
        assert result is not None
        assert list(fields.items()) == list(pointers(result.value).items())
        assert confidence == pytest.approx(dict(result.confidence))


def test_text_comes_before_the_end(model):
    kinds = [event.kind for event in model.stream("prompt", SCHEMA, max_tokens=60, block_length=4)]
    first, last = kinds.index("commit"), len(kinds) - 1 - kinds[::-1].index("commit")
    assert first < kinds.index("field") < last


def test_drafts_are_whole_completions_that_agree_with_what_is_committed(model):
    text, drafts = "", []
    for event in model.stream("prompt", SCHEMA, max_tokens=60, drafts=True, block_length=4):
        if isinstance(event, CommitEvent):
            text += event.text
        elif isinstance(event, DraftEvent):
            assert event.text.startswith(text)
            if event.step.forwards:
                jsonschema.validate(json.loads(event.text), SCHEMA)
            drafts.append(event.text)
        elif isinstance(event, ResultEvent):
            assert event.result.text == text == drafts[-1]
    assert len(drafts) > 2


def test_closing_stops_the_work(model):
    backend = TinyBackend()
    model = Model(backend)
    full = model.generate("prompt", SCHEMA, max_tokens=60, steps=60).forwards
    before = backend.forwards
    stream = model.stream("prompt", SCHEMA, max_tokens=60, steps=60, drafts=True)
    next(stream)
    stream.close()
    spent = backend.forwards - before
    assert spent < full, "the work was stopped"
    assert not [thread for thread in threading.enumerate() if thread.name == "latticework-stream"]
    assert backend.forwards == before + spent


def test_refusals_are_raised_by_the_stream(model):
    before = model.backend.forwards
    with pytest.raises(lw.Infeasible):
        next(model.stream("prompt", SCHEMA, max_tokens=3))
    with pytest.raises(lw.SchemaError):
        next(model.stream("prompt", {"$ref": "https://schemas.example/other.json"}))
    with pytest.raises(InputError, match="one prompt"):
        model.stream(["a", "b"], SCHEMA)
    assert model.backend.forwards == before


def test_a_hook_of_the_user_is_called_and_its_exception_passes_through(model):
    seen = []
    list(model.stream("prompt", SCHEMA, max_tokens=60, on_step=seen.append))
    assert seen
    with pytest.raises(ZeroDivisionError):
        list(model.stream("prompt", SCHEMA, max_tokens=60, on_step=lambda step: 1 // 0))


def test_agenerate_and_astream_equal_generate(model):
    async def run():
        one = await model.agenerate("prompt", SCHEMA, max_tokens=60)
        many = await model.agenerate(["prompt", "other"], SCHEMA, max_tokens=60)
        events = [event async for event in model.astream("prompt", SCHEMA, max_tokens=60)]
        return one, many, events

    one, many, events = asyncio.run(run())
    wanted = model.generate(["prompt", "other"], SCHEMA, max_tokens=60)
    assert one.text == wanted[0].text
    assert [result.text for result in many] == [result.text for result in wanted]
    assert events[-1].result.text == wanted[0].text
    assert "".join(event.text for event in events if event.kind == "commit") == wanted[0].text


def test_the_event_loop_goes_on_meanwhile():
    """A forward waits for the event loop, which would never answer if it were blocked."""
    beaten = threading.Event()

    class Waiting(TinyBackend):
        def forward(self, ids, attention, keep):
            assert beaten.wait(20), "the event loop stood still"
            return super().forward(ids, attention, keep)

    async def run():
        asyncio.get_running_loop().call_later(0.01, beaten.set)
        return await Model(Waiting()).agenerate("prompt", SCHEMA, max_tokens=60)

    jsonschema.validate(asyncio.run(run()).value, SCHEMA)


@pytest.mark.parametrize("form", ["agenerate", "astream", "closed"])
def test_cancelling_stops_the_work(form):
    started, stopped = threading.Event(), threading.Event()
    go_on = threading.Event()

    class Slow(TinyBackend):
        def forward(self, ids, attention, keep):
            started.set()
            assert go_on.wait(20)
            return super().forward(ids, attention, keep)

    backend = Slow()
    model = Model(backend)

    async def consume():
        if form == "agenerate":
            await model.agenerate("prompt", SCHEMA, max_tokens=60, steps=60)
        else:
            async for _ in model.astream("prompt", SCHEMA, max_tokens=60, steps=60):
                pass

    async def run():
        if form == "closed":
            stream = model.astream("prompt", SCHEMA, max_tokens=60, steps=60, drafts=True)
            await anext(stream)
            await stream.aclose()
        else:
            task = asyncio.create_task(consume())
            while not started.is_set():
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        go_on.set()
        stopped.set()

    asyncio.run(run())
    for thread in threading.enumerate():
        if thread.name == "latticework-stream":
            thread.join()
    assert stopped.is_set()
    assert backend.forwards <= 2


def test_a_loop_that_took_text_back_would_be_found_out(model):
    stream = model.stream("prompt", SCHEMA, max_tokens=60)
    events = list(stream)
    reader = EventReader(model.vocabulary, json_document=True, drafts=False)
    reader._text = "{ "
    with pytest.raises(RuntimeError, match="internal error"):
        list(reader.close(events[-1].result))


def test_candidates_are_samples_with_seeds_of_their_own(model):
    grammar = lw.regex("[a-z]{6}")
    found = model.generate("prompt", grammar, n=4, temperature=1.0, seed=7)
    assert len({result.text for result in found}) > 1
    for place, result in enumerate(found):
        assert result.seed == 7 + place
        alone = model.generate("prompt", grammar, temperature=1.0, seed=result.seed)
        assert alone.text == result.text
    batch = model.generate(["prompt", "other"], [grammar, SCHEMA], n=2, temperature=1.0, seed=7, max_tokens=60)
    assert [len(row) for row in batch] == [2, 2]
    assert [result.seed for result in batch[1]] == [7, 8]
    for result in batch[1]:
        jsonschema.validate(result.value, SCHEMA)
    assert len(model.generate("prompt", grammar, n=1)) == 1
    drawn = model.generate("prompt", grammar, n=2, temperature=1.0)
    assert drawn[0].seed is not None
    assert drawn[1].seed == drawn[0].seed + 1


def test_candidates_that_make_no_sense_are_refused(model):
    with pytest.raises(InputError, match="temperature above 0"):
        model.generate("prompt", SCHEMA, n=2)
    for wrong in (0, -1, True, 1.5):
        with pytest.raises(InputError, match="n must be"):
            model.generate("prompt", SCHEMA, n=wrong, temperature=1.0)
    with pytest.raises(lw.Infeasible):
        model.generate("prompt", SCHEMA, n=2, temperature=1.0, max_tokens=3)
    rows = model.generate(["prompt", ""], SCHEMA, n=2, temperature=1.0, max_tokens=60)
    assert [[result.error is None for result in row] for row in rows] == [[True, True], [False, False]]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 999)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~é", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(value=VALUES, indent=st.sampled_from([None, 1]), sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_values_are_found_in_whatever_pieces_the_document_comes(value, indent, sizes):
    document = json.dumps(value, indent=indent, ensure_ascii=False).encode()
    reader = SpanReader()
    found: list[tuple[str, Any]] = []
    at = 0
    for size in itertools.cycle(sizes):
        at, piece = min(len(document), at + size), document[at : at + size]
        for pointer, start, end in reader.feed(piece, last=at == len(document)):
            assert end <= at
            found.append((pointer, json.loads(document[start:end])))
        if at == len(document):
            break
    assert found == list(pointers(value).items())
