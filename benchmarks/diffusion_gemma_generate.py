"""Documents through DiffusionGemma's own ``generate`` with and without the logits processor: validity, steps, time.

The network has the true architecture, very small layers and random weights. It knows nothing, so documents are judged
by their form alone. With *random* logits it never grows sure and every canvas takes all steps. *Leaning* logits are a
tenth of these with a text of the grammar added (20 nats for its token, 8 in a tenth of the slots, and in another tenth
14, with 20 for a random token), so that adaptive stopping has something to do, and what is valid without a constraint
can be counted.

``python benchmarks/diffusion_gemma_generate.py`` (CPU); on a GPU ``--device cuda --width 262144 --canvas 256``.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import torch
from common import RESULTS, machine, table, write_result
from tiny_gemma import EOS, FIRST, PAD, prompt, tiny_gemma, vocabulary
from transformers import LogitsProcessorList

import latticework as lw
from latticework.integrations.transformers import LatticeworkLogitsProcessor

FLAT = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "kind": {"enum": ["a", "b", "grün"]}},
    "required": ["id", "name"],
}
NESTED = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 20},
        "items": {"type": "array", "maxItems": 6, "items": {"type": "object", "properties": {"n": {"type": "integer"}},
                                                           "required": ["n"]}},
    },
    "required": ["title", "items"],
}  # fmt: skip
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}},
            "required": ["v"],
        }
    },
}
WIDE = r"(é\\u00(e9|fc)|🙂\\n|ü){5,60}"
SUMS = 'start: term ("+" term)*\nterm: NUMBER | "(" start ")"\nNUMBER: /[0-9]+/\n'


def is_json(text: str) -> bool:
    json.loads(text)
    return True


def by_schema(schema: dict[str, Any]) -> Callable[[str], bool]:
    validator = jsonschema.Draft202012Validator(schema)
    return lambda text: validator.is_valid(json.loads(text))


def is_sum(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9+()]+", text)) and eval(re.sub(r"\b0+(?=\d)", "", text)) >= 0


KINDS: dict[str, tuple[Callable[[], lw.Grammar], Callable[[str], bool]]] = {
    "JSON Schema, flat": (lambda: lw.json_schema(FLAT), by_schema(FLAT)),
    "JSON Schema, nested and bounded": (lambda: lw.json_schema(NESTED), by_schema(NESTED)),
    "JSON Schema, recursive": (lambda: lw.json_schema(TREE), by_schema(TREE)),
    "regex, wide characters and escapes": (lambda: lw.regex(WIDE), lambda text: bool(re.fullmatch(WIDE, text))),
    "grammar of JSON": (lambda: lw.lark("json"), is_json),
    "grammar of sums": (lambda: lw.lark(SUMS), is_sum),
}


@dataclass
class Tally:
    """What was seen of one kind of grammar."""

    documents: int = 0
    valid: int = 0
    canvases: int = 0
    forwards: float = 0.0
    calls: int = 0
    processor_s: float = 0.0
    total_s: float = 0.0
    bad: list[str] = field(default_factory=list)

    @property
    def steps(self) -> float:
        return self.forwards / max(self.canvases, 1)


class Timed(LatticeworkLogitsProcessor):
    """Keeps how long it took."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.seconds = 0.0
        self.calls = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if scores.is_cuda:
            torch.cuda.synchronize()
        begun = time.perf_counter()
        result = super().__call__(input_ids, scores)
        if scores.is_cuda:
            torch.cuda.synchronize()
        self.seconds += time.perf_counter() - begun
        self.calls += 1
        return result


