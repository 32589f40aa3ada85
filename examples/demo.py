"""Read every document in ``documents/`` with the embedded model and its schema: ``python examples/demo.py``.

Every line printed is a valid document of its schema, whatever the model believes. Values it got wrong are still wrong
values: the last columns compare them with the answers a person wrote down.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import jsonschema
from rich.console import Console
from rich.table import Table
from rich.text import Text

import latticework as lw
from latticework.diffusion.threads import leave_a_core

DOCUMENTS = Path(__file__).parent / "documents"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--max-tokens", type=int, help="slots of every canvas")
    parser.add_argument("--threshold", type=float, help="confidence that commits a slot")
    parser.add_argument("--block-length", type=int, help="decode in blocks of this many slots")
    arguments = parser.parse_args()

    console = Console(width=120, highlight=False)
    leave_a_core()
    started = time.perf_counter()
    model = lw.load()
    answers = json.loads((DOCUMENTS / "answers.json").read_text(encoding="utf-8"))
    console.print(f"embedded model ready after {time.perf_counter() - started:.1f} s; {len(answers)} documents\n")

    table = Table(
        "document", "words", "slots", "forwards", "forced", "compile ms", "model ms", "lattice ms", "fields right"
    )
    right = asked = 0
    for name, answer in answers.items():
        text = (DOCUMENTS / f"{name}.txt").read_text(encoding="utf-8")
        schema = json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))
        begun = time.perf_counter()
        constraint = model.compile(schema)
        compile_ms = 1e3 * (time.perf_counter() - begun)
        result = model.generate(
            text,
            constraint,
            max_tokens=arguments.max_tokens,
            threshold=arguments.threshold,
            block_length=arguments.block_length,
        )
        jsonschema.validate(result.value, schema, format_checker=jsonschema.FormatChecker())
        hits = sum(result.value.get(key) == value for key, value in answer.items())
        right, asked = right + hits, asked + len(answer)
        console.print(f"[bold]{name}[/bold]")
        console.print(_coloured(result.value, answer, result.confidence))
        spent = result.timings
        table.add_row(
            name,
            str(len(text.split())),
            str(result.slots),
            str(result.forwards),
            str(result.forced),
            f"{compile_ms:.1f}",
            f"{spent.model:.0f}",
            f"{spent.constraint + spent.policy:.0f}",
            f"{hits}/{len(answer)}",
        )
    console.print(table)
    console.print(f"{len(answers)} of {len(answers)} documents are valid; {right} of {asked} fields are right.")


def _coloured(value: dict, answer: dict, confidence: dict[str, float]) -> Text:
    """One line per field: the value, green where it is right, and how sure the model is."""
    out = Text()
    for key, got in value.items():
        shown = json.dumps(got, ensure_ascii=False)
        good = key in answer and answer[key] == got
        out.append(f"  {key}: ")
        out.append(shown, style="green" if good else "red")
        out.append(f"  {confidence['/' + key]:.2f}\n", style="dim")
    return out


if __name__ == "__main__":
    main()
