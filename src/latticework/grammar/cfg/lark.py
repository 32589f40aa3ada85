"""``lark``: grammars in the Lark language, read by our own reader."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from latticework.errors import InputError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.cfg import library
from latticework.grammar.cfg.checks import endless, losing, refuse_empty
from latticework.grammar.cfg.indentation import Indentation, laid_out
from latticework.grammar.cfg.lark_rules import Rules
from latticework.grammar.cfg.lark_text import is_terminal_name
from latticework.grammar.cfg.modules import Loader
from latticework.grammar.grammar import Grammar
from latticework.grammar.limits import DEFAULT_LIMITS, Limits


def lark(
    grammar: str | os.PathLike[str],
    start: str = "start",
    *,
    terminals: Mapping[str, Grammar] | None = None,
    rules: Mapping[str, Grammar] | None = None,
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
        terminals: regular grammars (a JSON Schema, say) for terminals that the text declares with ``%declare``; such a
            lexeme may end wherever it matches.
        rules: any grammars for rules that the text declares; they keep their own way to cut lexemes.
        indentation: how blocks are laid out, where the grammar has them; known for those that come with the package.
        folder: where relative imports are looked up; the folder of the file where a path is given.

    Raises:
        GrammarError: something in the text is wrong or unknown; with line, column and caret.
        LimitExceeded: the text is longer than ``limits.max_schema_bytes``, or makes more than ``limits.max_nodes``
            symbols.
        InputError: the file cannot be read, no grammar has the name, or one given for a terminal is context-free.
    """
    text, home = _text_of(grammar)
    if indentation is None and text != grammar:
        indentation = library.INDENTED.get(str(grammar))
    if len(text) > limits.max_schema_bytes:
        raise LimitExceeded("max_schema_bytes", limits.max_schema_bytes, hint=f"the grammar has {len(text)} characters")
    module = Loader().main(text, Path(folder) if folder is not None else home)
    layout = frozenset() if indentation is None else indentation.names
    lowered = Rules(module, _given(terminals or {}, rules or {}), layout, limits)
    symbol = lowered.lower(start)
    refuse_empty(lowered.draft, symbol)
    if indentation is None:
        found = lowered.draft.finish(symbol)
    else:
        found = laid_out(lowered.draft, symbol, indentation, lowered.layout_symbols)
        lowered.narrowings.append(indentation.described())
    own = [terminal for symbol, terminal in enumerate(lowered.draft.terminals) if symbol not in lowered.layout_symbols]
    return Grammar(
        ir.NOTHING,
        "lark",
        context_free=found,
        options={"start": start},
        warnings=(*lowered.warnings, *lowered.unused(), *endless(lowered.draft, symbol), *losing(own)),
        narrowings=tuple(lowered.narrowings),
    )


def _given(terminals: Mapping[str, Grammar], rules: Mapping[str, Grammar]) -> dict[str, Grammar]:
    for name, grammar in terminals.items():
        if grammar.context_free is not None:
            raise InputError(f"the grammar given for the terminal {name} is context-free: give it for a rule")
        if not is_terminal_name(name):
            raise InputError(f"a terminal is named in capitals, not {name}")
    for name in rules:
        if is_terminal_name(name):
            raise InputError(f"a rule is named in small letters, not {name}")
    return {**terminals, **rules}


def _text_of(grammar: str | os.PathLike[str]) -> tuple[str, Path | None]:
    """The text of a grammar, and the folder it lies in."""
    if isinstance(grammar, str):
        if grammar.isidentifier():
            if grammar not in library.names():
                raise InputError(f"no grammar {grammar!r} comes with the package: {', '.join(library.names())}")
            return library.text_of(grammar), None
        if "\n" in grammar or not grammar.endswith(".lark"):
            return grammar, None
    path = Path(grammar)
    try:
        return path.read_text(encoding="utf-8"), path.parent
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the grammar {path}: {error}") from None
