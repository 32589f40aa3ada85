"""Real schemas, and documents next to their instances: the engine's verdicts beside those of ``jsonschema``.

MaskBench gives a few instances for each of its schemas. Here each is changed in one or two places (keys left out,
added, renamed; items repeated, moved; strings, numbers and kinds changed), and canvases are filled by random logits.
What the engine accepts, and every filling, has to be valid (canvases too short for a document get none). A valid
document that it leaves out is counted: it may be what the grammar says it narrows (the order of keys, above all).
Run: ``python benchmarks/mutated_instances.py DATA`` (a file of JSON lines, ``name``, ``schema``, ``tests``); exits 1 on
a wrong acceptance.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from decimal import Context, Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import numpy as np
from common import machine, table, tekken_vocabulary, write_result
from forked import forked
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend, validator_for
from maskbench import WARM_UP, read, spelt
from tqdm import tqdm

import latticework as lw
from latticework.errors import LatticeworkError

Place: TypeAlias = tuple[Any, ...]
SLOTS = 96
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 1.5, -0.5, 1e3, 100, "", "a", "abc", "A-b", "2020-01-01", "x@y.z", "http://a.b"),
    *("1", "true", "1.2.3", "a b", "é", [], [1], ["a"], [{}], {}, {"a": 1}, {"": None}),
]
UNJUDGED = "not judged"
OUTCOMES = ("valid, accepted", "valid, left out", "invalid, refused", "wrongly accepted", UNJUDGED)


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Paths of all values inside ``value``, its own first."""
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*here, key))


def at(value: Any, place: Place) -> Any:
    for key in place:
        value = value[key]
    return value


def replaced(value: Any, place: Place, new: Any) -> Any:
    if not place:
        return new
    value = copy.deepcopy(value)
    at(value, place[:-1])[place[-1]] = new
    return value


def changed(value: Any, random: Random, others: list[Any], keys: list[str]) -> Any:
    """``value`` with a change somewhere inside."""
    place = random.choice(list(places(value)))
    old, new = at(value, place), copy.deepcopy(random.choice(others))
    if random.random() < 0.4:
        return replaced(value, place, new)
    if isinstance(old, dict):
        key = random.choice([*old, *keys])
        chosen = [
            {k: v for k, v in old.items() if k != key},
            {**old, random.choice(keys): new},
            {random.choice(keys) if k == key else k: v for k, v in old.items()},
            {k: v for k, v in old.items() if random.random() < 0.6},
        ]
    elif isinstance(old, list):
        first = random.randrange(len(old) + 1)
        chosen = [
            old[:first] + old[first + 1 :],
            [*old, *old[:first]],
            [*old, new],
            old * 3,
            random.sample(old, len(old)),
        ]
    elif isinstance(old, str):
        first = random.randrange(len(old) + 1)
        chosen = [old[:first] + old[first + 1 :], old[:first] + random.choice("aZ09-_. /:@é") + old[first:], old * 2]
        chosen += [old.swapcase(), old[:first]]
    elif isinstance(old, (int, float)) and not isinstance(old, bool):
        chosen = [old + 1, old - 1, -old, old * 10, old / 2, old + 0.5, str(old)]
    else:
        chosen = [not old, 1, "true", None]
    return replaced(value, place, random.choice(chosen))


def exact_multiple(validator: Any, divisor: Any, number: Any, schema: Any) -> Iterator[ValidationError]:
    """``multipleOf`` of the numbers as they are written; ``jsonschema`` divides binary fractions."""
    if validator.is_type(number, "number") and Context(prec=1000).remainder(written(number), written(divisor)):
        yield ValidationError(f"{number} is no multiple of {divisor}")


def written(number: float) -> Decimal:
    return Decimal(json.dumps(number))


def names_in(schema: Any) -> set[str]:
    """Keys that ``properties`` somewhere in the schema name."""
    found: set[str] = set()
    for place in places(schema):
        if place and place[-1] == "properties" and isinstance(inside := at(schema, place), dict):
            found.update(inside)
    return found


