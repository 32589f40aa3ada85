"""Validity across policies, caches, constraints, blocks, temperatures, scores, guidance and helpers.

Cells of the cross product in a shuffled order, a batch of rows each, on a random network of one layer: with a
vocabulary of a few dozen tokens, or with ``--tekken`` one of 130,000. Policies have options under which something
happens on short canvases. Documents are judged by strict ``json`` with ``jsonschema``, by ``re`` and by the ``lark``
package. Every run adds to ``results/policy_validity.json``, of which the page is written. Exits 1 on any failure.
Run: ``python benchmarks/policy_validity.py [--seed 0] [--minutes 9] [--tekken]``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from common import RESULTS, machine, table, tekken_tokens, write_result
from generations import complaint
from model_validity import TREE, arithmetic

import latticework as lw
from latticework.diffusion.caches import STRATEGIES, cached
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policies.guided import Guided
from latticework.diffusion.policies.registry import POLICIES, make_policy
from latticework.diffusion.records import Request
from latticework.diffusion.starting import Start
from latticework.models.base import DiffusionModel, Traits
from latticework.models.masked import MaskedModel

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "diffusion"))
from lively import LIVELY  # pyright: ignore[reportMissingImports]

BLOCKS = (None, 4, 9)
TEMPERATURES = (0.0, 1.0)
HELPERS = ("none", "none", "guide", "draft")
SLACKS = (0, 1, 2, 5, 9, 14)  # slots beyond the shortest document
PROMPT = 5
DATE = r"(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
FLAT = {
    "type": "object",
    "properties": {"paid": {"type": "boolean"}, "total": {"type": ["integer", "null"], "minimum": 0, "maximum": 999}},
    "required": ["paid"],
    "additionalProperties": False,
}
# JSON and arithmetic by the byte, with tokens that cross what a grammar tells apart.
PIECES = [bytes([byte]) for byte in b'{}[]",:.-+*/() 0123456789abdefilnoprstuvxy'] + [
    b'":', b'{"', b'"}', b'",', b'":{"', b"true", b"false", b"null", b"12", b"19", b"-0", b"],", b"}}", b'v":', b"(1",
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A constraint and its independent judge: why a text is wrong, or ``None``."""

    kind: str
    grammar: lw.Grammar
    judge: Callable[[str], str | None]


CASES = [
    Case("regular", lw.json_schema(FLAT), lambda text: complaint(text, FLAT)),
    Case("regular", lw.regex(DATE), lambda text: None if re.fullmatch(DATE, text, re.ASCII) else "no date"),
    Case("recursive", lw.json_schema(TREE), lambda text: complaint(text, TREE)),
    Case("context-free", lw.lark("arithmetic"), arithmetic),
    Case("context-free", lw.lark("json"), lambda text: no_json(text)),
]


