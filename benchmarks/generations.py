"""Validity of whole generations: random logits and the embedded model, every policy, tight and wide canvases.

Each document is checked with strict ``json`` (no NaN, no duplicate keys) and ``jsonschema`` with its format
checker; one token too few must raise ``Infeasible`` without a forward. Exits 1 on the first kind of failure.
Run: ``python benchmarks/generations.py [--random 10000] [--embedded 300]``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections import Counter
from typing import Any

import jsonschema
import numpy as np
import torch
from common import machine, table, write_result
from random_schemas import random_schema

import latticework as lw
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import EntropyBound, LowConfidence, Policy, Threshold
from latticework.diffusion.records import Request

POLICIES: list[Policy] = [LowConfidence(), LowConfidence(8), Threshold(0.9), EntropyBound(0.5)]
CANVASES = {"exact": 0, "one more": 1, "full": 48}
MAX_MIN_TOKENS = 160


class RandomModel:
    """Logits drawn afresh at each forward, as noisy as an untrained network's."""

    name = "random"
    device = torch.device("cpu")
    max_positions = None

    def __init__(self, vocabulary: lw.Vocabulary, mask_id: int, seed: int) -> None:
        self.vocabulary = vocabulary
        self.mask_id = mask_id
        self._generator = torch.Generator().manual_seed(seed)

    def encode_prompt(self, prompt: str, schema: dict[str, Any] | None) -> list[int]:
        return [0]

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        return 3 * torch.randn(len(ids), keep, len(self.vocabulary), generator=self._generator)


def strict_json(text: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise ValueError(f"duplicate keys in {keys}")
        return dict(pairs)

    def no_constant(name: str) -> Any:
        raise ValueError(f"{name} is no JSON")

    return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)


def complaint(text: str, schema: Any) -> str | None:
    """Why ``text`` is no document of ``schema``; ``None`` when it is one."""
    try:
        value = strict_json(text)
    except ValueError as error:
        return f"json: {error}"
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    errors = [error.message for error in validator.iter_errors(value)]
    return errors[0] if errors else None


def constraints(vocabulary: lw.Vocabulary, count: int) -> list[tuple[Any, Any]]:
    """Up to ``count`` satisfiable random schemas whose shortest document is not absurdly long."""
    out = []
    for seed in itertools.count():
        if len(out) == count:
            return out
        schema = random_schema(seed)
        try:
            constraint = lw.compile(lw.json_schema(schema), vocabulary)
        except lw.SchemaError:
            continue  # an unsatisfiable draw, refused by name
        if constraint.min_tokens <= MAX_MIN_TOKENS:
            out.append((schema, constraint))


def random_part(model: RandomModel, pairs: list[tuple[Any, Any]], target: int, tally: Counter) -> None:
    settings = list(itertools.product(POLICIES, (0.0, 1.0), (None, 16), CANVASES))
    for number in range(target):
        schema, constraint = pairs[number % len(pairs)]
        policy, temperature, block, canvas = settings[(number * 7 + number // len(pairs)) % len(settings)]
        slots = constraint.min_tokens + CANVASES[canvas]
        # One commit per forward on a wide canvas costs a forward per slot; a quota shows the same rule.
        if isinstance(policy, LowConfidence) and policy.steps is None and slots > 40:
            policy = LowConfidence(24)
        options = Options(policy=policy, temperature=temperature, block_length=block)
        outcome = denoise(model, [Request.blank((0,), slots, constraint, (number,))], options)[0]
        tally["forwards"] += outcome.forwards
        tally["forced"] += outcome.forced_slots
        tally["slots"] += outcome.free_slots
        tally[canvas] += 1
        if outcome.error is not None:
            report(tally, "errors", schema, str(outcome.error))
            continue
        check(tally, model.vocabulary.decode(outcome.tokens[: outcome.body]), schema)
        if canvas == "exact" and constraint.min_tokens > 1:
            too_few(model, constraint, tally, schema)


def too_few(model: RandomModel, constraint: Any, tally: Counter, schema: Any) -> None:
    outcome = denoise(model, [Request.blank((0,), constraint.min_tokens - 1, constraint)])[0]
    tally["one too few"] += 1
    if not isinstance(outcome.error, lw.Infeasible) or outcome.forwards:
        report(tally, "errors", schema, "one token too few did not raise Infeasible")


def check(tally: Counter, data: bytes, schema: Any) -> None:
    tally["generations"] += 1
    wrong = complaint(data.decode(), schema)
    if wrong is not None:
        report(tally, "invalid", schema, f"{data!r}: {wrong}")


def report(tally: Counter, kind: str, schema: Any, message: str) -> None:
    tally[kind] += 1
    print(f"{kind}: {json.dumps(schema)}\n  {message}", file=sys.stderr)


def embedded_part(pairs: list[tuple[Any, Any]], target: int, tally: Counter) -> None:
    model = lw.load("embedded")
    text = "Order 4711 from Ada Byron, 36 years old, of Kiel: 3 lamps for 129.90 euros, due 2026-12-24, not yet paid."
    policies = ["threshold", "low-confidence", "entropy-bound"]
    for number in range(target):
        schema, constraint = pairs[number % len(pairs)]
        policy = policies[number % len(policies)]
        steps = 12 if policy == "low-confidence" else None
        slots = constraint.min_tokens + (0, 1, 24)[number // len(policies) % 3]
        result = model.generate(
            text, constraint, max_tokens=slots, policy=policy, steps=steps, temperature=float(number % 2), seed=number
        )
        tally["embedded forwards"] += result.forwards
        check(tally, result.text.encode(), schema)
        tally["embedded"] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=10_000)
    parser.add_argument("--embedded", type=int, default=300)
    parser.add_argument("--schemas", type=int, default=250)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    np.seterr(all="raise", under="ignore")
    backend = lw.load("embedded").backend
    begun = time.perf_counter()
    tally: Counter = Counter()
    pairs = constraints(backend.vocabulary, arguments.schemas)
    random_part(RandomModel(backend.vocabulary, backend.mask_id, 0), pairs, arguments.random, tally)
    embedded_part(pairs, arguments.embedded, tally)
    rows = [[key, tally[key]] for key in (*tally, "invalid", "errors") if key in tally or key in ("invalid", "errors")]
    rows = list(dict.fromkeys(map(tuple, rows)))
    head = f"# Generations over {len(pairs)} random schemas\n\n{machine()}; {time.perf_counter() - begun:.0f} s\n\n"
    write_result("generations", head + table(["what", "count"], rows))
    if tally["invalid"] or tally["errors"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
