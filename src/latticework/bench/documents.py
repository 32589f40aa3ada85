"""Held-out extraction records of the embedded model as documents with schemas, and how answers to them are scored."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.diffusion.options import Options
    from latticework.models.base import DiffusionModel
    from latticework.models.embedded.prompt import Leaf
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


def records_of(split: str, count: int, pools: Path | None = None, seed: int = 77) -> list[Record]:
    """``count`` records of a held-out split (``values``, ``templates``, ``families``, ``keys``), or of ``"train"``.

    ``pools`` is the file of word lists, which Faker draws where it is missing; by default one in the temporary folder.

    Raises ``InputError``: there is no such split, or Faker is needed and not installed.
    """
    from latticework.models.embedded.training.generator import SPLITS, TRAIN, Generator
    from latticework.models.embedded.training.pools import load_pools

    splits = {**SPLITS, "train": TRAIN}
    if split not in splits:
        raise InputError(f"unknown split {split!r}; known: {', '.join(splits)}")
    file = pools or Path(tempfile.gettempdir()) / "latticework-pools.json"
    try:
        words = load_pools(file)
    except ImportError as error:
        raise InputError(f"drawing the word lists needs Faker: install latticework[train] ({error})") from None
    return list(islice(Generator(words, splits[split], seed=seed), count))


@dataclass
class Tally:
    """What one way of decoding did on one set of documents."""

    documents: int = 0
    valid: int = 0
    forwards: int = 0
    evaluations: int = 0
    free: int = 0
    forced: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    right: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)

    def exact(self) -> float:
        """Share of the fields that are right."""
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
    """Adds one document to the tally. A key that should be left out is right when it is left out."""
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


def decode(
    model: Model,
    records: Sequence[Record],
    constrained: bool,
    options: Options,
    spare: int = 24,
    through: DiffusionModel | None = None,
) -> Tally:
    """Denoise the canvases of ``records``, each ``spare`` slots longer than its answer, and score them.

    Prompts, canvases and options are the same with a constraint and without; documents are valid under its language.
    ``through``: the model behind a cache, for the forwards.
    """
    from latticework.diffusion.loop import denoise
    from latticework.diffusion.records import Request

    backend = model.backend
    constraints, requests = [], []
    for record in records:
        schema = schema_of(record.leaves)
        prompt = tuple(backend.encode_prompt(record.text, schema))
        slots = len(backend.encode_prompt(record.response, None)) + spare
        constraints.append(model.compile(schema))
        requests.append(Request.blank(prompt, slots, constraints[-1] if constrained else None))
    begun, worked = time.perf_counter(), time.process_time()
    outcomes = denoise(through or backend, requests, options)
    tally = Tally(seconds=time.perf_counter() - begun, cpu=time.process_time() - worked)
    for record, constraint, outcome in zip(records, constraints, outcomes, strict=True):
        text = b"".join(backend.vocabulary.bytes(int(token)) for token in outcome.tokens[: outcome.body])
        score(tally, record, text.decode("utf-8", errors="replace"), outcome.error is None and constraint.accepts(text))
        tally.forwards += outcome.forwards
        tally.evaluations += outcome.evaluations
        tally.forced += outcome.forced_slots
        tally.free += outcome.free_slots
    return tally


def same(left: Any, right: Any) -> bool:
    """Equal value and JSON type; 3 and 3.0 are the same number."""
    numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right))
    return left == right and (numbers or type(left) is type(right))


def _at(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        value = value.get(key, _MISSING) if isinstance(value, dict) else _MISSING
    return value
