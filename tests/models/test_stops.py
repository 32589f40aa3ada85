"""What ends a text: end tokens of the checkpoint, and texts and ids that a call names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_checkpoints import sdar

import latticework as lw
from latticework.models.events import CommitEvent, ResultEvent
from latticework.models.stops import stopping


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return lw.load(sdar(tmp_path_factory.mktemp("sdar")))


SAMPLE = {"temperature": 1.0, "max_tokens": 24}


def test_ends_come_from_tokenizer_configs_and_family(model):
    """SDAR's config names the end of text, its generation config the end of turn as well."""
    encode = model.backend.tokenizer.convert_tokens_to_ids
    assert set(model.vocabulary.ids("eos")) == {encode("<|im_end|>"), encode("<|endoftext|>")}


@given(seed=st.integers(0, 10_000), data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_text_without_grammar_ends_before_the_first_stop(model, seed, data):
    whole = model.generate("hello", seed=seed, **SAMPLE)
    stops = data.draw(
        st.lists(st.integers(0, max(len(whole.text) - 1, 0)), min_size=1, max_size=3).map(
            lambda places: [whole.text[place : place + 2] or "zz" for place in places]
        )
    )
    cut = model.generate("hello", seed=seed, stop=stops, **SAMPLE)
    ends = [end for end in range(len(whole.text) + 1) if any(whole.text[:end].endswith(stop) for stop in stops)]
    if not ends:
        assert (cut.text, cut.tokens) == (whole.text, whole.tokens)
        return
    longest = max(len(stop) for stop in stops if whole.text[: ends[0]].endswith(stop))
    assert cut.text == cut.value == whole.text[: ends[0] - longest]
    assert cut.finish_reason == "complete"
    assert cut.tokens == whole.tokens[: len(cut.tokens)]
    events = list(model.stream("hello", seed=seed, stop=stops, **SAMPLE))
    assert isinstance(events[-1], ResultEvent)
    assert "".join(event.text for event in events if isinstance(event, CommitEvent)) == cut.text
    assert events[-1].result.text == cut.text


def test_ids_of_a_call_end_a_text(model):
    """Ids that a random network likes: without them texts fill the canvas, with them some end before."""
    whole = model.generate(["hello"] * 6, seed=3, **SAMPLE)
    used = sorted({token for result in whole for token in result.tokens})[:40]
    found = model.generate(["hello"] * 6, seed=3, stop_token_ids=used, **SAMPLE)
    for result in found:
        assert not set(result.tokens) & set(used)
        assert (result.finish_reason == "complete") == (len(result.tokens) < SAMPLE["max_tokens"])
    assert any(result.finish_reason == "complete" for result in found)
    [*events, last] = model.stream("hello", seed=3, stop_token_ids=used, **SAMPLE)
    assert last.result.tokens == found[0].tokens
    assert "".join(event.text for event in events if isinstance(event, CommitEvent)) == found[0].text


def test_a_document_is_spelled_without_the_stop_tokens_of_its_call(model):
    grammar = lw.json_schema({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3})
    digits = [i for i in range(len(model.vocabulary)) if model.vocabulary.bytes(i) in (b"1", b"7", b"12")]
    for source in (grammar, model.compile(grammar)):
        found = model.generate(["a"] * 6, source, temperature=2.0, seed=1, max_tokens=24, stop_token_ids=digits)
        for result in found:
            assert result.error is None
            assert not set(result.tokens) & set(digits)
    # The model itself is as it was.
    assert model.vocabulary.bytes(digits[0])
    assert model.compile(grammar).vocabulary == model.vocabulary


def test_ids_that_end_texts_anyway_change_nothing(model):
    ends = list(model.vocabulary.ids("eos"))
    assert stopping(model, ends) is model
    assert stopping(model, None) is model


@pytest.mark.parametrize(
    ("options", "grammar", "message"),
    [
        ({"stop": "x"}, lw.regex("a"), "stop would cut a text that its grammar wants whole"),
        ({"stop": ""}, None, "none of them empty"),
        ({"stop": ["a", 3]}, None, "stop takes texts"),
        ({"stop_token_ids": [400]}, None, "token id 400 is outside the vocabulary of 400 ids"),
        ({"stop_token_ids": [-1]}, None, "outside the vocabulary"),
        ({"stop_token_ids": ["a"]}, None, "stop_token_ids takes up to 64 token ids"),
        ({"stop_token_ids": list(range(65))}, None, "up to 64"),
    ],
)
def test_stops_that_make_no_sense_are_refused(model, options, grammar, message):
    with pytest.raises(lw.InputError, match=message):
        model.generate("hello", grammar, **options)
    with pytest.raises(lw.InputError, match=message):
        list(model.stream("hello", grammar, **options))


def test_the_mask_is_no_stop(model):
    with pytest.raises(lw.InputError, match="the mask of the model"):
        model.generate("hello", stop_token_ids=[model.backend.mask_id])