def fillings(constraint: Any, random: Random, count: int) -> Iterator[bytes]:
    """Texts of canvases that random logits filled."""
    vocabulary = tekken_vocabulary()
    ending = set(vocabulary.end_tokens.tolist())
    for _ in range(count):
        source = np.random.default_rng(random.randrange(1 << 30))
        logits = source.standard_normal((SLOTS, len(vocabulary)), np.float32)
        try:
            session = constraint.session(np.zeros(SLOTS, np.int64), np.ones(SLOTS, np.bool_))
            tokens = session.sample(logits, source).tokens
        except LatticeworkError:
            return
        yield vocabulary.decode([token for token in tokens.tolist() if token not in ending])


def examine(case: dict[str, Any], options: dict[str, Any], changes: int, fills: int, seed: int) -> dict[str, Any]:
    """Verdicts on one schema, by source."""
    random = Random(f"{seed} {case['name']}")
    schema, instances = case["schema"], [test["data"] for test in case["tests"]]
    warnings.simplefilter("ignore")
    kind = validator_for(schema, default=Draft202012Validator)
    judge = extend(kind, {"multipleOf": exact_multiple})(schema, format_checker=kind.FORMAT_CHECKER)
    try:
        constraint = lw.compile(lw.json_schema(schema, **options), tekken_vocabulary())
    except LatticeworkError as error:
        return {"outcome": "refused", "reasons": [type(error).__name__]}
    count: Counter[str] = Counter()
    wrong: list[str] = []

    def verdict(source: str, value: Any, text: bytes, accepted: bool) -> None:
        try:
            valid = judge.is_valid(value)
        except Exception:  # a reference or pattern that jsonschema cannot read
            count[f"{source}: {UNJUDGED}"] += 1
            return
        outcome = OUTCOMES[0 if accepted else 1] if valid else OUTCOMES[3 if accepted else 2]
        count[f"{source}: {outcome}"] += 1
        if accepted and not valid:
            wrong.append(text.decode(errors="replace"))

    others = VALUES + [at(one, place) for one in instances[:6] for place in list(places(one))[:40]]
    keys = [*sorted(names_in(schema))[:200], "zz"]
    for _ in range(changes):
        value = random.choice(instances)
        for _ in range(random.choice((0, 1, 1, 1, 2))):
            value = changed(value, random, others, keys)
        text = spelt(value)
        if text is not None and b"NaN" not in text and b"Infinity" not in text:
            verdict("changed instances", value, text, constraint.accepts(text))
    for text in fillings(constraint, random, fills):
        verdict("fillings", json.loads(text), text, True)
    return {"outcome": "examined", "count": dict(count), "wrong": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(description="Documents near the instances of real schemas, beside jsonschema")
    parser.add_argument("data", type=Path)
    parser.add_argument("--stride", type=int, default=4, help="every n-th schema")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--changes", type=int, default=40, help="changed instances of a schema")
    parser.add_argument("--fillings", type=int, default=1, help="canvases of a schema")
    parser.add_argument("--order", default="schema", help="property_order")
    parser.add_argument("--limit", type=int, default=20, help="seconds for one schema")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="mutated_instances", help="name of the result file")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        raise SystemExit(f"{arguments.data} is not there: give the MaskBench schemas as JSON lines")
    options = {"open_objects": True, "distinct": "narrow", "property_order": arguments.order}

    def warm_up() -> None:
        constraint = lw.compile(lw.json_schema(WARM_UP, **options), tekken_vocabulary())
        _ = list(fillings(constraint, Random(0), 1))

    warm_up()
    count: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    wrong: list[tuple[str, str]] = []
    cases = [case for case in read(arguments.data, arguments.stride, arguments.offset) if case["tests"]]
    for case in tqdm(cases, unit="schema", mininterval=5):
        action = partial(examine, case, options, arguments.changes, arguments.fillings, arguments.seed)
        row = forked(warm_up, action, arguments.limit)
        outcomes[row["outcome"]] += 1
        count.update(row.get("count", {}))
        wrong += [(case["name"], text) for text in row.get("wrong", ())]
    rows = [
        [source, *(count[f"{source}: {outcome}"] for outcome in OUTCOMES)]
        for source in ("changed instances", "fillings")
    ]
    text = (
        f"# Documents near real instances, property order {arguments.order}\n\n{machine()}\n\n{len(cases)} schemas: "
        + ", ".join(f"{n} {o}" for o, n in outcomes.most_common())
    )
    text += "\n\n" + table(["source", *OUTCOMES], rows)
    text += "".join(f"\n- {name}: `{document:.300}`" for name, document in wrong)
    write_result(arguments.name, text)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
