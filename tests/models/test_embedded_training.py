"""The record generator and the training batches: what is asked, where it is copied from, what is held out."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from latticework.models.embedded import BOS, EOS, FILLER, PAD, WEIGHTS
from latticework.models.embedded.modeling import EmbeddedConfig, EmbeddedModel
from latticework.models.embedded.training.batches import LENGTHS, batches
from latticework.models.embedded.training.evaluate import field_matches
from latticework.models.embedded.training.families import HELD_OUT_FAMILIES, TRAINED_FAMILIES
from latticework.models.embedded.training.generator import SPLITS, TRAIN, Generator, Split
from latticework.models.embedded.training.loss import losses
from latticework.models.embedded.training.masking import mask_record
from latticework.models.embedded.training.planning import clauses_of
from latticework.models.embedded.training.pools import Pools
from latticework.models.embedded.training.records import Record
from latticework.models.embedded.training.tokenize import NO_SOURCE, encode

_NAMES = (
    *("first", "last", "company", "city", "street", "job", "country"),
    *("word", "phrase", "slogan", "color", "language", "currency"),
)


@pytest.fixture(scope="module")
def pools() -> Pools:
    """Invented word lists in place of Faker's; trained values end in "a", held-out values in "o"."""
    rng = random.Random(1)

    def words(ending: str) -> tuple[str, ...]:
        return tuple(sorted({"".join(rng.choices("bdklmnprst", k=5)) + ending for _ in range(500)}))

    return Pools({name: (words("a"), words("o")) for name in _NAMES})


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _without_numbers(text: str) -> str:
    return re.sub(r"(?<=[:,\[])-?[0-9]+(\.[0-9]+)?(?=[,\]}])", "0", text)


def draw(pools: Pools, count: int, split: Split = TRAIN, seed: int = 0) -> list[Record]:
    return list(islice(Generator(pools, split, seed), count))


@pytest.mark.parametrize("name", ["train", *SPLITS])
def test_responses_are_compact_json_in_schema_order(pools: Pools, name: str) -> None:
    for record in draw(pools, 300, SPLITS.get(name, TRAIN)):
        value = json.loads(record.response)
        assert _without_numbers(record.response) == _without_numbers(_compact(value))
        paths = [span.path for span in record.spans]
        schema = [tuple(leaf.path.split(".")) for leaf in record.leaves]
        assert [path for path in schema if path in paths] == paths
        left_out = [leaf for leaf, path in zip(record.leaves, schema, strict=True) if path not in paths]
        assert all(leaf.mark == "*" for leaf in left_out)


def test_spans_hold_values_of_the_declared_type(pools: Pools) -> None:
    kinds = {"s": str, "d": str, "e": str, "i": int, "n": (int, float), "b": bool}
    for record in draw(pools, 500):
        letters = {tuple(leaf.path.split(".")): leaf for leaf in record.leaves}
        for span in record.spans:
            value = json.loads(record.response[span.start : span.end])
            leaf = letters[span.path]
            if value is None:
                assert leaf.mark == "?"
            elif leaf.letter.startswith("l"):
                assert isinstance(value, list)
            else:
                assert isinstance(value, kinds[leaf.letter])
                assert not leaf.options or value in leaf.options


def test_copied_characters_are_equal(pools: Pools) -> None:
    for record in draw(pools, 300):
        assert record.copies
        assert all(record.response[to] == record.prompt[source] for to, source in record.copies.items())


def test_every_kind_of_value_is_frequent(pools: Pools) -> None:
    records = draw(pools, 1500)
    kinds = Counter(span.kind for record in records for span in record.spans)
    omitted = sum(len(record.leaves) - len(record.spans) for record in records)
    total = kinds.total() + omitted
    shares = {kind: count / total for kind, count in kinds.items()}
    numeric = shares["number"] + shares["integer"]
    assert min(shares["list"], shares["enum"], shares["boolean"], shares["null"], numeric) > 0.08
    assert shares["date"] > 0.05
    assert omitted / total > 0.05


def test_held_out_values_never_meet_trained_ones(pools: Pools) -> None:
    """Plain words are the exception: they are keys too, and trained keys come from both parts of the list."""
    plain = {word for part in pools.lists["word"] for word in part}
    held_out = {word for lists in pools.lists.values() for word in lists[1]} - plain
    for record in draw(pools, 200):
        assert not held_out & set(record.text.replace(".", " ").replace(",", " ").split())


def test_held_out_keys_are_never_trained(pools: Pools) -> None:
    def words(split: Split) -> set[str]:
        generic = [record for record in draw(pools, 400, split) if record.family == "generic"]
        keys = {part for record in generic for leaf in record.leaves for part in leaf.path.lower().split("_")}
        return keys & {word for part in pools.lists["word"] for word in part}

    assert words(TRAIN)
    assert words(SPLITS["keys"])
    assert not words(TRAIN) & words(SPLITS["keys"])


