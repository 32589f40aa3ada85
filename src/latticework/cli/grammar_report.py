"""What ``check`` says of a context-free grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latticework.lattice.chart.constraint import ContextFreeConstraint


def context_free_facts(constraint: ContextFreeConstraint) -> dict[str, Any]:
    """Sizes of the rules, the lexer and the tables, by name.

    Raises:
        Infeasible: no text can be written with the vocabulary.
        LimitExceeded: it takes too long to find the fewest tokens of a text.
    """
    rules = constraint.grammar.context_free
    lexical = constraint.language.lexical
    return {
        "kind": constraint.grammar.kind,
        "min_tokens": constraint.min_tokens,
        "vocabulary": len(constraint.vocabulary),
        "terminals": len(rules.terminals),
        "nonterminals": len(rules.nonterminals),
        "productions": len(rules.productions),
        "chart_symbols": constraint.language.rules.symbols,
        "lexer_states": constraint.lexer.states,
        "lexeme_classes": constraint.lexer.classes,
        "token_classes": lexical.classes,
        "table_bytes": constraint.nbytes,
    }
