"""Generating for the command line: results to stdout as they come, everything else to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from latticework.batch.answers import plain_value
from latticework.cli.model_options import ModelChoice
from latticework.errors import InputError, LatticeworkError
from latticework.models.result import Result

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar

CHUNK = 8  # texts per batch; a finished batch is printed before the next one starts


@dataclass(frozen=True, slots=True)
class Source:
    """A text to generate from, or why it cannot be read."""

    name: str
    text: str = ""
    error: LatticeworkError | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """How results are shown."""

    as_json: bool
    watch: bool
    quiet: bool
    trace: Path | None = None


def run(
    model: ModelChoice,
    sources: Sequence[Source],
    grammar: Grammar | None,
    options: dict[str, Any],
    out: Output,
) -> bool:
    """Generate for every source; whether all of them succeeded.

    Raises ``LatticeworkError`` when the model or the grammar is refused: nothing has been printed then.
    """
    if not out.quiet:
        for warning in () if grammar is None else grammar.warnings:
            typer.echo(f"note: {warning}", err=True)
    options = options | {"trace": out.trace is not None}
    generator = None if all(source.error for source in sources) else _Generator(model, grammar, options, out.watch)
    step = 1 if out.watch else CHUNK
    good = True
    with progress(len(sources), shown=not (out.quiet or out.watch)) as advance:
        for start in range(0, len(sources), step):
            part = sources[start : start + step]
            readable = [source.text for source in part if source.error is None]
            results = iter(generator.results(readable) if generator else ())
            for place, source in enumerate(part, start):
                result = next(results) if source.error is None else Result.failed(source.error)
                if out.trace is not None:
                    write_trace(result, out.trace, source.name, place + 1 if len(sources) > 1 else None)
                good &= _show(source, result, out, several=len(sources) > 1)
            advance(len(part), None)
    return good


class _Generator:
    """A loaded model with a compiled grammar."""

    def __init__(self, model: ModelChoice, grammar: Grammar | None, options: dict[str, Any], watch: bool) -> None:
        self._model = model.load()
        self._constraint = None if grammar is None else self._model.compile(grammar)
        self._options = options
        self._watch = watch

    def results(self, texts: list[str]) -> list[Result]:
        if not self._watch:
            return self._model.generate(texts, self._constraint, **self._options)
        from latticework.cli.watch import CanvasView

        with CanvasView(self._model.vocabulary) as view:
            return self._model.generate(texts, self._constraint, on_step=view, **self._options)


def write_trace(result: Result, path: Path, title: str, number: int | None = None) -> None:
    """The page of a result, if it has a trace; ``number`` tells those of several texts apart.

    Raises ``InputError`` where it cannot be written.
    """
    if result.trace is None:
        return
    result.trace.title = title
    own = path if number is None else path.with_stem(f"{path.stem}-{number}")
    try:
        result.trace.to_html(own)
    except OSError as error:
        raise InputError(f"cannot write {own}: {error.strerror}") from None


def _show(source: Source, result: Result, out: Output, *, several: bool) -> bool:
    if out.as_json:
        record = {"source": source.name, "value": plain_value(result), **result.as_dict()}
        typer.echo(json.dumps(record, ensure_ascii=False))
    if result.error is not None:
        typer.echo(f"error: {source.name + ': ' if several else ''}{result.error}", err=True)
        return False
    if not out.as_json:
        typer.echo(_one_line(result) if several else result.text)
    if not out.quiet:
        spent = result.timings
        typer.echo(f"{source.name}: {result.forwards} forwards, {spent.total:.0f} ms", err=True)
    return True


def _one_line(result: Result) -> str:
    if "\n" not in result.text:
        return result.text
    return json.dumps(result.value, ensure_ascii=False, separators=(",", ":"))


@contextmanager
def progress(total: int | None, *, shown: bool) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr when that is a terminal and there is more than one text.

    It is advanced by a number of texts, with the number of all where that was not known before (``total=None``).
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not shown or (total is not None and total < 2) or not console.is_terminal:
        yield lambda count, total=None: None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("texts", total=total)

        def advance(count: int, total: int | None = None) -> None:
            bar.update(task, advance=count, total=total)

        yield advance
