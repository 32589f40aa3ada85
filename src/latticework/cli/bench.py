"""``bench``: measurements of an installed model."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
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
    cache: Annotated[
        list[str] | None,
        typer.Option(help="Only behind this cache; repeat; none for without. By default none and all caches."),
    ] = None,
    documents: Annotated[int, typer.Option(min=1, help="Held-out documents.")] = 32,
    block_length: Annotated[int, typer.Option(min=1, help="Slots of a block.")] = 8,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Forwards per canvas of policies that fix them; one per slot without."),
    ] = None,
    pools: Annotated[Path | None, typer.Option(help="File of word lists for the documents; drawn if missing.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for policies.md, .svg and .jsonl; what is in there is not run again."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Begin nothing after so long; run it again then.")
    ] = None,
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
        from latticework.bench.lines import Line, Store, report
        from latticework.bench.policies import cells, measure, mixed_records, plot, where
        from latticework.diffusion.caches import STRATEGIES, strategy_of

        names = policy or list(POLICIES)
        for name in names:
            options_of(name)
        caches = ["" if name == "none" else name for name in cache or ("none", *STRATEGIES)]
        for name in filter(None, caches):
            strategy_of(name)
        records = mixed_records(documents, pools)
        loaded = model.load()

        settings = f"--documents {documents} --block-length {block_length}"
        settings += "" if steps is None else f" --steps {steps}"
        settings += "" if model.name == "embedded" else f" --model {model.name}"
        own = {name: {"steps": steps} for name in names if steps is not None and "steps" in options_of(name)}
        note = (
            f"`latticework bench policies {settings}`; {model.name} model, otherwise default options; "
            f"figures per document. {where()}"
        )
        store = Store(out / "policies.jsonl", settings) if out else None
        wanted = list(cells(names, caches))
        begun = monotonic()
        lines: list[Line] = []
        for cell in wanted:
            if store is not None and cell in store.lines:
                lines.append(store.lines[cell])
                continue
            if minutes is not None and monotonic() - begun >= 60 * minutes:
                continue
            lines.append(measure(loaded, records, cell, block_length, own.get(cell[0])))
            typer.echo("  ".join(lines[-1].cells()), err=True)
            if store is not None:
                store.add(lines[-1])
        typer.echo(report(lines, note))
        if out is not None:
            (out / "policies.md").write_text(report(lines, note), encoding="utf-8")
            plot(lines, out / "policies.svg")