class Leaning:
    """Adds texts of a grammar to the logits: two tokens for every slot of all canvases, and what each adds."""

    def __init__(self, model: Any, constraint: Any, rows: int, slots: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        width = len(constraint.vocabulary)
        free = np.ones(slots, np.bool_)
        session = constraint.session(np.zeros(slots, np.int64), free)
        texts = [session.best(self._noise(rng, slots, width)).tokens for _ in range(rows)]
        tokens = np.array(texts)
        wrong = rng.random(tokens.shape) < 0.1
        strength = np.where(wrong, 14.0, np.where(rng.random(tokens.shape) < 0.1, 8.0, 20.0))
        other = np.where(wrong, rng.integers(FIRST, FIRST + 256, tokens.shape), tokens)
        pairs = np.stack([tokens, other], axis=2), np.stack([strength, np.where(wrong, 20.0, 0.0)], axis=2)
        self._tokens, self._strength = (
            torch.from_numpy(pairs[0]).to(model.device),
            torch.tensor(pairs[1], dtype=torch.float32, device=model.device),
        )
        self._model = model
        self._start = 0
        self._hooks: list[Any] = []

    @staticmethod
    def _noise(rng: np.random.Generator, slots: int, width: int) -> np.ndarray:
        """Logits of a text of random length."""
        logits = rng.normal(0, 1, (slots, width)).astype(np.float32)
        logits[rng.integers(slots // 4, slots) :, [EOS, PAD]] += 8
        return logits

    def __enter__(self) -> Leaning:
        def moved(_module: Any, _given: Any, options: dict[str, Any]) -> None:
            self._start = int(options["decoder_position_ids"][0, 0]) - PROMPT

        def lean(_module: Any, _given: Any, logits: torch.Tensor) -> torch.Tensor:
            here = slice(self._start, self._start + logits.shape[1])
            return (0.1 * logits).scatter_add(2, self._tokens[:, here], self._strength[:, here])

        # generate calls the method forward, past hooks of the model itself.
        self._hooks = [
            self._model.model.register_forward_pre_hook(moved, with_kwargs=True),
            self._model.lm_head.register_forward_hook(lean),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()


PROMPT = 8


def run(model: Any, constraint: Any, canvases: int, rows: int, seed: int, leaning: bool, steps: int) -> tuple[Any, Any]:
    """The same batch with and without the processor: (output, processor) and (output, seconds)."""
    budget = canvases * model.config.canvas_length
    ids = prompt(rows, PROMPT, seed).to(model.device)
    found = []
    for constrained in (True, False):
        torch.manual_seed(seed)
        options: dict[str, Any] = {"max_new_tokens": budget, "max_denoising_steps": steps}
        processor = None
        if constrained:
            processor = Timed(constraint, max_new_tokens=budget, canvas_length=model.config.canvas_length)
            options["logits_processor"] = LogitsProcessorList([processor])
        begun = time.perf_counter()
        if leaning:
            with Leaning(model, constraint, rows, budget, seed):
                output = model.generate(ids, **options)
        else:
            output = model.generate(ids, **options)
        found.append((output, processor, time.perf_counter() - begun))
    return tuple(found)  # type: ignore[return-value]


def count(
    tally: Tally, output: Any, processor: Any, seconds: float, canvas: int, reader: lw.Vocabulary, ok: Any
) -> None:
    """Add one batch."""
    new = output.sequences[:, PROMPT:].cpu().numpy()
    passes = ((new != PAD).sum(axis=1) / output.tokens_per_forward.cpu().numpy()).round()
    for row, forwards in zip(new, passes, strict=True):
        ends = np.flatnonzero(np.isin(row, [EOS, PAD]))
        size = int(ends[0]) if len(ends) else len(row)
        text = reader.decode(row[:size])
        tally.documents += 1
        tally.canvases += math.ceil(min(size + 1, len(row)) / canvas)
        tally.forwards += float(forwards)
        try:
            valid = bool(ok(text.decode()))
        except (ValueError, SyntaxError):
            valid = False
        tally.valid += valid
        if not valid:
            tally.bad.append(repr(text))
    tally.total_s += seconds
    if processor is not None:
        tally.processor_s += processor.seconds
        tally.calls += processor.calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--width", type=int, default=None, help="ids the model scores; by default bytes and some words")
    parser.add_argument("--canvas", type=int, default=32)
    parser.add_argument("--steps", type=int, default=16, help="most denoising steps of a canvas")
    parser.add_argument(
        "--kinds",
        default="leaning:42,random:6",
        help="kinds of logits, documents of each grammar and number of canvases",
    )
    parser.add_argument("--grammars", default="", help="only grammars with this in their name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="diffusion_gemma_generate")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    reader = vocabulary() if given.width is None else vocabulary(given.width)
    model = tiny_gemma(len(reader), given.canvas, sharp=4.0).to(given.device)

    lines, bad, documents = [], [], 0
    for kind, rows in ((kind, int(rows)) for kind, rows in (each.split(":") for each in given.kinds.split(","))):
        for name, (grammar, ok) in ((name, own) for name, own in KINDS.items() if given.grammars in name):
            constraint = lw.compile(grammar(), reader)
            with_it, without = Tally(), Tally()
            for canvases in range(1, 5):
                if constraint.min_tokens > canvases * given.canvas:
                    continue
                both = run(model, constraint, canvases, rows, given.seed + canvases, kind == "leaning", given.steps)
                for tally, one in zip((with_it, without), both, strict=True):
                    count(tally, *one, given.canvas, reader, ok)
            documents += with_it.documents
            bad += with_it.bad
            lines.append([
                kind, name, with_it.documents, with_it.valid, without.valid,
                f"{with_it.steps:.1f}", f"{without.steps:.1f}",
                f"{1e3 * with_it.processor_s / max(with_it.calls, 1) / rows:.2f}",
                f"{1e3 * (with_it.total_s - with_it.processor_s) / max(with_it.calls, 1) / rows:.2f}",
            ])  # fmt: skip
            print(lines[-1], flush=True)
    header = [
        "logits", "grammar", "documents", "valid", "valid, unconstrained", "steps a canvas", "steps, unconstrained",
        "processor, ms a row and step", "the rest, ms",
    ]  # fmt: skip
    text = (
        f"# Documents through DiffusionGemma's generate\n\n{machine()}\n\n"
        f"`python benchmarks/diffusion_gemma_generate.py --device {given.device} --width {len(reader)} "
        f"--canvas {given.canvas} --steps {given.steps} --kinds {given.kinds}`: {documents} "
        f"documents of 1 to 4 canvases of {given.canvas} slots, a batch each, at most {given.steps} steps a "
        f"canvas; {len(bad)} invalid. A step counts for a row until its canvas is stable and sure.\n\n"
        f"{table(header, lines)}"
    )
    write_result(given.name, text, given.out)
    if bad:
        raise SystemExit("\n".join(bad))


if __name__ == "__main__":
    main()
