"""A context-free grammar whose texts are written as JSON strings.

How they are cut into lexemes is decided on the decoded text, so it is the same as without the string
(:mod:`latticework.automata.escaped`).
"""

from __future__ import annotations

from dataclasses import replace

from latticework.errors import InputError
from latticework.grammar import ir
from latticework.grammar.cfg.draft import Draft
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Terminal

_QUOTE = ir.Literal(b'"')


def quoted(grammar: ContextFreeGrammar) -> ContextFreeGrammar:
    """The texts of ``grammar``, each as a JSON string with its quotation marks.

    Raises:
        InputError: it has a condition, holds such strings already, or has no lexeme that a rule uses.
    """
    from latticework.automata.followers import followers_of

    if any(terminal.writing != "plain" for terminal in grammar.terminals):
        raise InputError("a JSON string of a grammar cannot stand in another one, escaped twice")
    if not followers_of(grammar).first:
        raise InputError("a grammar whose rules have no lexemes cannot be written as a JSON string")
    draft = Draft()
    start = draft.nonterminal("string")
    opening = draft.terminal(Terminal('"', _QUOTE, munch=False, writing="opening"))
    escaped = tuple(replace(terminal, writing="escaped") for terminal in grammar.terminals)
    content = draft.embed(replace(grammar, terminals=escaped), draft.modes)
    closing = draft.terminal(Terminal('"', _QUOTE, munch=False, writing="closing"))
    draft.add(start, [(opening, content, closing)])
    return draft.finish(start)