def test_held_out_clauses_families_and_words() -> None:
    said = ("a", "b", "c", "d", "e", "f", "g", "h")
    assert not set(clauses_of(said, True)) & set(clauses_of(said, False))
    assert len(TRAINED_FAMILIES) >= 25
    assert len(HELD_OUT_FAMILIES) >= 3
    held_keys = {key for family in HELD_OUT_FAMILIES for field in family.fields for key in field.keys}
    trained_keys = {key for family in TRAINED_FAMILIES for field in family.fields for key in field.keys}
    assert not held_keys & trained_keys


def test_a_generator_repeats_itself(pools: Pools) -> None:
    assert draw(pools, 20, seed=4) == draw(pools, 20, seed=4)
    assert draw(pools, 20, seed=4) != draw(pools, 20, seed=5)


def test_sources_point_at_equal_tokens(pools: Pools, tokenizer: Tokenizer) -> None:
    records = draw(pools, 100)
    for record, encoded in zip(records, encode(tokenizer, records), strict=True):
        assert encoded.prompt[-1] == BOS
        assert tokenizer.decode(encoded.response.tolist()) == record.response
        copied = encoded.source != NO_SOURCE
        assert np.array_equal(encoded.prompt[encoded.source[copied]], encoded.response[copied])
        for span, (first, last) in zip(record.spans, encoded.spans, strict=True):
            assert tokenizer.decode(encoded.response[first:last].tolist()) == record.response[span.start : span.end]


def test_every_state_of_a_canvas_is_the_response(pools: Pools, tokenizer: Tokenizer) -> None:
    rng = np.random.default_rng(0)
    fillers = 0
    for encoded in encode(tokenizer, draw(pools, 200)):
        canvas = mask_record(encoded, 40, rng)
        body = canvas.tokens[(canvas.tokens != FILLER) & (canvas.tokens != EOS)]
        assert np.array_equal(body, encoded.response)
        assert len(canvas.tokens) == len(encoded.response) + 40
        assert len(canvas.tokens) == len(canvas.masked) == len(canvas.source) == len(canvas.weight)
        assert canvas.masked.any()
        fillers += bool((canvas.tokens == FILLER).any())
    assert fillers > 10


def small_model() -> EmbeddedModel:
    torch.manual_seed(0)
    config = EmbeddedConfig(
        vocab_size=2048,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
        tie_word_embeddings=True,
        pad_token_id=PAD,
    )
    return EmbeddedModel(config).eval()


@torch.no_grad()
def test_a_canvas_in_a_row_equals_the_canvas_alone(pools: Pools, tokenizer: Tokenizer) -> None:
    model = small_model()
    batch = next(batches(Generator(pools), tokenizer, seed=0))
    assert batch.ids.shape[1] in LENGTHS
    seen = batch.ids.masked_fill(batch.masked, model.config.mask_token_id)
    together = model.encode(seen, batch.sees(), batch.positions)
    for row in range(2):
        segment = batch.segment[row]
        for number in range(1, int(segment.max()) + 1):
            chosen = (segment == 0) | (segment == number)
            alone = seen[row][chosen][None]
            hidden = model.encode(alone, *model.layout(alone, None))[0]
            torch.testing.assert_close(together[row][chosen], hidden, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_the_loss_is_the_models_own_log_probability(pools: Pools, tokenizer: Tokenizer) -> None:
    model = small_model()
    batch = next(batches(Generator(pools), tokenizer, seed=0))
    token_loss, pointer_loss = losses(model, batch)
    total = weight = 0.0
    for row in range(len(batch.ids)):
        segment = batch.segment[row]
        for number in range(1, int(segment.max()) + 1):
            chosen = (segment == 0) | (segment == number)
            ids, masked = batch.ids[row][chosen], batch.masked[row][chosen]
            logits = model(ids.masked_fill(masked, model.config.mask_token_id)[None]).logits[0]
            own = batch.weight[row][chosen][masked]
            total -= float((own * logits[masked].gather(1, ids[masked][:, None])[:, 0]).sum())
            weight += float(own.sum())
    assert float(token_loss) == pytest.approx(total / weight, rel=0.02)  # the loss runs in bfloat16
    assert float(pointer_loss) > 0


def test_the_evaluation_reads_what_the_model_says(pools: Pools, tokenizer: Tokenizer) -> None:
    (encoded, *_) = encode(tokenizer, draw(pools, 1))
    assert field_matches(small_model(), encoded) == [False] * len(encoded.spans)
