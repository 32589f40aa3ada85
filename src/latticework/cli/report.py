"""The commands that run no model: ``check`` (what a schema or a grammar compiles to) and ``explain`` (why a text is
rejected)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latticework.cli.grammar_report import context_free_facts
from latticework.cli.grammars import read_gbnf, read_grammar
from latticework.cli.inputs import read_schema, read_text, refusals
from latticework.cli.model_options import ModelName
from latticework.cli.options import GbnfOption, GrammarOption, JsonOption
from latticework.cli.schema_options import SchemaOptions, with_schema_options
from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint
    from latticework.grammar.grammar import Grammar
    from latticework.grammar.json_schema.reasons import Reason
    from latticework.lattice.constraint import Constraint
    from latticework.lattice.explain import Explanation


_MOST = 4096  # tokens of a document, beyond which their number is not looked for


@with_schema_options
def check(
    schema: Annotated[
        str | None, typer.Argument(help="JSON Schema: a file, or the schema itself.", metavar="[SCHEMA]")
    ] = None,
    grammar: GrammarOption = None,
    model: ModelName = "embedded",
    svg: Annotated[
        Path | None,
        typer.Option("--svg", help="Draw the grammar here: railroad diagrams, and the automaton where it is small."),
    ] = None,
    as_json: JsonOption = False,
    *,
    schema_options: SchemaOptions,
) -> None:
    """Compile SCHEMA or a grammar for a model's vocabulary and report what becomes of its keywords, sizes, and what is
    narrowed."""
    if (schema is None) == (grammar is None):
        raise typer.BadParameter("give either SCHEMA or --grammar")
    with refusals():
        source = _grammar(schema, grammar, schema_options)
        constraint, milliseconds = _compile(source, model)
        facts = _facts(constraint, milliseconds)
        if svg is not None:
            _draw(constraint, svg)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        if not isinstance(value, list):
            typer.echo(f"{name.replace('_', ' '):<16} {f'over {_MOST}' if value is None else value}")
    for use in facts.get("keywords", ()):
        where = ", ".join(pointer or "(root)" for pointer in use["at"][:3]) + (", ..." if len(use["at"]) > 3 else "")
        typer.echo(f"{'keyword':<16} {use['keyword']:<22} {use['status']:<11} {len(use['at'])} x  {where}")
    for name in ("narrowings", "warnings"):
        for line in facts[name]:
            typer.echo(f"{name[:-1]:<16} {line}")


@with_schema_options
def explain(
    schema: Annotated[
        str | None,
        typer.Argument(help="JSON Schema: a file, or the schema itself. Not with a grammar.", metavar="[SCHEMA]"),
    ] = None,
    document: Annotated[
        str | None, typer.Argument(help="Text file, or - for standard input.", metavar="[DOC|-]")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="The document itself.")] = None,
    grammar_source: GrammarOption = None,
    gbnf: GbnfOption = None,
    as_json: JsonOption = False,
    *,
    schema_options: SchemaOptions,
) -> None:
    """Say whether a text is a document of SCHEMA or of a grammar, where it stops being one, and why or what was
    expected. Exit status 1 when it is not.

    Line breaks at the end of a file do not count.
    """
    has_grammar = grammar_source is not None or gbnf is not None
    if grammar_source is not None and gbnf is not None:
        raise typer.BadParameter("give one of --grammar and --gbnf")
    if has_grammar and document is None:
        schema, document = None, schema
    if has_grammar == (schema is not None):
        raise typer.BadParameter("give one of SCHEMA, --grammar and --gbnf")
    if (document is None) == (text is None):
        raise typer.BadParameter("give either DOC (a file, or - for standard input) or --text")
    if schema is None:
        _explain_by_grammar(grammar_source, gbnf, document, text, as_json)
        return
    with refusals():
        from latticework.grammar import json_schema
        from latticework.grammar.json_schema.reasons import reason

        content = text if document is None else read_text(document).rstrip("\r\n")
        assert content is not None
        grammar = json_schema(read_schema(schema), **schema_options)
        found = _explained(grammar, content.encode())
        formats = schema_options.get("format") != "annotation"
        why = None if found.accepted else reason(grammar.schema, content, found.offset, formats=formats)
    if as_json:
        typer.echo(json.dumps(_explanation(found) | {"reason": None if why is None else asdict(why)}))
    else:
        typer.echo(_pointed(content, found) + ("" if why is None else "\n" + _told(why, grammar.narrowings)))
    raise typer.Exit(0 if found.accepted else 1)


def _explain_by_grammar(
    grammar_source: str | None, gbnf: str | None, document: str | None, text: str | None, as_json: bool
) -> None:
    with refusals():
        from latticework.cli.grammar_explanation import explained

        grammar = read_grammar(grammar_source) if grammar_source is not None else read_gbnf(gbnf or "")
        content = read_text(document) if document is not None else text or ""
        content, found, lexemes = explained(grammar, content, is_file=document is not None)
    if as_json:
        typer.echo(json.dumps(_explanation(found) | {"lexemes": lexemes}, ensure_ascii=False))
    else:
        narrowed = [] if found.accepted else [f"narrowing  {line}" for line in grammar.narrowings]
        expected = f"expected {', '.join(lexemes)}" if lexemes else None
        typer.echo("\n".join([_pointed(content, found, expected), *narrowed]))
    raise typer.Exit(0 if found.accepted else 1)


def _explained(grammar: Grammar, content: bytes) -> Explanation:
    """Where a text leaves a grammar; no tokens are needed for it."""
    from latticework.automata.build import build_automaton
    from latticework.compiler import compile
    from latticework.grammar.limits import DEFAULT_LIMITS
    from latticework.lattice.explain import explain
    from latticework.tokens.vocabulary import Vocabulary

    if grammar.context_free is None:
        return explain(build_automaton(grammar.node, DEFAULT_LIMITS), content)
    return compile(grammar, Vocabulary([bytes([value]) for value in range(256)])).explain(content)


def _grammar(schema: str | None, grammar: str | None, schema_options: SchemaOptions) -> Grammar:
    from latticework.grammar import json_schema

    if schema is not None:
        return json_schema(read_schema(schema), **schema_options)
    assert grammar is not None
    return read_grammar(grammar)


def _draw(constraint: AnyConstraint, path: Path) -> None:
    from latticework.viz.diagram import diagram

    grammar: Any = constraint.grammar
    try:
        path.write_text(diagram(grammar, getattr(constraint, "automaton", None)), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def _compile(grammar: Grammar, model: str) -> tuple[AnyConstraint, float]:
    from latticework.compiler import compile
    from latticework.grammar import choice, lark
    from latticework.models.loading import load

    vocabulary = load(model).vocabulary
    # So that the figure is the grammar's, not that of loading kernels and trie.
    compile(choice(["warm"]) if grammar.context_free is None else lark('start: "warm"'), vocabulary)
    begun = time.perf_counter()
    constraint = compile(grammar, vocabulary)
    return constraint, 1e3 * (time.perf_counter() - begun)


def _shortest(constraint: AnyConstraint) -> str:
    """A document with the fewest tokens."""
    import numpy as np

    count = constraint.min_tokens
    session = constraint.session(np.zeros(count, np.int64), np.ones(count, np.bool_), tail=False)
    path = session.best(np.zeros((count, len(constraint.vocabulary)), np.float32))
    return constraint.vocabulary.decode(path.tokens).decode(errors="replace")


def _facts(constraint: AnyConstraint, milliseconds: float) -> dict[str, Any]:
    from latticework.lattice.arranged.constraint import ArrangedConstraint
    from latticework.lattice.constraint import Constraint

    grammar: Any = constraint.grammar
    if isinstance(constraint, ArrangedConstraint):
        own = {**_regular_facts(constraint.listed(())), "sizes_of": "documents in the order of the schema"}
    else:
        own = _regular_facts(constraint) if isinstance(constraint, Constraint) else context_free_facts(constraint)
    return {
        **own,
        **_schema_facts(grammar),
        "shortest": _shortest(constraint),
        "compile_ms": round(milliseconds, 2),
        "narrowings": list(grammar.narrowings),
        "warnings": list(grammar.warnings),
    }


def _schema_facts(grammar: Grammar) -> dict[str, Any]:
    """How deep any value and recursive schemas go, and what becomes of the keywords."""
    from latticework.grammar.json_schema.usage import keyword_uses

    if grammar.schema is None:
        return {"keywords": []}
    facts = {"recursion": grammar.options["recursion"]} if "recursion" in grammar.options else {}
    if facts.get("recursion") == "bounded":
        facts["max_depth"] = grammar.options["max_depth"]
    uses = [
        {"keyword": use.keyword, "status": use.status, "at": list(use.pointers)} for use in keyword_uses(grammar.schema)
    ]
    return {**facts, "keywords": uses}


def _regular_facts(constraint: Constraint) -> dict[str, Any]:
    grammar: Any = constraint.grammar
    tokens = constraint.tokens
    return {
        "kind": grammar.kind,
        "min_tokens": constraint.min_tokens,
        "most_tokens": constraint.most_tokens(_MOST),
        "vocabulary": len(constraint.vocabulary),
        "states": constraint.automaton.states,
        "counters": len(constraint.automaton.low),
        "token_classes": tokens.classes,
        "edges": tokens.edges,
        "labels": tokens.labels,
        "table_bytes": tokens.nbytes,
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


def _pointed(text: str, found: Explanation, expected: str | None = None) -> str:
    """The verdict, the line concerned and a caret below the character at which it happens.

    Args:
        expected: in place of the bytes that are.
    """
    if found.accepted:
        return str(found)
    line = text.split("\n")[found.line - 1]
    start = max(0, found.column - 1 - 60)
    shown = line[start : start + 100].expandtabs(1)
    verdict = str(found) if expected is None else f"{found.place()}, {expected}"
    return f"{verdict}\n  {shown}\n  {' ' * (found.column - 1 - start)}^"
