"""``extract --batch``: a job over a file of lines, with a bar on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from latticework.cli.model_options import ModelChoice
from latticework.cli.running import progress


def run_batch(
    model: ModelChoice,
    files: tuple[Path, Path],
    schema: dict[str, Any] | bool | None,
    schema_options: dict[str, Any],
    options: dict[str, Any],
    *,
    quiet: bool,
) -> bool:
    """Answer the lines of a file; whether none of them was refused. Raises what ``run_lines`` raises."""
    from latticework.batch.job import run_lines
    from latticework.grammar import json_schema

    grammar = None if schema is None else json_schema(schema, **schema_options)
    source, target = files
    loaded = model.load()
    shown = 0
    with progress(None, shown=not quiet) as advance:

        def on_progress(done: int, total: int) -> None:
            nonlocal shown
            advance(done - shown, total)
            shown = done

        count = run_lines(
            loaded,
            source,
            target,
            grammar,
            options,
            read_schema=lambda own: json_schema(own, **schema_options),
            on_progress=on_progress,
        )
    if not quiet:
        earlier = f" ({count.earlier} of them by an earlier run)" if count.earlier else ""
        typer.echo(f"{target}: {count.ok} lines answered, {count.errors} refused{earlier}", err=True)
    return count.errors == 0
