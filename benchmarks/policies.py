"""Policies on the example documents: forwards, milliseconds and right fields, by policy, block length and canvas.

``python benchmarks/policies.py`` (the packaged model) or ``--model FOLDER``. Every output is checked against its
schema; a field is right when it equals the answer a person wrote down. Ten documents, 83 fields: differences of a few
fields mean little.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import torch
from common import machine, table, write_result

import latticework as lw
from latticework.diffusion.policy import EntropyBound, LowConfidence, Policy, Threshold
from latticework.models.model import Model

WHOLE_CANVAS = 1 << 20  # a block longer than any canvas
DOCUMENTS = Path(__file__).resolve().parent.parent / "examples" / "documents"


@dataclass(frozen=True)
class Document:
    text: str
    schema: dict[str, Any]
    answer: dict[str, Any]


def documents() -> list[Document]:
    answers = json.loads((DOCUMENTS / "answers.json").read_text(encoding="utf-8"))
    return [
        Document(
            (DOCUMENTS / f"{name}.txt").read_text(encoding="utf-8"),
            json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8")),
            answer,
        )
        for name, answer in answers.items()
    ]


def settings() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and options of every run."""
    blocks = {"whole canvas": WHOLE_CANVAS, "block 16": 16, "block 4": 4, "block 1": 1}
    policies: dict[Policy, list[str]] = {Threshold(tau): list(blocks) for tau in (0.7, 0.9, 0.97)}
    policies |= {policy: ["whole canvas", "block 4"] for policy in (EntropyBound(0.1), EntropyBound(0.5))}
    policies |= {policy: ["whole canvas", "block 16"] for policy in (LowConfidence(), LowConfidence(32))}
    for policy, names in policies.items():
        for name in names:
            yield f"{policy}, {name}", {"policy": policy, "block_length": blocks[name]}
    for slack in (8, 32, 128):
        yield f"{Threshold()}, fewest tokens + {slack} slots", {"slack": slack}


def measure(model: Model, options: dict[str, Any]) -> list[Any]:
    options = dict(options)
    slack = options.pop("slack", None)
    right = fields = forwards = tokens = 0
    model_ms = lattice_ms = 0.0
    pool = documents()
    for document in pool:
        constraint = model.compile(document.schema)
        slots = None if slack is None else constraint.min_tokens + slack
        result = model.generate(document.text, constraint, max_tokens=slots, **options)
        jsonschema.validate(result.value, document.schema, format_checker=jsonschema.FormatChecker())
        right += sum(result.value.get(key) == value for key, value in document.answer.items())
        fields += len(document.answer)
        forwards += result.forwards
        tokens += len(result.tokens)
        model_ms += result.timings.model
        lattice_ms += result.timings.constraint + result.timings.policy
    count = len(pool)
    return [forwards / count, tokens / count, model_ms / count, lattice_ms / count, f"{right}/{fields}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model = lw.load(arguments.model)
    for document in documents():
        model.generate(document.text, document.schema, steps=1)
    rows = [[name, *measure(model, options)] for name, options in settings()]
    header = ["policy", "forwards", "tokens", "model ms", "lattice ms", "fields right"]
    note = f"Per document; {arguments.threads} torch thread(s). {machine()}"
    write_result("policies", f"# Policies on the example documents\n\n{note}\n\n{table(header, rows)}")


if __name__ == "__main__":
    main()
