"""``infill``: a file with marked holes in, the same file with the holes filled out."""

from __future__ import annotations

import json
import re
import sys
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latticework.cli.grammars import grammar_of_file, read_grammar
from latticework.cli.inputs import read_text, refusals
from latticework.cli.model_options import ModelChoice, with_model_options
from latticework.cli.options import (
    BlockLength,
    GammaOption,
    GrammarOption,
    Guidance,
    JsonOption,
    PolicyOption,
    PolicyOptions,
    QuietOption,
    Seed,
    StepsOption,
    Temperature,
    ThresholdOption,
    TraceOption,
    WatchOption,
    loop_options,
)
from latticework.cli.running import write_trace
from latticework.cli.saving_options import Savings, with_savings
from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar
    from latticework.models.holes import Part
    from latticework.models.result import InfillResult

MARKER = "<<HOLE>>"
_COLOURS = {"+": typer.colors.GREEN, "-": typer.colors.RED, "@": typer.colors.CYAN}


@with_model_options
@with_savings
def infill(
    file: Annotated[str, typer.Argument(help="File with marked holes, or - for standard input.", metavar="FILE|-")],
    grammar: GrammarOption = None,
    marker: Annotated[
        str,
        typer.Option(
            help="What marks a hole; before its closing signs, :N sets the tokens and :RULE a rule of the grammar that "
            "the hole follows, as in <<HOLE:40:expression>>."
        ),
    ] = MARKER,
    hole_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of a hole that does not say.")] = 64,
    prompt: Annotated[str, typer.Option(help="Text for the model before the file.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the filled file here.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Print a unified diff instead of the filled file.")] = False,
    temperature: Temperature = 0.0,
    seed: Seed = None,
    policy: PolicyOption = None,
    threshold: ThresholdOption = None,
    steps: StepsOption = None,
    gamma: GammaOption = None,
    policy_option: PolicyOptions = None,
    guidance: Guidance = 0.0,
    block_length: BlockLength = None,
    as_json: JsonOption = False,
    watch: WatchOption = False,
    trace: TraceOption = None,
    quiet: QuietOption = False,
    *,
    model: ModelChoice,
    savings: Savings,
) -> None:
    """Fill the marked holes of FILE so that the whole of it is a text of a grammar (guessed from the file's name)."""
    if as_json and diff:
        raise typer.BadParameter("give one of --json and --diff")
    options = savings | loop_options(
        temperature, seed, policy, threshold, steps, gamma, block_length, policy_option, guidance
    )
    with refusals():
        source = grammar if grammar is not None else grammar_of_file(file)
        text = read_text(file)
        parts = parts_of(text, marker, hole_tokens)
        language = read_grammar(source, "_".join(part for part in parts if isinstance(part, str)))
        if not quiet:
            for warning in language.warnings:
                typer.echo(f"note: {warning}", err=True)
        result = _fill(model, parts, language, options | {"prompt": prompt, "trace": trace is not None}, watch)
        if output is not None:
            _write(output, result.text)
        if trace is not None:
            write_trace(result, trace, file)
    if as_json:
        typer.echo(json.dumps({"source": file, **result.as_dict()}, ensure_ascii=False))
    elif diff:
        _print_diff(text, result.text, file)
    elif output is None:
        typer.echo(result.text, nl=False)
    if not quiet:
        spent = result.timings.total
        typer.echo(f"{file}: {len(result.holes)} holes, {result.forwards} forwards, {spent:.0f} ms", err=True)


def parts_of(text: str, marker: str, hole_tokens: int) -> list[Part]:
    """Cut a text at its markers. ``InputError`` when there is none, or a hole has no tokens."""
    from latticework.models.holes import Hole

    if not marker.strip():
        raise typer.BadParameter("the marker is empty", param_hint="--marker")
    found = re.fullmatch(r"(.*\w)(\W*)", marker, re.DOTALL)
    stem, closer = found.groups() if found else (marker, "")
    # Without closing signs, a colon and a word behind the marker may be text.
    rule_name = "(?::([A-Za-z_][A-Za-z_0-9]*))?" if closer else "()"
    pieces = re.split(f"{re.escape(stem)}(?::([0-9]+))?{rule_name}{re.escape(closer)}", text)
    if len(pieces) == 1:
        raise InputError(f"there is no hole to fill: no {marker} in the text")
    parts: list[Part] = [pieces[0]]
    for size, rule, piece in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        parts += [Hole(hole_tokens if size is None else int(size), rule=rule or None), piece]
    return parts


def _fill(
    model: ModelChoice, parts: list[Part], grammar: Grammar, options: dict[str, Any], watch: bool
) -> InfillResult:
    loaded = model.load()
    if not watch:
        return loaded.infill(parts, grammar, **options)
    from latticework.cli.watch import CanvasView

    with CanvasView(loaded.vocabulary) as view:
        return loaded.infill(parts, grammar, on_step=view, **options)


def _write(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode())
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def _print_diff(before: str, after: str, name: str) -> None:
    """A unified diff, coloured where standard output is a terminal."""
    lines = unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (filled)", lineterm="")
    for line in lines:
        colour = _COLOURS.get(line[:1]) if sys.stdout.isatty() else None
        typer.echo(line if colour is None else typer.style(line, fg=colour))
