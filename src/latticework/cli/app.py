"""The application, and the commands that answer prompts: ``extract`` and ``generate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latticework.cli.batch import run_batch
from latticework.cli.bench import bench
from latticework.cli.eval import evaluate
from latticework.cli.grammars import read_gbnf, read_grammar
from latticework.cli.infill import infill
from latticework.cli.inputs import read_schema, read_text, refusals
from latticework.cli.model_options import ModelChoice, with_model_options
from latticework.cli.options import (
    BlockLength,
    GammaOption,
    GbnfOption,
    GrammarOption,
    Guidance,
    JsonOption,
    MaxTokens,
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
from latticework.cli.report import check, explain
from latticework.cli.running import Output, Source, run
from latticework.cli.saving_options import Savings, with_savings
from latticework.cli.schema_options import SchemaOptions, with_schema_options
from latticework.cli.serve import serve
from latticework.cli.wish_options import Wishes, with_wishes
from latticework.errors import LatticeworkError

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar

app = typer.Typer(
    help="Structured generation for diffusion language models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command()(infill)
app.command()(check)
app.command()(explain)
app.command()(serve)
app.command("eval")(evaluate)
app.add_typer(bench, name="bench")


@app.command()
@with_model_options
@with_schema_options
@with_wishes
@with_savings
def extract(
    schema: Annotated[
        str | None, typer.Argument(help="JSON Schema: a file, or the schema itself.", metavar="SCHEMA")
    ] = None,
    texts: Annotated[
        list[str] | None, typer.Argument(help="Text files, or - for standard input.", metavar="[TEXT|-]...")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="The text itself.")] = None,
    batch: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="IN OUT",
            help="JSON lines to read and to append to: texts, or objects with text, id, schema. Goes on after a kill.",
        ),
    ] = None,
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
    as_json: JsonOption = False,
    watch: WatchOption = False,
    trace: TraceOption = None,
    quiet: QuietOption = False,
    *,
    model: ModelChoice,
    schema_options: SchemaOptions,
    wishes: Wishes,
    savings: Savings,
) -> None:
    """Read a JSON document of SCHEMA out of each text; one line per text. With --batch lines may have own schemas."""
    options = {"max_tokens": max_tokens, **wishes, **savings} | loop_options(
        temperature, seed, policy, threshold, steps, gamma, block_length, policy_option, guidance
    )
    with refusals():
        if batch is not None:
            if texts or text is not None or as_json or watch or trace is not None:
                raise typer.BadParameter("--batch goes without TEXT, --text, --json, --watch and --trace")
            source = None if schema is None else read_schema(schema)
            good = run_batch(model, batch, source, schema_options, options, quiet=quiet)
            raise typer.Exit(0 if good else 1)
        if schema is None:
            raise typer.BadParameter("no schema given", param_hint="SCHEMA")
        from latticework.grammar import json_schema

        sources = _sources(texts, text)
        grammar = json_schema(read_schema(schema), **schema_options)
        good = run(model, sources, grammar, options, Output(as_json, watch, quiet, trace))
    raise typer.Exit(0 if good else 1)


@app.command()
@with_model_options
@with_schema_options
@with_wishes
@with_savings
def generate(
    prompt: Annotated[str, typer.Argument(help="The prompt itself, or - for standard input.")],
    schema: Annotated[str | None, typer.Option("--schema", help="JSON Schema: a file, or the schema itself.")] = None,
    pattern: Annotated[str | None, typer.Option("--regex", help="Regular expression for the whole text.")] = None,
    choice: Annotated[list[str] | None, typer.Option("--choice", help="A text to choose from; repeat.")] = None,
    grammar_source: GrammarOption = None,
    gbnf: GbnfOption = None,
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
    as_json: JsonOption = False,
    watch: WatchOption = False,
    trace: TraceOption = None,
    quiet: QuietOption = False,
    *,
    model: ModelChoice,
    schema_options: SchemaOptions,
    wishes: Wishes,
    savings: Savings,
) -> None:
    """Generate a text of a schema, a regular expression, a choice or a grammar; plain text without one."""
    if sum(given is not None for given in (schema, pattern, choice or None, grammar_source, gbnf)) > 1:
        raise typer.BadParameter("give one of --schema, --regex, --choice, --grammar and --gbnf")
    options = {"max_tokens": max_tokens, **wishes, **savings} | loop_options(
        temperature, seed, policy, threshold, steps, gamma, block_length, policy_option, guidance
    )
    with refusals():
        grammar = _grammar(schema, pattern, choice, grammar_source, gbnf, schema_options)
        source = _source("-") if prompt == "-" else Source("prompt", prompt)
        good = run(model, [source], grammar, options, Output(as_json, watch, quiet, trace))
    raise typer.Exit(0 if good else 1)


def _grammar(
    schema: str | None,
    pattern: str | None,
    choice: list[str] | None,
    grammar_source: str | None,
    gbnf: str | None,
    schema_options: SchemaOptions,
) -> Grammar | None:
    if schema is not None:
        from latticework.grammar import json_schema

        return json_schema(read_schema(schema), **schema_options)
    if pattern is not None:
        from latticework.grammar import regex

        return regex(pattern)
    if choice:
        from latticework.grammar import choice as one_of

        return one_of(choice)
    if grammar_source is not None:
        return read_grammar(grammar_source)
    if gbnf is not None:
        return read_gbnf(gbnf)
    return None


def _sources(texts: list[str] | None, text: str | None) -> list[Source]:
    if text is not None and texts:
        raise typer.BadParameter("give either TEXT or --text")
    if text is not None:
        return [Source("--text", text)]
    if not texts:
        if sys.stdin.isatty():
            raise typer.BadParameter("no text given: name a file, - for standard input, or use --text")
        texts = ["-"]
    return [_source(name) for name in texts]


def _source(name: str) -> Source:
    """A text that cannot be read fails on its own line, not the whole command."""
    try:
        return Source(name, read_text(name))
    except LatticeworkError as error:
        return Source(name, error=error)
