"""Grammars whose texts hold marks around a part: a span that a rule derives, or texts of other grammars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from latticework.errors import InputError
from latticework.grammar import ir
from latticework.grammar.cfg.draft import Draft
from latticework.grammar.cfg.indentation import name_of_rule
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Production, Terminal

_MARK = Terminal("mark", ir.NOTHING)
_OTHER = Terminal("text", ir.Repeat(ir.ANY_CHAR, 1, None))
# Any text, as one lexeme.
OTHER_TEXT = ContextFreeGrammar((_OTHER,), ("text",), (Production(1, (0,)), Production(1, ())), 1)


def with_marked_rules(grammar: ContextFreeGrammar, rules: Sequence[str]) -> ContextFreeGrammar:
    """``grammar``, in whose texts any span that a rule (or a terminal) derives may stand between two marks.

    The marks are terminals behind the ``T`` of the grammar: ``T + i`` before a span of rule ``i``, and ``T + n`` behind
    one of any of the ``n`` rules. All copies that a layout made of a rule count as that rule.

    Raises:
        InputError: the grammar has no such rule; names the nearest ones.
    """
    count, marks = len(grammar.terminals), len(rules) + 1
    moved = [*range(count), *(count + marks + index for index in range(len(grammar.nonterminals)))]
    names = list(grammar.nonterminals)
    productions: list[Production] = []
    of_terminal: dict[int, int] = {}
    for mark, rule in enumerate(rules):
        for symbol in symbols_of(grammar, rule):
            if symbol < count and symbol not in of_terminal:
                of_terminal[symbol] = count + marks + len(names)
                names.append(grammar.name(symbol))
                productions.append(Production(of_terminal[symbol], (symbol,)))
            own = of_terminal.get(symbol, moved[symbol])
            productions.append(Production(own, (count + mark, own, count + len(rules))))
    for production in grammar.productions:
        right = tuple(of_terminal.get(symbol, moved[symbol]) for symbol in production.right)
        productions.append(Production(moved[production.left], right))
    return ContextFreeGrammar(
        terminals=(*grammar.terminals, *[_MARK] * marks),
        nonterminals=tuple(names),
        productions=tuple(productions),
        start=moved[grammar.start],
        ignored=grammar.ignored,
    )


def symbols_of(grammar: ContextFreeGrammar, rule: str) -> list[int]:
    """The nonterminals that stand for a rule, or the terminal of that name. Raises as :func:`with_marked_rules`."""
    count = len(grammar.terminals)
    named = [name_of_rule(name) for name in grammar.nonterminals]
    ignored = set(grammar.ignored)
    found = [index for index, own in enumerate(grammar.terminals) if own.name == rule and index not in ignored]
    found = found or [count + index for index, name in enumerate(named) if name == rule]
    if not found:
        known = [*dict.fromkeys(named), *(terminal.name for terminal in grammar.terminals)]
        close = get_close_matches(rule, [name for name in known if name.isidentifier()], 3)
        hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
        raise InputError(f"the grammar has no rule {rule!r} that its texts are made of{hint}")
    return found


def with_marked_texts(grammars: Sequence[ContextFreeGrammar]) -> tuple[ContextFreeGrammar, list[int]]:
    """Texts of the ``n`` grammars between marks, and any other text around them; a mark at the end of it all.

    Terminals: 0 is other text, ``1 + i`` the mark before a text of grammar ``i``, ``n + 1`` the one behind any of them,
    ``n + 2`` that of the end; then come those of the grammars.

    Returns:
        The grammar, and the number of the first terminal of every grammar.
    """
    draft = Draft()
    other = draft.terminal(_OTHER)
    opening = [draft.terminal(_MARK) for _ in grammars]
    closing, end = draft.terminal(_MARK), draft.terminal(_MARK)
    first: list[int] = []
    start, texts = draft.nonterminal("text with holes"), draft.nonterminal("texts")
    draft.add(start, [(texts, end)])
    draft.add(texts, [(), (texts, other)])
    draft.competing = list(range(len(draft.terminals)))
    for mark, grammar in zip(opening, grammars, strict=True):
        first.append(len(draft.terminals))
        draft.add(texts, [(texts, mark, draft.embed(grammar, draft.modes), closing)])
    found = draft.finish(start)
    return replace(found, ignored=()), first
