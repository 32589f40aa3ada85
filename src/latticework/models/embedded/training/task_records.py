"""Extraction tasks of the ``train`` split as training records: longer texts in six styles, arrays of objects, rivals.

The response is the gold value as compact JSON in schema order. A value is copied from the one marked place of the text
that spells it; where several places do, or none, the pointer is not supervised. Rooms are those of an elastic scaffold:
``latticework.scaffold.skeleton`` says what of a schema is fixed text.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from latticework.evaluation.dataset import Task
from latticework.evaluation.tasks.generator import marked_task
from latticework.evaluation.tasks.splits import SPLITS, Split
from latticework.models.embedded.prompt import Leaf, format_prompt, schema_leaves
from latticework.models.embedded.training.pools import Pools
from latticework.models.embedded.training.records import Record, Room, Span

TRAIN_TASKS = next(split for split in SPLITS if split.name == "train")
_NUMBERS = 1 << 40  # task numbers are drawn below this; data sets count from 0
_NULL = {"type": "null"}
_NUMERAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def task_records(pools: Pools, seed: int, split: Split = TRAIN_TASKS) -> Iterator[Record]:
    """An endless, seeded stream of records of one split of tasks."""
    rng = random.Random(f"task records {seed}")
    while True:
        yield record_of(*marked_task(pools, split, rng.randrange(_NUMBERS), seed))


def mixed(records: Iterator[Record], others: Iterator[Record], share: float, seed: int) -> Iterator[Record]:
    """``records`` with ``others`` in between, which make up ``share`` of the whole."""
    rng = random.Random(f"mixture {seed}")
    while True:
        yield next(others if rng.random() < share else records)


def record_of(task: Task, marks: Sequence[tuple[int, int]]) -> Record:
    """A task of :func:`~latticework.evaluation.tasks.generator.marked_task` as a record with rooms."""
    leaves = tuple(schema_leaves(task.schema))
    writer = _Writer(leaves, task.text, marks)
    writer.members(task.schema, task.gold, "")
    prompt = format_prompt(leaves, task.text)
    return Record(
        task.family, leaves, task.text, prompt, writer.out, tuple(writer.spans), writer.copies, tuple(writer.rooms)
    )


class _Writer:
    """Writes compact JSON and remembers where its characters come from, its leaf values and its rooms."""

    def __init__(self, leaves: Sequence[Leaf], text: str, marks: Sequence[tuple[int, int]]) -> None:
        self.out = ""
        self.copies: dict[int, int] = {}
        self.spans: list[Span] = []
        self.rooms: list[Room] = []
        self._marks = [(text[start:end], start) for start, end in marks]
        self._text_start = 1
        self._lines: dict[str, tuple[int, Leaf]] = {}  # path: where its line starts in the prompt
        for leaf in leaves:
            self._lines[leaf.path] = (self._text_start - 1, leaf)
            self._text_start += len(leaf.line()) + 1

    def members(self, schema: Mapping[str, Any], gold: Mapping[str, Any], path: str) -> None:
        """An object; required members stand in the scaffold, optional ones have room for key and value or nothing."""
        self.out += "{"
        begun = fixed = False  # whether a member has been written; whether a required one has
        for key, own in schema["properties"].items():
            below = f"{path}.{key}" if path else key
            if key in schema["required"]:
                if begun and not fixed:  # the comma between optional members and the first required one is no text
                    self._room(len(self.out), ",", spare=False)  # of the scaffold, and fillers stand before it
                elif begun:
                    self.out += ","
                self._key(key, below)
                self._value(own, gold[key], below)
                begun = fixed = True
                continue
            start = len(self.out)
            if key in gold:
                self.out += "," if begun else ""
                self._key(key, below)
                kept = len(self.rooms)
                self._value(own, gold[key], below)
                del self.rooms[kept:]  # the whole member is one room
                begun = True
            self.rooms.append(Room(start, len(self.out), True))
        self.out += "}"

    def _room(self, start: int, text: str, spare: bool) -> None:
        self.out += text
        self.rooms.append(Room(start, len(self.out), spare))

    def _key(self, key: str, path: str) -> None:
        self.out += '"'
        below = next(line for line in self._lines if line == path or line.startswith((f"{path}.", f"{path}[].")))
        self._copy(key, self._lines[below][0] + len(path) - len(key))
        self.out += '":'

    def _copy(self, text: str, source: int) -> None:
        for offset in range(len(text)):
            self.copies[len(self.out) + offset] = source + offset
        self.out += text

    def _value(self, schema: Mapping[str, Any], gold: Any, path: str) -> None:
        nullable = _NULL in schema.get("anyOf", ())
        plain = schema["anyOf"][0] if nullable else schema
        if "properties" in plain and not nullable:
            self.members(plain, gold, path)
            return
        start = len(self.out)
        if isinstance(gold, list):
            self._array(plain, gold, path)
        elif isinstance(gold, dict):  # an object that may be null has no fixed text
            kept = len(self.rooms)
            self.members(plain, gold, path)
            del self.rooms[kept:]
        else:
            self._leaf(gold, path)
        fixed = not nullable and "enum" not in plain and self.out[start] in '"['
        self.rooms.append(Room(start + fixed, len(self.out), True))

    def _array(self, schema: Mapping[str, Any], gold: Sequence[Any], path: str) -> None:
        items = schema["items"]
        start = len(self.out)
        self.out += "["
        for place, item in enumerate(gold):
            self.out += "," if place else ""
            if "properties" in items:
                kept = len(self.rooms)
                self.members(items, item, f"{path}[]")
                del self.rooms[kept:]
            else:
                self._scalar(item, path)
        self.out += "]"
        if "properties" not in items:
            self.spans.append(Span(start, len(self.out), (path,), "list"))

    def _leaf(self, gold: Any, path: str) -> None:
        start = len(self.out)
        self._scalar(gold, path)
        kind = "null" if gold is None else type(gold).__name__
        self.spans.append(Span(start, len(self.out), (path,), kind))

    def _scalar(self, gold: Any, path: str) -> None:
        if gold is None or isinstance(gold, bool):
            self.out += json.dumps(gold)
        elif isinstance(gold, str):
            self.out += '"'
            self._copy_text(gold, *self._source_of(gold, path))
            self.out += '"'
        else:
            self._number(gold)

    def _source_of(self, gold: str, path: str) -> tuple[int, ...]:
        """Where in the prompt ``gold`` can be copied from, nothing where that is not known."""
        line, leaf = self._lines[path]
        if gold in leaf.options:
            before = leaf.options[: leaf.options.index(gold)]
            shown = leaf.line()
            return (line + len(shown) - len("|".join(leaf.options)) + sum(len(option) + 1 for option in before),)
        places = [self._text_start + start for said, start in self._marks if said == gold]
        return tuple(places) if len(places) == 1 else ()

    def _copy_text(self, gold: str, *source: int) -> None:
        written = json.dumps(gold, ensure_ascii=False)[1:-1]
        if source and written == gold:
            self._copy(gold, source[0])
        else:
            self.out += written

    def _number(self, gold: float) -> None:
        """As the text spells it where it does, thousands separators aside: 12.50 and not 12.5."""
        found = {}
        for said, start in self._marks:
            numeral = said.partition(" ")[0]  # a unit may follow
            kept = [place for place, char in enumerate(numeral) if char != ","]
            literal = "".join(numeral[place] for place in kept)
            if (
                _NUMERAL.fullmatch(literal)
                and json.loads(literal) == gold
                and ("." in literal) == isinstance(gold, float)
            ):
                found.setdefault(literal, []).append([self._text_start + start + place for place in kept])
        if not found:
            self.out += json.dumps(gold)
            return
        literal, sources = next(iter(found.items()))
        if len(sources) == 1 and len(found) == 1:
            self.copies |= {len(self.out) + place: source for place, source in enumerate(sources[0])}
        self.out += literal
