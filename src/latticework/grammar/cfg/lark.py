"""``lark``: grammars in the Lark language, read by our own reader."""

from __future__ import annotations

import os
from pathlib import Path

from latticework.errors import InputError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.cfg import library
from latticework.grammar.cfg.indentation import Indentation, laid_out
from latticework.grammar.cfg.lark_rules import Rules
from latticework.grammar.cfg.modules import Loader
from latticework.grammar.grammar import Grammar
from latticework.grammar.limits import DEFAULT_LIMITS, Limits


def lark(
    grammar: str | os.PathLike[str],
    start: str = "start",
    *,
    indentation: Indentation | None = None,
    folder: str | os.PathLike[str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Grammar:
    """A context-free grammar in the Lark language.

    A text is cut into lexemes first, by the longest match over all terminals that rules use or that are ignored. Where
    several match the same text, the highest priority wins, then texts over patterns; what remains may be any of them.
    A lexeme is not given up for a shorter one when the text cannot go on. Priorities of rules, aliases and what else
    shapes trees only has no effect.

    Args:
        grammar: the text, the path of a ``.lark`` file, or the name of a grammar that comes with the package
            (``"json"``, ``"python"``, ...).
        start: the rule that a whole text follows.
        indentation: how blocks are laid out, where the grammar has them; known for those that come with the package.
        folder: where relative imports are looked up; the folder of the file where a path is given.

    Raises:
        GrammarError: something in the text is wrong or unknown; with line, column and caret.
        LimitExceeded: the text is longer than ``limits.max_schema_bytes``, or makes more than ``limits.max_nodes``
            symbols.
        InputError: the file cannot be read.
    """
    text, home = _text_of(grammar)
    if indentation is None and text != grammar:
        indentation = library.INDENTED.get(str(grammar))
    if len(text) > limits.max_schema_bytes:
        raise LimitExceeded("max_schema_bytes", limits.max_schema_bytes, hint=f"the grammar has {len(text)} characters")
    module = Loader().main(text, Path(folder) if folder is not None else home)
    rules = Rules(module, {}, frozenset() if indentation is None else indentation.names, limits)
    symbol = rules.lower(start)
    if indentation is None:
        found = rules.draft.finish(symbol)
    else:
        found = laid_out(rules.draft, symbol, indentation, rules.layout_symbols)
        rules.narrowings.append(f"blocks nest up to {indentation.levels} deep, each indented by {indentation.unit!r}")
    return Grammar(
        ir.NOTHING,
        "lark",
        context_free=found,
        options={"start": start},
        narrowings=tuple(rules.narrowings),
    )


def _text_of(grammar: str | os.PathLike[str]) -> tuple[str, Path | None]:
    """The text of a grammar, and the folder it lies in."""
    if isinstance(grammar, str):
        if grammar.isidentifier() and grammar in library.names():
            return library.text_of(grammar), None
        if "\n" in grammar or not grammar.endswith(".lark"):
            return grammar, None
    path = Path(grammar)
    try:
        return path.read_text(encoding="utf-8"), path.parent
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the grammar {path}: {error}") from None
