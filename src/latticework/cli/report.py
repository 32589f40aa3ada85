"""The commands that run no model: ``check`` (what a schema compiles to) and ``explain`` (why a text is rejected)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latticework.cli.inputs import read_schema, read_text, refusals
from latticework.cli.options import JsonOption, ModelOption, SchemaArgument
from latticework.cli.schema_options import SchemaOptions, with_schema_options

if TYPE_CHECKING:
    from latticework.grammar.json_schema.reasons import Reason
    from latticework.lattice.constraint import Constraint
    from latticework.lattice.explain import Explanation


_MOST = 4096  # tokens of a document, beyond which their number is not looked for


@with_schema_options
def check(
    schema: SchemaArgument,
    model: ModelOption = "embedded",
    as_json: JsonOption = False,
    *,
    schema_options: SchemaOptions,
) -> None:
    """Compile SCHEMA for a model's vocabulary and report what becomes of its keywords, sizes, and what is narrowed."""
    with refusals():
        constraint, milliseconds = _compile(schema, model, schema_options)
        facts = _facts(constraint, milliseconds)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        if not isinstance(value, list):
            typer.echo(f"{name.replace('_', ' '):<16} {f'over {_MOST}' if value is None else value}")
    for use in facts["keywords"]:
        where = ", ".join(pointer or "(root)" for pointer in use["at"][:3]) + (", ..." if len(use["at"]) > 3 else "")
        typer.echo(f"{'keyword':<16} {use['keyword']:<22} {use['status']:<11} {len(use['at'])} x  {where}")
    for name in ("narrowings", "warnings"):
        for line in facts[name]:
            typer.echo(f"{name[:-1]:<16} {line}")


@with_schema_options
def explain(
    schema: SchemaArgument,
    document: Annotated[
        str | None, typer.Argument(help="Text file, or - for standard input.", metavar="[DOC|-]")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="The document itself.")] = None,
    as_json: JsonOption = False,
    *,
    schema_options: SchemaOptions,
) -> None:
    """Say whether a text is a document of SCHEMA, where it stops being one, and why. Exit status 1 when it is not.

    Line breaks at the end of a file do not count.
    """
    if (document is None) == (text is None):
        raise typer.BadParameter("give either DOC (a file, or - for standard input) or --text")
    with refusals():
        from latticework.automata.build import build_automaton
        from latticework.grammar import json_schema
        from latticework.grammar.json_schema.reasons import reason
        from latticework.grammar.limits import DEFAULT_LIMITS
        from latticework.lattice.explain import explain as find

        content = text if document is None else read_text(document).rstrip("\r\n")
        assert content is not None
        grammar = json_schema(read_schema(schema), **schema_options)
        found = find(build_automaton(grammar.node, DEFAULT_LIMITS), content.encode())
        formats = schema_options.get("format") != "annotation"
        why = None if found.accepted else reason(grammar.schema, content, found.offset, formats=formats)
    if as_json:
        typer.echo(json.dumps(_explanation(found) | {"reason": None if why is None else asdict(why)}))
    else:
        typer.echo(_pointed(content, found) + ("" if why is None else "\n" + _told(why, grammar.narrowings)))
    raise typer.Exit(0 if found.accepted else 1)


def _compile(schema: str, model: str, schema_options: SchemaOptions) -> tuple[Constraint, float]:
    from latticework.compiler import compile
    from latticework.grammar import choice, json_schema
    from latticework.lattice.constraint import Constraint
    from latticework.models.loading import load

    grammar = json_schema(read_schema(schema), **schema_options)
    vocabulary = load(model).vocabulary
    compile(choice(["warm"]), vocabulary)  # so that the figure is the schema's, not that of loading kernels and trie
    begun = time.perf_counter()
    constraint = compile(grammar, vocabulary)
    assert isinstance(constraint, Constraint)
    return constraint, 1e3 * (time.perf_counter() - begun)


def _shortest(constraint: Constraint) -> str:
    """A document with the fewest tokens."""
    import numpy as np

    count = constraint.min_tokens
    session = constraint.session(np.zeros(count, np.int64), np.ones(count, np.bool_), tail=False)
    path = session.best(np.zeros((count, len(constraint.vocabulary)), np.float32))
    return constraint.vocabulary.decode(path.tokens).decode(errors="replace")


def _facts(constraint: Constraint, milliseconds: float) -> dict[str, Any]:
    from latticework.grammar.json_schema.usage import keyword_uses

    grammar: Any = constraint.grammar
    tokens = constraint.tokens
    return {
        "kind": grammar.kind,
        "min_tokens": constraint.min_tokens,
        "most_tokens": constraint.most_tokens(_MOST),
        "shortest": _shortest(constraint),
        "vocabulary": len(constraint.vocabulary),
        "states": constraint.automaton.states,
        "counters": len(constraint.automaton.low),
        "token_classes": tokens.classes,
        "edges": tokens.edges,
        "labels": tokens.labels,
        "table_bytes": tokens.nbytes,
        "compile_ms": round(milliseconds, 2),
        "keywords": [
            {"keyword": use.keyword, "status": use.status, "at": list(use.pointers)}
            for use in keyword_uses(grammar.schema)
        ],
        "narrowings": list(grammar.narrowings),
        "warnings": list(grammar.warnings),
    }


def _explanation(found: Explanation) -> dict[str, Any]:
    return {
        "accepted": found.accepted,
        "offset": found.offset,
        "line": found.line,
        "column": found.column,
        "ends_early": found.ends_early,
        "expected": _expected(found.expected),
    }


def _told(why: Reason, narrowings: Iterable[str]) -> str:
    """The reason in words; for what the grammar leaves out on purpose, all that it leaves out."""
    lines = [f"{why.kind} at {why.instance or 'the root'}: {why.message}"]
    if why.schema is not None:
        lines.append(f"schema {why.schema or '(root)'}")
    if why.kind == "narrowed":
        lines += [f"narrowing  {line}" for line in narrowings]
    return "\n".join(lines)


def _expected(values: bytes) -> list[str]:
    """Bytes as a reader writes them: printable ASCII as itself, the rest as ``0xNN``."""
    return [chr(value) if 0x20 < value < 0x7F else f"0x{value:02x}" for value in values]


def _pointed(text: str, found: Explanation) -> str:
    """The verdict, the line concerned and a caret below the character at which it happens."""
    if found.accepted:
        return str(found)
    line = text.split("\n")[found.line - 1]
    start = max(0, found.column - 1 - 60)
    shown = line[start : start + 100].expandtabs(1)
    return f"{found}\n  {shown}\n  {' ' * (found.column - 1 - start)}^"
