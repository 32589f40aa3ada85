"""Extraction tasks as training records: the gold value, its sources, and rooms as elastic scaffolds have them."""

from __future__ import annotations

import json
import re
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_pools import invented_pools
from tokenizers import Tokenizer

import latticework as lw
from latticework.evaluation.tasks.generator import marked_task, tasks
from latticework.evaluation.tasks.splits import SPLITS
from latticework.models.embedded import EOS, FILLER, MASK, WEIGHTS, build_prompt
from latticework.models.embedded.training.generator import Generator
from latticework.models.embedded.training.records import Record
from latticework.models.embedded.training.states import MAX_AHEAD, State, prefixes, states
from latticework.models.embedded.training.task_records import TRAIN_TASKS, mixed, record_of, task_records
from latticework.models.embedded.training.tokenize import NO_SOURCE, encode
from latticework.scaffold.skeleton import Room, skeleton_of

POOLS = invented_pools(200)
_NUMBER = r"(?<=[:,\[])-?[0-9]+(\.[0-9]+)?(?=[,\]}])"
NUMBERS = st.integers(0, 1 << 40)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))


def drawn(count: int, seed: int = 0) -> list[Record]:
    return list(islice(task_records(POOLS, seed), count))


@given(NUMBERS)
@settings(max_examples=60, deadline=None)
def test_marks_are_where_values_stand(number: int) -> None:
    task, marks = marked_task(POOLS, TRAIN_TASKS, number)
    said = [task.text[start:end] for start, end in marks]
    assert all(said)
    assert marks == sorted(marks)
    assert not any("\ue000" in one or "\ue001" in one for one in (task.text, *said))


def test_a_marked_task_is_the_task_of_its_number() -> None:
    for split in SPLITS:
        several = list(tasks(POOLS, split, 12, seed=2))
        assert [marked_task(POOLS, split, number, 2)[0] for number in range(12)] == several


@given(NUMBERS)
@settings(max_examples=60, deadline=None)
def test_the_response_is_the_gold_value_in_schema_order(number: int) -> None:
    task, marks = marked_task(POOLS, TRAIN_TASKS, number)
    record = record_of(task, marks)
    value = json.loads(record.response)
    assert value == task.gold
    assert list(value) == [key for key in task.schema["properties"] if key in value]
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    assert re.sub(_NUMBER, "0", record.response) == re.sub(_NUMBER, "0", compact)  # 12.50 stays as the text has it
    assert all(record.response[to] == record.prompt[source] for to, source in record.copies.items())


def test_the_prompt_is_the_one_of_use(tokenizer: Tokenizer) -> None:
    for number in range(20):
        task, marks = marked_task(POOLS, TRAIN_TASKS, number)
        (encoded,) = encode(tokenizer, [record_of(task, marks)])
        assert encoded.prompt.tolist() == build_prompt(task.text, task.schema)


@given(NUMBERS)
@settings(max_examples=60, deadline=None)
def test_rooms_are_those_of_the_scaffold(number: int) -> None:
    task, marks = marked_task(POOLS, TRAIN_TASKS, number)
    record = record_of(task, marks)
    skeleton = skeleton_of(lw.json_schema(task.schema).node)
    assert skeleton is not None
    fixed, done = [], 0
    for room in record.rooms or ():
        if room.start > done:
            fixed.append(record.response[done : room.start])
        done = room.end
    fixed.append(record.response[done:])
    assert fixed == [part.decode() for part in skeleton.parts if isinstance(part, bytes)]
    spare = [room for room in record.rooms or () if room.spare]
    assert len(spare) == sum(isinstance(part, Room) for part in skeleton.parts)
    for room, part in zip(spare, (part for part in skeleton.parts if isinstance(part, Room)), strict=True):
        assert part.optional or room.end > room.start


def held(state: State) -> list[int]:
    masked = state.tokens == MASK
    canvas = dict(zip(state.slot.tolist(), np.where(masked, state.target, state.tokens).tolist(), strict=True))
    return [token for _, token in sorted(canvas.items())]


def in_order(some: list[int], whole: list[int]) -> bool:
    rest = iter(whole)
    return all(token in rest for token in some)


def test_states_hold_the_response(tokenizer: Tokenizer) -> None:
    """As text: on a scaffold the response is cut into tokens piece by piece."""
    rng = np.random.default_rng(0)
    fillers = 0
    records = drawn(150)
    for record, encoded in zip(records, encode(tokenizer, records), strict=True):
        pieces = [token for piece in encoded.pieces for token in piece.tokens.tolist()]
        assert tokenizer.decode(pieces) == record.response
        for piece in encoded.pieces:
            copied = piece.source != NO_SOURCE
            assert np.array_equal(encoded.prompt[piece.source[copied]], piece.tokens[copied])
        for state in states(encoded, rng):
            canvas = [token for token in held(state) if token != FILLER]
            wholes = ([*encoded.response.tolist(), *[EOS] * MAX_AHEAD], pieces)
            assert any(in_order(canvas, whole) for whole in wholes)
            fillers += len(canvas) < len(held(state))
            copied = state.source != NO_SOURCE
            assert np.array_equal(encoded.prompt[state.source[copied]], state.target[copied])
    assert fillers > 10


def test_long_responses_are_asked_for_in_part(tokenizer: Tokenizer) -> None:
    for encoded in encode(tokenizer, drawn(10)):
        thin = prefixes(encoded, np.random.default_rng(0), thin=True)
        whole = prefixes(encoded, np.random.default_rng(0))
        assert len(thin.tokens) < len(whole.tokens)
        asked = set(thin.slot[thin.tokens == MASK].tolist())
        assert {int(first) for first, _ in encoded.spans} <= asked


def test_only_the_trained_part_is_drawn() -> None:
    families = {family.name for family in TRAIN_TASKS.families}
    assert {record.family for record in drawn(200)} <= families
    plain = {word for part in POOLS.lists["word"] for word in part}
    held_out = {word for lists in POOLS.lists.values() for word in lists[1]} - plain
    for record in drawn(200):
        assert not held_out & set(record.text.replace(".", " ").replace(",", " ").split())


def test_a_mixture_has_its_share_and_repeats_itself() -> None:
    def mixture() -> list[Record]:
        return list(islice(mixed(iter(Generator(POOLS, seed=1)), task_records(POOLS, 1), 0.4, 5), 400))

    records = mixture()
    assert records == mixture()
    assert 0.3 < sum(record.rooms is not None for record in records) / len(records) < 0.5
