"""Context-free grammars on the command line: by name, from a file, or guessed from what a file is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar

_HINT = "--grammar"
# Suffixes of files and the grammar their texts follow.
_LANGUAGES = {
    "python": (".py", ".pyi"),
    "cpp": (".cpp", ".cc", ".cxx", ".h", ".hh", ".hpp", ".hxx"),
    "json": (".json",),
    "sql": (".sql",),
    "csv": (".csv",),
    "smiles": (".smi", ".smiles"),
    "lark": (".lark",),
}


def read_grammar(source: str, text: str = "") -> Grammar:
    """A grammar by name, or from a ``.lark`` or ``.gbnf`` file. Raises what ``lark`` and ``gbnf`` raise.

    Blocks of the package's grammars are indented as in ``text``.
    """
    from latticework.grammar import Indentation, gbnf, lark
    from latticework.grammar.cfg.library import INDENTED, names

    path = Path(source)
    if path.suffix in (".lark", ".gbnf"):
        if not path.is_file():
            raise typer.BadParameter(f"no such file: {source!r}", param_hint=_HINT)
        return lark(path) if path.suffix == ".lark" else gbnf(path)
    if source not in names():
        raise typer.BadParameter(
            f"{source!r} is neither a .lark or .gbnf file nor a grammar of the package: {', '.join(names())}",
            param_hint=_HINT,
        )
    return lark(source, indentation=Indentation.like(text) if source in INDENTED else None)


def read_gbnf(source: str) -> Grammar:
    """A GBNF grammar from a file, or from the argument itself when that has a rule (``root ::= ...``)."""
    from latticework.grammar import gbnf

    if "::=" in source:
        return gbnf(source)
    path = Path(source)
    if not path.is_file():
        raise typer.BadParameter(f"{source!r} is neither a file nor a grammar (root ::= ...)", param_hint="--gbnf")
    return gbnf(path)


def grammar_of_file(name: str) -> str:
    """The name of the grammar for a file, by its suffix."""
    from latticework.grammar.cfg.library import names

    suffix = Path(name).suffix.lower()
    for language, suffixes in _LANGUAGES.items():
        if suffix in suffixes and language in names():
            return language
    known = ", ".join(suffix for language, suffixes in _LANGUAGES.items() if language in names() for suffix in suffixes)
    raise typer.BadParameter(f"no grammar is known for {name!r}; give one (known suffixes: {known})", param_hint=_HINT)
