"""Random schemas and documents: the engine's verdicts beside those of ``jsonschema``.

Schemas nest the keywords of a draft inside each other (``tests/grammar/schemas.py``), look like those people write
(``random_schemas.py``, with formats), or surround ``unevaluated...`` keywords (``unevaluated_schemas.py``).
Documents are values made to satisfy much of the schema, mutations of them, odd spellings of them, and random walks
through the compiled automaton (there are none through a context-free grammar), which must always be valid. A text
counts once per schema. ``jsonschema`` runs Python's ``re``, whose ``$`` also stands before a last line feed; that of
ECMA-262 does not, so such texts show up as narrowed.
Run: ``python benchmarks/json_schema_differential.py --pairs 50000``; exits 1 on a wrong acceptance.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from common import table, write_result
from grading import ACCEPTED, REFUSED, REPORTED, UNREPORTED, Compiled, compiled
from random_schemas import random_schema

from latticework.errors import LimitExceeded
from latticework.grammar import Limits

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "grammar"))
from schemas import DRAFTS, SchemaMaker, near, spelt, validator
from unevaluated_schemas import JUDGES, UnevaluatedMaker
from unevaluated_schemas import documents as small_documents
from words import Sampler

AGREED = "agreed"
OUTCOMES = (AGREED, REPORTED, UNREPORTED, REFUSED, ACCEPTED)
LIMITS = Limits(max_states=10_000, max_nodes=30_000, max_branches=300)
WALKS = (0, 4, 8, 12, 16, 24, 32, 40, 64, 100)
NAME = "json_schema_differential"


class Pair(NamedTuple):
    """A schema, a text and where it comes from; whether it is valid JSON of the schema, and the outcome."""

    schema: Any
    text: str
    source: str
    valid: bool
    outcome: str


def a_case(random: Random, count: int) -> tuple[Any, Any, list[Any]]:
    """A schema, its validator and about ``count`` values near it."""
    if random.random() < 0.15:
        schema = random_schema(random.randrange(1 << 30))
    elif random.random() < 0.15:
        draft, kind = random.choice(sorted(JUDGES)), random.choice(("array", "object"))
        schema = UnevaluatedMaker(random, draft, kind).document(random.choice((1, 2, 2)))
        values = random.sample(list(small_documents(kind)), count // 2)
        return schema, JUDGES[draft](schema), [*values, *near(random, schema, count // 2)]
    else:
        foreign = 0.3 if random.random() < 0.15 else 0.0
        draft, depth = random.choice(sorted(DRAFTS)), random.choice((1, 2, 2, 3))
        schema = SchemaMaker(random, draft, foreign=foreign).document(depth)
    return schema, validator(schema), list(near(random, schema, count))


def some_options(random: Random) -> dict[str, Any]:
    """The defaults or near them, now and then something rarer."""
    options: dict[str, Any] = {
        "open_objects": random.random() < 0.8,
        "property_order": random.choice(("schema", "any")),
        "max_depth": random.choice((0, 1, 2)),
    }
    rarer = {
        "whitespace": ("spaced", "any"),
        "optional": ("omit", "null"),
        "escapes": ("minimal",),
        "max_string_length": (1, 3, 20),
        "max_fraction_digits": (0, 2),
        "format": ("annotation",),
    }
    return options | {name: random.choice(values) for name, values in rarer.items() if random.random() < 0.1}


def spellings(random: Random, values: list[Any], found: Compiled) -> Iterator[tuple[str, str]]:
    """Source and text of values, some in an odd spelling as well."""
    for value in values:
        yield "values", json.dumps(value, ensure_ascii=False, separators=found.separators)
        if random.random() < 0.2:
            yield "spellings", spelt(value, random)


def walks(found: Compiled, seed: int) -> Iterator[tuple[str, str]]:
    """Random texts of the compiled language."""
    if found.node is None:
        return
    try:
        sampler = Sampler(found.node, seed)
    except LimitExceeded:  # with its counters expanded
        return
    for most in WALKS if sampler.distance[0] < float("inf") else ():
        yield "walks", sampler.text(most).decode()


def pairs_of(seed: int, per_schema: int) -> Iterator[Pair]:
    """The pairs of schema number ``seed``."""
    random = Random(seed)
    schema, judge, values = a_case(random, per_schema)
    options = some_options(random)
    found = compiled(schema, LIMITS, **options)
    # evolve() takes the validator of $schema, which those of JUDGES are not; they check no formats.
    if options.get("format") == "annotation" and judge.format_checker is not None:
        judge = judge.evolve(format_checker=None)
    texts = {text: source for source, text in spellings(random, values, found)}
    texts |= {text: source for source, text in walks(found, seed)}
    for text, source in texts.items():
        valid = judge.is_valid(json.loads(text))
        yield Pair(schema, text, source, valid, _outcome(found, text, valid))


def _outcome(found: Compiled, text: str, valid: bool) -> str:
    if found.reason:
        return REFUSED
    if found.has is not None and found.has(text.encode()):
        return AGREED if valid else ACCEPTED
    value = json.loads(text)
    if not valid or found.accepts(value):  # in another order of its keys, or spelling
        return AGREED
    return REPORTED if found.reports(value) else UNREPORTED


def run_pairs(count: int, seed: int, per_schema: int) -> tuple[int, list[Pair]]:
    """Pairs of as many schemas as it takes, and their number."""
    found: list[Pair] = []
    number = 0
    while len(found) < count:
        found += pairs_of(seed * 1_000_000 + number, per_schema)
        number += 1
    return number, found


def report(number: int, found: list[Pair], seed: int) -> str:
    counted = Counter((pair.source, pair.outcome) for pair in found)
    lines = []
    for source in ("values", "spellings", "walks"):
        row = [counted[source, outcome] for outcome in OUTCOMES]
        lines.append([source, sum(row), sum(pair.valid for pair in found if pair.source == source), *row])
    lines.append(["all", *(sum(row[column] for row in lines) for column in range(1, len(lines[0])))])
    text = f"# Engine beside `jsonschema`\n\n{len(found)} pairs of {number} random schemas and texts, seed {seed}\n\n"
    text += table(["source", "pairs", "valid", *OUTCOMES], lines)
    for outcome in (ACCEPTED, UNREPORTED):
        examples = [pair for pair in found if pair.outcome == outcome]
        text += f"\n\n{outcome.capitalize()}: {len(examples)}\n"
        for pair in sorted(examples, key=lambda pair: len(json.dumps(pair.schema)))[:10]:
            text += f"\n- `{json.dumps(pair.schema, ensure_ascii=False)}` `{pair.text}`"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-schema", type=int, default=24, help="documents of one schema, walks not counted")
    arguments = parser.parse_args()
    number, found = run_pairs(arguments.pairs, arguments.seed, arguments.per_schema)
    write_result(NAME, report(number, found, arguments.seed))
    sys.exit(any(pair.outcome == ACCEPTED for pair in found))


if __name__ == "__main__":
    main()
