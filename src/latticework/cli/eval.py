"""``eval``: how right extractions are, on a data set with gold values."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from latticework.cli.inputs import refusals
from latticework.cli.model_options import ModelChoice, with_model_options
from latticework.cli.options import (
    BlockLength,
    GammaOption,
    Guidance,
    MaxTokens,
    PolicyOption,
    PolicyOptions,
    QuietOption,
    Seed,
    StepsOption,
    Temperature,
    ThresholdOption,
    loop_options,
)
from latticework.cli.running import progress
from latticework.cli.saving_options import Savings, with_savings
from latticework.cli.wish_options import Wishes, with_weights
from latticework.errors import InputError

RESULTS = "results.jsonl"


@with_model_options
@with_weights
@with_savings
def evaluate(
    dataset: Annotated[Path, typer.Argument(help="JSON lines with text, schema and gold.", metavar="DATASET")],
    method: Annotated[
        list[str] | None, typer.Option(help="constrained, unconstrained or resample; repeat. All of them by default.")
    ] = None,
    scaffold: Annotated[
        list[str] | None,
        typer.Option(help="Scaffold of the constrained method: auto, soft, elastic, none; repeat. auto by default."),
    ] = None,
    split: Annotated[list[str] | None, typer.Option(help="Only tasks of this split; repeat.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Tasks of each split.")] = None,
    max_tokens: MaxTokens = None,
    temperature: Temperature = 0.0,
    seed: Seed = None,
    policy: PolicyOption = None,
    threshold: ThresholdOption = None,
    steps: StepsOption = None,
    gamma: GammaOption = None,
    policy_option: PolicyOptions = None,
    guidance: Guidance = 0.0,
    block_length: BlockLength = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for answers (a run that was killed goes on), report.html and plots."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
    quiet: QuietOption = False,
    *,
    model: ModelChoice,
    wishes: Wishes,
    savings: Savings,
) -> None:
    """Valid documents, right fields, hallucinated and omitted values, calibration, forwards and seconds."""
    options = {"max_tokens": max_tokens, **wishes} | loop_options(
        temperature, seed, policy, threshold, steps, gamma, block_length, policy_option, guidance
    )
    with refusals():
        from latticework.evaluation.dataset import read_tasks
        from latticework.evaluation.methods import CONSTRAINED, METHODS
        from latticework.evaluation.running import Run, evaluate
        from latticework.evaluation.summary import HEADER, SCALING_HEADER, markdown, scaling_rows, scalings, summarise
        from latticework.scaffold.choice import ScaffoldName

        names = list(dict.fromkeys(method or METHODS))
        for name in names:
            if name not in METHODS:
                raise typer.BadParameter(f"unknown method {name!r}; known: {', '.join(METHODS)}")
        for name in scaffold or ():
            if name not in get_args(ScaffoldName):
                raise typer.BadParameter(f"unknown scaffold {name!r}; known: {', '.join(get_args(ScaffoldName))}")
        tasks = read_tasks(dataset, limit=limit, splits=split or ())
        loaded = model.load()
        runs: list[Run] = []
        for name in names:
            if name != CONSTRAINED:
                runs.append(Run.of(name, model.name, options))
                continue
            # Caches and guides are its own: the others are what it is compared with.
            own = options | {saving: value for saving, value in savings.items() if value is not None}
            kinds: list[tuple[dict[str, Any], str | None]] = [({"scaffold": kind}, kind) for kind in scaffold or ()]
            runs += [Run.of(name, model.name, own | kind, label) for kind, label in kinds or [({}, None)]]
        with progress(len(runs) * len(tasks), shown=not quiet) as advance:
            results = None if out is None else out / RESULTS
            scored = evaluate(loaded, tasks, runs, results, lambda count: advance(count, None))
        lines, fitted = summarise(scored), scalings(scored)
        if out is not None:
            _write(out, lines, scored, f"{dataset.name} with {model.name}", quiet=quiet)
    if as_json:
        figures = {"lines": [line.as_dict() for line in lines], "scalings": [asdict(one) for one in fitted]}
        typer.echo(json.dumps(figures, ensure_ascii=False))
        return
    typer.echo(markdown(HEADER, [line.cells() for line in lines]))
    if fitted:
        typer.echo("\n" + markdown(SCALING_HEADER, scaling_rows(fitted)))


def _write(out: Path, lines: Any, scored: Any, title: str, *, quiet: bool) -> None:
    from latticework.bench.policies import where
    from latticework.evaluation.page import page
    from latticework.evaluation.plots import plot

    note = f"Micro averages over the fields of all documents; forwards and seconds per document. {where()}."
    try:
        (out / "report.html").write_text(page(lines, scored, f"Extraction: {title}", note), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {out / 'report.html'}: {error.strerror}") from None
    try:
        plot(lines, out / "quality.svg")
    except InputError as error:
        if not quiet:
            typer.echo(f"note: {error}", err=True)
