"""The record generator and the training batches: what is asked, where it is copied from, what is held out."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch
from invented_pools import invented_pools
from tokenizers import Tokenizer

from latticework.models.embedded import BOS, EOS, FILLER, MASK, PAD, WEIGHTS
from latticework.models.embedded.modeling import EmbeddedConfig, EmbeddedModel
from latticework.models.embedded.training.batches import LENGTHS, Batch, batches
from latticework.models.embedded.training.evaluate import field_matches
from latticework.models.embedded.training.families import HELD_OUT_FAMILIES, TRAINED_FAMILIES
from latticework.models.embedded.training.feeding import feed
from latticework.models.embedded.training.generator import SPLITS, TRAIN, Generator, Split
from latticework.models.embedded.training.loss import losses
from latticework.models.embedded.training.planning import clauses_of
from latticework.models.embedded.training.pools import Pools
from latticework.models.embedded.training.records import Record
from latticework.models.embedded.training.rewording import reword
from latticework.models.embedded.training.states import MAX_AHEAD, State, prefixes, states, subset
from latticework.models.embedded.training.tokenize import NO_SOURCE, encode


@pytest.fixture(scope="module")
def pools() -> Pools:
    return invented_pools(500)


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


def canvas_of(state: State) -> dict[int, int]:
    """Token by slot, of the slots that are visible or asked for."""
    masked = state.tokens == MASK
    assert masked.any()
    held = np.where(masked, state.target, state.tokens).tolist()
    canvas = dict(zip(state.slot.tolist(), held, strict=True))
    assert all(canvas[slot] == token for slot, token in zip(state.slot.tolist(), held, strict=True))
    return canvas


def test_every_state_of_a_canvas_is_the_response(pools: Pools, tokenizer: Tokenizer) -> None:
    """Visible tokens and targets together are a canvas that holds the response, fillers and end tokens aside."""
    rng = np.random.default_rng(0)
    fillers = 0
    for encoded in encode(tokenizer, draw(pools, 200)):
        body = encoded.response.tolist()
        for state in (prefixes(encoded, rng), subset(encoded, rng)):
            canvas = canvas_of(state)
            assert all(token == (body[slot] if slot < len(body) else EOS) for slot, token in canvas.items())
        for state in states(encoded, rng):
            held = [token for _, token in sorted(canvas_of(state).items())]
            rest = iter([*body, *[EOS] * MAX_AHEAD])
            assert all(token in rest for token in held if token != FILLER)  # in this order
            copied = state.source != NO_SOURCE
            assert np.array_equal(encoded.prompt[state.source[copied]], state.target[copied])
            fillers += FILLER in held
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


def alone(batch: Batch, row: int, slot: int) -> tuple[torch.Tensor, int]:
    """Prompt and canvas as the sampler would show them for one masked slot of a batch, and the index of that slot."""
    ids, segment, positions = batch.ids[row], batch.segment[row], batch.positions[row]
    prompt = ids[segment == 0]
    shown = (segment == segment[slot]) & (ids != MASK) & (positions < batch.limit[row, slot])
    width = int(torch.cat([positions[shown], positions[slot][None]]).max()) + 4 - len(prompt)
    canvas = torch.full((width,), MASK)
    canvas[positions[shown] - len(prompt)] = ids[shown]
    return torch.cat([prompt, canvas])[None], int(positions[slot])


@torch.no_grad()
def test_training_shows_the_model_what_the_sampler_shows_it(pools: Pools, tokenizer: Tokenizer) -> None:
    model = small_model()
    batch = next(batches(Generator(pools), tokenizer, seed=0))
    assert batch.ids.shape[1] in LENGTHS
    sees = batch.sees()
    hidden = model.encode(batch.ids, sees, batch.positions)
    together = model.log_probs(hidden, hidden, batch.ids, model.readable(batch.ids, sees))
    for row in range(2):
        for slot in (batch.ids[row] == MASK).nonzero()[::5, 0].tolist():
            ids, index = alone(batch, row, slot)
            torch.testing.assert_close(together[row, slot], model(ids).logits[0, index], rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_the_loss_is_the_models_own_log_probability(pools: Pools, tokenizer: Tokenizer) -> None:
    model = small_model()
    batch = next(batches(Generator(pools), tokenizer, seed=0))
    token_loss, pointer_loss = losses(model, batch)
    sees = batch.sees()
    hidden = model.encode(batch.ids, sees, batch.positions)
    logits = model.log_probs(hidden, hidden, batch.ids, model.readable(batch.ids, sees))
    asked = batch.ids == MASK
    own = logits[asked].gather(1, batch.target[asked][:, None])[:, 0]
    expected = -(batch.weight[asked] * own).sum() / batch.weight[asked].sum()
    assert float(token_loss) == pytest.approx(float(expected), rel=0.02)  # the loss runs in bfloat16
    assert float(pointer_loss) > 0


def test_the_evaluation_reads_what_the_model_says(pools: Pools, tokenizer: Tokenizer) -> None:
    (encoded, *_) = encode(tokenizer, draw(pools, 1))
    assert field_matches(small_model(), encoded) == [False] * len(encoded.spans)


def test_rewording_keeps_the_value_and_its_place(pools: Pools) -> None:
    rng = random.Random(3)
    clause = "Your flight leaves the city of {v}, they said."
    drawn = {reword(clause, rng) for _ in range(300)}
    assert len(drawn) > 50
    assert all(one.count("{v}") == 1 and one.endswith(".") and one[0].isupper() for one in drawn)
    assert all("flight" in one.lower() for one in drawn)


def test_batches_of_several_processes(pools: Pools, tokenizer: Tokenizer) -> None:
    """Every process makes its own stream, and batches arrive as they were made."""

    def make(number: int) -> Iterator[Batch]:
        return batches(Generator(pools, seed=number), tokenizer, number, tokens=2048)

    expected = [next(make(number)) for number in range(2)]
    fed = feed(make, 2)
    arrived: list[Batch] = []

    def has_come(batch: Batch) -> bool:
        return any(torch.equal(batch.ids, other.ids) and torch.equal(batch.weight, other.weight) for other in arrived)

    while len(arrived) < 200 and not all(map(has_come, expected)):
        arrived.append(next(fed))
    assert all(map(has_come, expected))
    fed.close()


def test_an_error_of_a_worker_reaches_the_reader() -> None:
    def make(number: int) -> Iterator[Batch]:
        raise ValueError(f"worker {number}")

    with pytest.raises(ValueError, match="worker 0"):
        next(feed(make, 1))
