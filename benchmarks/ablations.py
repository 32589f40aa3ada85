"""What the options of extraction are worth: variants of ``Model.generate`` on generated tasks, one change at a time.

Every variant is the default (``auto``) but for what its name says.

    python -m latticework.evaluation.tasks tasks.jsonl --count 200 --seed 1
    python benchmarks/ablations.py tasks.jsonl --split dev --documents 32 --out FOLDER --variants auto canonical ...

Answers are kept in ``FOLDER``, so a run goes on where it was stopped and variants can be added. Documents are spread
evenly over the families and styles of a split; those whose prompt leaves fewer than ``--room`` positions are left out.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common import RESULTS, machine, table

import latticework as lw
from latticework.diffusion import row
from latticework.evaluation import running
from latticework.evaluation.alignment import MISSING
from latticework.evaluation.dataset import Task, read_tasks
from latticework.evaluation.methods import CONSTRAINED, METHODS, Answer
from latticework.evaluation.running import Run, Scored, evaluate, known
from latticework.evaluation.summary import grouped, scalings, summarise
from latticework.models.model import Model

ADAPTIVE = 0.98  # as the embedded model has it by default
EVERYTHING = 1_000_000  # slots

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "unconstrained": ("unconstrained", {}),
    "resample": ("resample", {}),
    "auto": ("constrained", {}),
    **{f"scaffold {kind}": ("constrained", {"scaffold": kind}) for kind in ("soft", "elastic", "none")},
    "whitespace any": ("constrained", {"whitespace": "any"}),
    "canonical": ("constrained", {"canonical": True}),
    **{f"block {size}": ("constrained", {"block_length": size}) for size in (1, 2, 3, 4, 5, 8, 16, 32)},
    **{f"block {size}, adaptive": ("constrained", {"block_length": size, "adaptive_blocks": ADAPTIVE})
       for size in (1, 2, 4, 5, 8)},
    **{f"adaptive {sure:g}": ("constrained", {"adaptive_blocks": sure}) for sure in (0.9, 0.95, 0.995)},
    **{f"horizon {slots}": ("constrained", {"horizon": slots}) for slots in (1, 3, 12)},
    "horizon none": ("constrained", {"horizon": EVERYTHING}),
    "horizon none, block 3": ("constrained", {"horizon": EVERYTHING, "block_length": 3}),
    **{f"scaffold {kind}, horizon none": ("constrained", {"scaffold": kind, "horizon": EVERYTHING})
       for kind in ("soft", "elastic")},
    **{f"unconstrained, block {size}": ("unconstrained", {"block_length": size}) for size in (3, 8)},
    "unconstrained, adaptive": ("unconstrained", {"adaptive_blocks": ADAPTIVE}),
    "unconstrained, one token a forward": ("unconstrained", {"policy": "low-confidence"}),
    **{f"copy {weight:g}": ("constrained", {"copy_bias": weight}) for weight in (0.5, 1.0, 2.0, 4.0)},
    **{f"length {weight:g}": ("constrained", {"length_bonus": weight}) for weight in (0.25, 0.5, 1.0, 2.0)},
    **{f"elastic, length {weight:g}": ("constrained", {"scaffold": "elastic", "length_bonus": weight})
       for weight in (0.5, 1.0, 2.0, 4.0)},
    **{f"null {weight:g}": ("constrained", {"null_bias": weight}) for weight in (-2.0, -1.0, 1.0, 2.0)},
    **{f"policy {name}": ("constrained", {"policy": name})
       for name in ("low-confidence", "eoser", "entropy-bound", "factor", "daedal", "rho-eos", "saber", "learned")},
    **{f"block {size}, ends in sight": ("ends in sight", {"block_length": size}) for size in (8, 32)},
    **{f"policy threshold {least}": ("constrained", {"threshold": least}) for least in (0.7, 0.8)},
    "policy low-confidence, block 3": ("constrained", {"policy": "low-confidence", "block_length": 3}),
    "guidance 1": ("constrained", {"guidance": 1.0}),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--split", nargs="+", default=["dev"])
    parser.add_argument("--documents", type=int, default=32, help="of each split")
    parser.add_argument("--optional", action="store_true", help="only documents that state an optional field")
    parser.add_argument("--room", type=int, default=256)
    parser.add_argument("--variants", nargs="+", default=["auto"], choices=list(VARIANTS), metavar="NAME")
    parser.add_argument("--batch", type=int, default=running.BATCH, help="documents that are answered together")
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--known", action="store_true", help="report what the folder holds, answer nothing")
    parser.add_argument("--page", help="name of a results page to write", default="")
    arguments = parser.parse_args()
    model = lw.load(arguments.model)
    tasks = []
    for split in arguments.split:
        own = [task for task in read_tasks(arguments.tasks, splits=[split]) if fits(model, task, arguments.room)]
        own = [task for task in own if not arguments.optional or any(stated(task).values())]
        tasks += spread(own, arguments.documents)
    running.BATCH = arguments.batch
    names = dict.fromkeys(arguments.variants)
    runs = [Run.of(VARIANTS[name][0], arguments.model, VARIANTS[name][1], name) for name in names]
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = arguments.out / "results.jsonl"
    scored = known(tasks, runs, results) if arguments.known else evaluate(model, tasks, runs, results)
    text = report(scored)
    print(text, flush=True)
    if arguments.page:
        command = " ".join(sys.argv[1:])
        RESULTS.joinpath(f"{arguments.page}.md").write_text(f"`{command}`; {machine()}\n\n{text}\n", encoding="utf-8")


def ends_in_sight(model: Model, tasks: Sequence[Task], options: Mapping[str, Any]) -> list[Answer]:
    """As the default, but policies may commit ends and fillers before the text in front of them is fixed."""
    held_back = row.visible

    def all_in_sight(*canvas: Any) -> Any:
        return canvas[-1]

    row.visible = all_in_sight  # pyright: ignore[reportAttributeAccessIssue]
    try:
        return METHODS[CONSTRAINED](model, tasks, options)
    finally:
        row.visible = held_back  # pyright: ignore[reportAttributeAccessIssue]


METHODS["ends in sight"] = ends_in_sight


def fits(model: Any, task: Task, room: int) -> bool:
    positions = model.backend.max_positions
    return positions is None or len(model.backend.encode_prompt(task.text, task.schema)) + room <= positions


def spread(tasks: Sequence[Task], count: int) -> list[Task]:
    """``count`` of the tasks, as evenly over families and styles as there are tasks; always the same ones."""
    groups: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in tasks:
        groups[task.family, task.style].append(task)
    order = sorted(groups)
    random.Random(7).shuffle(order)
    deepest = max(map(len, groups.values()), default=0)
    ordered = [groups[name][depth] for depth in range(deepest) for name in order if depth < len(groups[name])]
    return ordered[:count]


def optional(schema: Mapping[str, Any], pointer: str = "") -> dict[str, bool]:
    """Pointers of members that may be left out (True) or be null (False), arrays aside."""
    found = {}
    for key, own in (schema.get("properties") or {}).items():
        place = f"{pointer}/{key}"
        if key not in schema.get("required", ()):
            found[place] = True
        elif {"type": "null"} in own.get("anyOf", ()) or "null" in own.get("type", ()):
            found[place] = False
        found |= optional(own, place)
    return found


def stated(task: Task) -> dict[str, bool]:
    """Pointers of members that may be missing, with whether the gold value has one; only those that may be left out."""
    return {place: at(task.gold, place) is not None for place, left_out in optional(task.schema).items() if left_out}


def at(value: Any, pointer: str) -> Any:
    for key in pointer.split("/")[1:]:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def members(scored: Sequence[Scored], left_out: bool) -> tuple[str, str]:
    """Of members that may be left out (or be null): stated ones that are missing, and others that are given."""
    missing = wanted = invented = unwanted = 0
    for one in scored:
        if one.output is MISSING:
            continue
        for place in (place for place, kind in optional(one.task.schema).items() if kind == left_out):
            given = at(one.output, place) is not None
            if at(one.task.gold, place) is None:
                invented, unwanted = invented + given, unwanted + 1
            else:
                missing, wanted = missing + (not given), wanted + 1
    return f"{missing} of {wanted}", f"{invented} of {unwanted}"


def report(scored: Sequence[Scored]) -> str:
    """Tables of all documents and, where some answers are no JSON, of those that all variants answered: shares of
    hallucinated values flatter a variant that is silent on what is hard."""
    silent = {one.task.id for one in scored if one.output is MISSING}
    parts = [figures(scored)]
    if silent:
        common = [one for one in scored if one.task.id not in silent]
        parts += ["", "Only documents that every variant answered with JSON:", "", figures(common)]
    fitted = [
        f"{one.method}: temperature {one.temperature:.2f} on dev, error {one.before:.3f} -> {one.after:.3f} elsewhere"
        for one in scalings(scored)
    ]
    return "\n".join([*parts, "", *fitted])


def figures(scored: Sequence[Scored]) -> str:
    header = ["split", "variant", "documents", "valid", "exact", "F1", "hallucinated", "omitted"]
    header += ["optional left out", "optional invented", "null instead", "value for null"]
    header += ["calibration error", "canonical", "forwards", "seconds"]
    lines = {(line.group, line.method): line for line in summarise(scored)}
    rows = []
    for split, variant, some in grouped(scored, lambda one: one.task.split or "all"):
        line = lines[split, variant]
        found, error = line.totals, line.totals.calibration_error
        figures = [found.valid, found.exact, found.f1, found.hallucinated, found.omitted]
        rows.append(
            [
                *(split, variant, found.documents),
                *(f"{figure:.3f}" for figure in figures),
                *members(some, True),
                *members(some, False),
                "-" if error is None else f"{error:.3f}",
                "-" if line.canonical is None else f"{line.canonical:.3f}",
                f"{line.forwards:.1f}",
                f"{line.seconds:.2f}",
            ]
        )
    return table(header, rows)


if __name__ == "__main__":
    main()
