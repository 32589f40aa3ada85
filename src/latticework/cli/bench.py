"""``bench``: measurements of an installed model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latticework.cli.inputs import refusals
from latticework.cli.model_options import ModelChoice, with_model_options

bench = typer.Typer(help="Measure policies on this machine.", no_args_is_help=True)


@bench.callback()
def _commands() -> None:
    """Keeps ``policies`` a command of its own while it is the only one."""


@bench.command()
@with_model_options
def policies(
    policy: Annotated[list[str] | None, typer.Option(help="Only this policy; repeat. All of them by default.")] = None,
    documents: Annotated[int, typer.Option(min=1, help="Held-out documents.")] = 32,
    block_length: Annotated[int, typer.Option(min=1, help="Slots of a block.")] = 8,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Forwards per canvas of policies that fix them; one per slot without."),
    ] = None,
    pools: Annotated[Path | None, typer.Option(help="File of word lists for the documents; drawn if missing.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for policies.md and policies.svg.")] = None,
    known: Annotated[bool, typer.Option("--list", help="Only list the policies with their options.")] = False,
    *,
    model: ModelChoice,
) -> None:
    """Forwards, seconds and right fields of decoding policies on held-out documents, constrained and not."""
    with refusals():
        from latticework.diffusion.policies.registry import POLICIES, options_of

        if known:
            for name in POLICIES:
                typer.echo(f"{name}: {', '.join(options_of(name))}")
            return
        from latticework.bench.policies import Line, measure, mixed_records, plot, report, where

        names = policy or list(POLICIES)
        for name in names:
            options_of(name)
        records = mixed_records(documents, pools)
        loaded = model.load()

        command = f"latticework bench policies --documents {documents} --block-length {block_length}"
        own = {name: {"steps": steps} for name in names if steps is not None and "steps" in options_of(name)}
        note = (
            f"`{command}{'' if steps is None else f' --steps {steps}'}`; {model.name} model, otherwise default options; "
            f"figures per document. {where()}"
        )
        lines: list[Line] = []

        def show(line: Line) -> None:
            """A run of all policies takes long, so what is done is kept at once."""
            lines.append(line)
            typer.echo("  ".join(line.cells()), err=True)
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                (out / "policies.md").write_text(report(lines, note), encoding="utf-8")

        measure(loaded, records, names, block_length, own, show)
        typer.echo(report(lines, note))
        if out is not None:
            plot(lines, out / "policies.svg")
