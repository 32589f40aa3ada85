"""Putting grammars together: regular languages and context-free grammars, each with its own way to cut lexemes.

Every part keeps its modes, so that its terminals and what it ignores do not meddle with the others. A regular language
is one terminal that may end wherever it matches. Where the lexemes of two parts may come next, a lexeme of one part
that could go on in that part does not end; so a text is left out if it is found only by ending one there. Lexemes that
are complete in their own part (brackets, strings, ...) end, whatever the other part could make of what follows.

What one part ignores and another does not is ignored around the lexemes of that part only. A text is left out if that
cannot be told by the lexemes beside the ignored text: where the lexeme before may be of either part, and where a part
is blank. What one of its other terminals is or begins with is not ignored at the end of a part, either.
"""

from __future__ import annotations

from dataclasses import replace

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
    draft.add(start, [tuple(_embedded(draft, parts))])
    return draft.finish(start)


def union(parts: list[ContextFreeGrammar]) -> ContextFreeGrammar:
    """Texts of any part."""
    draft = Draft()
    start = draft.nonterminal("union")
    draft.add(start, [(symbol,) for symbol in _embedded(draft, parts)])
    return draft.finish(start)


def _embedded(draft: Draft, parts: list[ContextFreeGrammar]) -> list[int]:
    """The start symbols of the parts in ``draft``, each with modes of its own behind those there."""
    # Modes from 1 on: mode 0 is that of a grammar around the parts, and there is none.
    return [draft.embed(_complete_where_they_end(part), max(draft.modes, 1)) for part in parts]


def _complete_where_they_end(grammar: ContextFreeGrammar) -> ContextFreeGrammar:
    """Terminals that no lexeme of the grammar ever goes on from need not look further to end. Builds its lexer."""
    from latticework.automata.lexing import build_lexer

    if not any(terminal.munch for terminal in grammar.terminals):
        return grammar
    lexer = build_lexer(grammar)
    goes_on = (lexer.accept_class >= 0) & (lexer.next_state >= 0).any(axis=1)
    open_ended = set(grammar.ignored)
    for found in set(lexer.accept_class[goes_on].tolist()):
        open_ended.update(lexer.class_terminal[lexer.class_offset[found] : lexer.class_offset[found + 1]].tolist())
    terminals = tuple(
        terminal if number in open_ended else replace(terminal, munch=False)
        for number, terminal in enumerate(grammar.terminals)
    )
    return replace(grammar, terminals=terminals)
