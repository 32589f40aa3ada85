"""The lexer of a grammar whose texts have to be in a regular language besides."""

from __future__ import annotations

from latticework.automata.algebra import expand
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.automata.ignored import set_apart
from latticework.automata.lexer import Lexer
from latticework.automata.longest import whole_lexer
from latticework.automata.regions import Region, lexer_with_marks
from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.cfg.syntax import ContextFreeGrammar
from latticework.grammar.limits import Limits

MAX_CONDITION = 20_000  # states


def complete_lexer(grammar: ContextFreeGrammar, max_states: int) -> Lexer:
    """The lexer of whole texts, ignored text set apart, with the condition of the grammar.

    With a condition it is a product, and there is a class of lexemes for each state of the condition in which one may
    end: conditions that remember much are dear.

    Raises:
        LimitExceeded: the lexer or the condition is too large, or both together.
        InputError: lexemes of the grammar end in two ways, so that they cannot be told under a condition.
    """
    lexer = set_apart(whole_lexer(grammar, max_states))
    if grammar.condition is None:
        return lexer
    return lexer_with_marks([Region(lexer, automaton=condition_automaton(grammar.condition), may_end=True)], [])


def condition_automaton(condition: ir.Node, name: str = "the condition of the grammar") -> ByteAutomaton:
    """A language without counters. Raises ``LimitExceeded``, which names it."""
    try:
        return expand(build_automaton(condition, Limits()), MAX_CONDITION)
    except LimitExceeded as error:
        hint = "counted repetitions are written out here: give it a smaller one"
        raise LimitExceeded(error.limit, error.bound, name, hint) from None
