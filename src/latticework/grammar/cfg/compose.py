"""Putting grammars together: regular languages and context-free grammars, each with its own way to cut lexemes.

Every part keeps its modes, so that its terminals and what it ignores do not meddle with the others. A regular language
is one terminal that may end wherever it matches. Where the lexemes of two parts may come next, the longest of both is
taken, so a text is left out if it is found only by ending a lexeme of one part where one of the other could go on.
"""

from __future__ import annotations

from latticework.grammar import ir
from latticework.grammar.cfg.draft import Draft
from latticework.grammar.cfg.emptiness import accepts_nothing
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Terminal


def one_lexeme(language: ir.Node, name: str) -> ContextFreeGrammar:
    """A regular language as a context-free grammar."""
    draft = Draft()
    start = draft.nonterminal(name)
    if language == ir.EMPTY:
        draft.add(start, [()])
        return draft.finish(start)
    if accepts_nothing(language):
        draft.add(start, [()])
        language = ir.Except(language, ir.EMPTY)
    if language != ir.NOTHING:
        draft.add(start, [(draft.terminal(Terminal(name, language, munch=False)),)])
    return draft.finish(start)


def concatenation(parts: list[ContextFreeGrammar]) -> ContextFreeGrammar:
    """Texts of the parts one after the other; what a part ignores may stand around its lexemes."""
    draft = Draft()
    start = draft.nonterminal("concat")
    draft.add(start, [tuple(embedded(draft, parts))])
    return draft.finish(start)


def union(parts: list[ContextFreeGrammar]) -> ContextFreeGrammar:
    """Texts of any part."""
    draft = Draft()
    start = draft.nonterminal("union")
    draft.add(start, [(symbol,) for symbol in embedded(draft, parts)])
    return draft.finish(start)


def embedded(draft: Draft, parts: list[ContextFreeGrammar]) -> list[int]:
    """The start symbols of the parts in ``draft``, each with modes of its own behind those there."""
    return [draft.embed(part, draft.modes) for part in parts]
