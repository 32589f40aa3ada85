"""Field accuracy of the embedded model on held-out records, constrained beside unconstrained.

``python benchmarks/embedded_quality.py --pools FOLDER/pools.json``: FOLDER is the working folder of
``python -m latticework.models.embedded.training``; Faker draws the pools where the file is missing.

Same model, same prompts (the schema is described in both), same canvases and policy; the constraint is the only
difference. A field is right when its parsed value and its type equal the gold value; a key that should be left out is
right when it is left out. The floor is a model that always writes null.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, machine, table, write_result

import latticework as lw
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import Threshold
from latticework.diffusion.records import Request
from latticework.diffusion.row import Row
from latticework.models.embedded.prompt import Leaf
from latticework.models.embedded.training.generator import SPLITS, Generator
from latticework.models.embedded.training.pools import Pools, load_pools
from latticework.models.embedded.training.records import Record
from latticework.models.model import Model

_KINDS: dict[str, dict[str, Any]] = {
    "s": {"type": "string"},
    "d": {"type": "string", "format": "date"},
    "n": {"type": "number"},
    "i": {"type": "integer"},
    "b": {"type": "boolean"},
}
_MISSING = object()
MODES = ("constrained", "constrained, nothing forced", "unconstrained")


def schema_of(leaves: Sequence[Leaf]) -> dict[str, Any]:
    """The JSON Schema that the prompt lines of a record describe."""
    root: dict[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    for leaf in leaves:
        *parents, key = leaf.path.split(".")
        node = root
        for parent in parents:
            if parent not in node["properties"]:
                node["properties"][parent] = {**root, "properties": {}, "required": []}
                node["required"].append(parent)
            node = node["properties"][parent]
        node["properties"][key] = _leaf_schema(leaf)
        if leaf.mark != "*":
            node["required"].append(key)
    return root


def _leaf_schema(leaf: Leaf) -> dict[str, Any]:
    if leaf.letter.startswith("l"):
        schema: dict[str, Any] = {"type": "array", "items": _KINDS[leaf.letter[1:] or "s"], "maxItems": 8}
    elif leaf.letter == "e":
        schema = {"enum": list(leaf.options)}
    else:
        schema = _KINDS[leaf.letter]
    return {"anyOf": [schema, {"type": "null"}]} if leaf.mark == "?" else schema


@dataclass
class Tally:
    """What one mode did on one split."""

    documents: int = 0
    valid: int = 0
    forwards: int = 0
    forced: int = 0
    seconds: float = 0.0
    right: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)

    def exact(self) -> float:
        return self.right.total() / max(1, self.total.total())

    def as_dict(self) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "valid": self.valid / self.documents,
            "fields": self.total.total(),
            "field_exact_match": self.exact(),
            "null_floor": self.total["null"] / self.total.total(),
            "by_kind": {kind: [self.right[kind] / n, n] for kind, n in sorted(self.total.items())},
            "forwards_per_document": self.forwards / self.documents,
            "forced_slots_per_document": self.forced / self.documents,
            "milliseconds_per_document": 1e3 * self.seconds / self.documents,
        }


def score(tally: Tally, record: Record, text: str, valid: bool) -> None:
    """Adds one document to the tally."""
    gold = json.loads(record.response)
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    tally.documents += 1
    tally.valid += valid
    kinds = {span.path: span.kind for span in record.spans}
    for leaf in record.leaves:
        path = tuple(leaf.path.split("."))
        kind = kinds.get(path, "omitted")
        tally.total[kind] += 1
        tally.right[kind] += isinstance(value, dict) and same(_at(value, path), _at(gold, path))


def same(left: Any, right: Any) -> bool:
    """Equal value and JSON type; 3 and 3.0 are the same number."""
    numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right))
    return left == right and (numbers or type(left) is type(right))


def _at(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        value = value.get(key, _MISSING) if isinstance(value, dict) else _MISSING
    return value


def run(model: Model, records: Sequence[Record], constrained: bool, options: Options, spare: int) -> Tally:
    """Denoises the canvases of ``records``: as many slots as the gold response has, and ``spare`` more."""
    backend = model.backend
    grammars = [lw.json_schema(schema_of(record.leaves)) for record in records]
    requests = []
    for record, grammar in zip(records, grammars, strict=True):
        prompt = tuple(backend.encode_prompt(record.text, schema_of(record.leaves)))
        slots = len(backend.encode_prompt(record.response, None)) + spare
        requests.append(Request.blank(prompt, slots, model.compile(grammar) if constrained else None))
    begun = time.perf_counter()
    outcomes = denoise(backend, requests, options)
    tally = Tally(seconds=time.perf_counter() - begun)
    for record, grammar, outcome in zip(records, grammars, outcomes, strict=True):
        text = b"".join(backend.vocabulary.bytes(int(token)) for token in outcome.tokens[: outcome.body])
        read = text.decode("utf-8", errors="replace")
        score(tally, record, read, outcome.error is None and model.compile(grammar).accepts(text))
        tally.forwards += outcome.forwards
        tally.forced += outcome.forced_slots
    return tally


@contextlib.contextmanager
def without_forced_slots() -> Iterator[None]:
    """Slots with one admissible token wait for the model like all others."""
    settle = Row.settle
    Row.settle = lambda self: np.empty(0, dtype=np.int64)
    try:
        yield
    finally:
        Row.settle = settle


def records_of(pools: Pools, split: str, count: int) -> list[Record]:
    return list(islice(Generator(pools, SPLITS[split], seed=77), count))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", type=Path, required=True)
    parser.add_argument("--records", type=int, default=64, help="documents per split")
    parser.add_argument("--spare", type=int, default=24, help="slots of the canvas beyond the gold response")
    parser.add_argument("--threshold", type=float, default=0.9)
    parser.add_argument("--block-length", type=int)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    arguments = parser.parse_args()

    options = Options(
        policy=Threshold(arguments.threshold), block_length=arguments.block_length, batch_size=arguments.batch_size
    )
    model = lw.load(arguments.model)
    pools = load_pools(arguments.pools)
    results: dict[str, Any] = {"machine": machine(), "options": {**vars(arguments), "pools": None}, "splits": {}}
    rows = []
    for split in SPLITS:
        drawn = records_of(pools, split, arguments.records)
        results["splits"][split] = {}
        for mode in arguments.modes:
            asked = without_forced_slots() if mode.endswith("forced") else contextlib.nullcontext()
            with asked:
                tally = run(model, drawn, mode != "unconstrained", options, arguments.spare)
            results["splits"][split][mode] = tally.as_dict()
            rows.append(
                [
                    split,
                    mode,
                    f"{tally.valid / tally.documents:.3f}",
                    f"{tally.exact():.3f}",
                    tally.total.total(),
                    f"{tally.total['null'] / tally.total.total():.2f}",
                    f"{tally.forwards / tally.documents:.1f}",
                    f"{1e3 * tally.seconds / tally.documents:.0f}",
                ]
            )
            print(split, mode, json.dumps(results["splits"][split][mode]), flush=True)
    header = ["split", "mode", "valid", "field exact match", "fields", "null floor", "forwards", "ms per document"]
    by_kind = [
        [split, mode, *(f"{kind} {share:.2f} ({n})" for kind, (share, n) in done["by_kind"].items())]
        for split, both in results["splits"].items()
        for mode, done in both.items()
    ]
    kinds = "\n".join(f"- {split}, {mode}: " + ", ".join(cells) for split, mode, *cells in by_kind)
    (RESULTS / "embedded_quality.json").write_text(json.dumps(results, indent=1) + "\n")
    write_result(
        "embedded_quality",
        f"# The embedded model on held-out records\n\n{machine()}; {arguments.records} documents per split, "
        f"threshold {arguments.threshold}, block length {arguments.block_length}, batch {arguments.batch_size}, "
        f"{arguments.spare} spare slots.\n\n{table(header, rows)}\n\nBy kind of value:\n\n{kinds}",
    )


if __name__ == "__main__":
    main()