def no_json(text: str) -> str | None:
    """Why ``text`` is no JSON. Equal keys are allowed: no context-free grammar could rule them out."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError as error:
        return str(error)
    return None


def tiny(tokens: list[bytes], traits: Traits, seed: int) -> MaskedModel:
    """A random Llama of one layer over the tokens, mask, end and pad behind them."""
    from transformers import LlamaConfig, LlamaForCausalLM

    count = len(tokens)
    vocabulary = lw.Vocabulary([*tokens, b"", b"", b""], {count: "mask", count + 1: "eos", count + 2: "pad"})
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=count + 3, hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=256,
    )  # fmt: skip
    network = LlamaForCausalLM(config).eval()
    torch.nn.init.normal_(network.lm_head.weight, std=1.5)
    device = torch.device("cpu")
    return MaskedModel("tiny", network, None, vocabulary, traits, cast(Any, None), count, device, None)


class Run:
    """Generations by setting, and what was wrong with them."""

    def __init__(self, tokens: list[bytes], seed: int) -> None:
        self.models = {
            "full": tiny(tokens, Traits(), seed),
            "block-causal": tiny(tokens, Traits(attention="block_causal", block=4), seed),
        }
        self.constraints: dict[int, Any] = {}
        self.tally: Counter[tuple[str, str, str]] = Counter()

    def cell(self, setting: tuple[Any, ...], rows: int, seed: int) -> None:
        """Denoise one batch and judge it."""
        number, name, cache, block, temperature, attention = setting
        draws = random.Random(seed)
        case, model = CASES[number], self.models[attention]
        if number not in self.constraints:
            self.constraints[number] = lw.compile(case.grammar, model.vocabulary)
        constraint = self.constraints[number]
        helper, scores = draws.choice(HELPERS), draws.choice(("constrained", "constrained", "model"))
        guidance = draws.choice((0.0, 0.0, 1.5))
        policy = make_policy(name, scores=scores, **(LIVELY.get(name, {}) if draws.random() < 0.7 else {}))
        if helper == "guide":
            policy = Guided(policy, lambda _, draft: np.random.default_rng(draft).random(len(draft)) < 0.4)
        options = Options(policy, temperature, block, batch_size=rows, guidance=guidance)
        through = cast(DiffusionModel, cached(model, cache, None, block)) if cache != "none" else model
        requests = [self.request(model, constraint, helper, draws, row) for row in range(rows)]
        for outcome in denoise(through, requests, options):
            data = model.vocabulary.decode(outcome.tokens[: outcome.body])
            text = data.decode("utf-8", errors="backslashreplace")  # which no judge accepts
            wrong = str(outcome.error) if outcome.error is not None else case.judge(text)
            labels = {"policy": name, "cache": cache, "constraint": case.kind, "block": block or "whole canvas"}
            labels |= {"temperature": temperature, "attention": attention, "scores": scores, "guidance": guidance}
            labels |= {"helper": helper, "all": "all"}
            for what, value in labels.items():
                self.tally[what, str(value), "generations"] += 1
                self.tally[what, str(value), "forwards"] += outcome.forwards
                self.tally[what, str(value), "failed" if outcome.error is not None else "invalid"] += wrong is not None
            if wrong is not None:
                print(f"{setting} {labels} seed {seed}: {text!r}: {wrong}", file=sys.stderr)

    def request(self, model: MaskedModel, constraint: Any, helper: str, draws: random.Random, row: int) -> Request:
        slots = constraint.min_tokens + draws.choice(SLACKS)
        prompt = tuple(draws.randrange(len(PIECES)) for _ in range(draws.randrange(1, PROMPT)))
        entropy = (draws.getrandbits(30), row)
        aligned = model.traits.attention == "block_causal"
        request = Request.blank(prompt, slots, constraint, entropy, aligned=aligned)
        if helper != "draft":
            return request
        tokens = np.array([draws.choice((-1, draws.randrange(len(PIECES)))) for _ in range(slots)])
        return replace(request, start=Start(tokens, draws.choice((0.0, 0.1, 0.5))))


def report(tally: Counter[tuple[str, str, str]], note: str) -> str:
    parts = [f"# {(__doc__ or '').splitlines()[0]}", note]
    for what in ("all", "constraint", "policy", "cache", "block", "temperature", "attention", "scores", "guidance",
                 "helper"):  # fmt: skip
        values = sorted({key[1] for key in tally if key[0] == what})
        rows = [
            [
                value,
                tally[what, value, "generations"],
                tally[what, value, "invalid"],
                tally[what, value, "failed"],
                f"{tally[what, value, 'forwards'] / max(1, tally[what, value, 'generations']):.1f}",
            ]
            for value in values
        ]
        parts.append(table([what, "generations", "invalid", "failed", "forwards each"], rows))
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="another order of the cells, other samples")
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--rows", type=int, default=8, help="of a batch")
    parser.add_argument("--tekken", action="store_true", help="a vocabulary of true size")
    parser.add_argument("--name", default="policy_validity", help="of the files under results/")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    np.seterr(all="raise", under="ignore")
    begun = time.perf_counter()
    run = Run(PIECES + tekken_tokens()[256:] if arguments.tekken else PIECES, arguments.seed)
    settings = list(
        itertools.product(
            range(len(CASES)), POLICIES, ("none", *STRATEGIES), BLOCKS, TEMPERATURES, ("full", "full", "block-causal")
        )
    )
    random.Random(arguments.seed).shuffle(settings)
    done = 0
    while done < len(settings) and time.perf_counter() - begun < 60 * arguments.minutes:
        run.cell(settings[done], arguments.rows, arguments.seed * len(settings) + done)
        done += 1
    seconds = time.perf_counter() - begun
    file = RESULTS / f"{arguments.name}.json"
    runs = json.loads(file.read_text()) if file.is_file() else []
    runs.append(
        {
            "seed": arguments.seed,
            "vocabulary": len(run.models["full"].vocabulary),
            "cells": f"{done} of {len(settings)}",
            "seconds": round(seconds),
            "machine": machine(),
            "tally": [[*key, count] for key, count in sorted(run.tally.items())],
        }
    )
    file.write_text(json.dumps(runs) + "\n")
    total: Counter[tuple[str, str, str]] = Counter()
    for one in runs:
        for *key, count in one["tally"]:
            total[key[0], key[1], key[2]] += count
    note = "\n".join(
        f"- seed {one['seed']}, {one['vocabulary']} tokens: {one['cells']} cells, {one['seconds']} s; {one['machine']}"
        for one in runs
    )
    write_result(arguments.name, report(total, note))
    if run.tally["all", "all", "invalid"] or run.tally["all", "all", "failed"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
