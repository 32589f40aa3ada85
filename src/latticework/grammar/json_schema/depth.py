"""How deep recursive schemas and any value go: to a depth that an automaton holds, or, context-free, to any."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from latticework.errors import LatticeworkError, LimitExceeded, SchemaError
from latticework.grammar.cfg.syntax import ContextFreeGrammar
from latticework.grammar.json_schema import orders, recursion
from latticework.grammar.json_schema.capping import capped
from latticework.grammar.json_schema.document import Document
from latticework.grammar.json_schema.effort import lower_within_bounds
from latticework.grammar.json_schema.lowering import Lowering
from latticework.grammar.json_schema.options import Options
from latticework.grammar.json_schema.pushdown import Lowered, NoExactGrammar, lower_exactly
from latticework.grammar.limits import Limits
from latticework.grammar.shortest import fewest_bytes

# With less than either, recursion="auto" looks for a grammar without a bound.
ENOUGH_LEVELS = 2  # of arrays and objects in any value
ENOUGH_TIMES = 4  # that a schema may stand below itself


class Size(NamedTuple):
    """Most of a context-free grammar: terminals, states of its lexer, and those in which that follows two readings."""

    terminals: int
    states: int
    splits: int


# Most of a grammar for which an automaton is given up. The first canvas is dear where documents are long.
MOST = Size(64, 3_000, 16)
MOST_OF_SHORT = Size(160, 6_000, 128)
SHORT = 150  # bytes of the shortest document up to which documents are short


def lower_document(document: Document, options: Options, limits: Limits) -> Lowered:
    """The document lowered, as ``options.recursion`` says.

    Raises:
        SchemaError: ``"exact"``, and there is no such grammar.
        LimitExceeded: too large, whatever the depth.
    """
    if options.recursion == "exact" or options.needs_rules:
        try:
            return lower_exactly(document, options, limits)
        except NoExactGrammar as error:
            raise SchemaError((error.issue,)) from None
    found = lower_within_bounds(document, options, limits, recursion.lower)
    if orders.are_too_many(found[1]):
        options = replace(options, second_order=False)
        found = lower_within_bounds(document, options, limits, recursion.lower)
    bounded = Lowered(*recursion.fitted(document, options, limits, found))
    lowering = bounded.lowering
    if options.recursion == "bounded" or lowering.issues or bounded.node is None or not _is_shallow(lowering, options):
        return Lowered(lowering, capped(document, lowering, bounded.node, limits))
    try:
        exact = lower_exactly(document, options, limits)
        if exact.context_free is not None:
            _check_size(exact.context_free, MOST_OF_SHORT if fewest_bytes(bounded.node) <= SHORT else MOST, limits)
    except NoExactGrammar as error:
        lowering.narrow(f"nested no deeper, because {error}")
        return bounded
    except LatticeworkError:
        return bounded
    return bounded if exact.lowering.issues or exact.context_free is None else exact


def _check_size(grammar: ContextFreeGrammar, most: Size, limits: Limits) -> None:
    """Raises ``LimitExceeded`` for a grammar that would take long to compile. Builds its lexer, which is kept."""
    from latticework.automata.longest import whole_lexer

    if len(grammar.terminals) > most.terminals:
        raise LimitExceeded("terminals of a schema", most.terminals)
    lexer = whole_lexer(grammar, min(most.states, limits.max_states))
    if (lexer.split_class >= 0).sum() > most.splits:
        raise LimitExceeded("readings of a schema", most.splits)


def _is_shallow(lowering: Lowering, options: Options) -> bool:
    """Whether the depth in force leaves out documents that are likely."""
    if lowering.reached is not None and lowering.reached < ENOUGH_TIMES:
        return True
    return options.max_depth is None and lowering.says_any_value and lowering.max_depth < ENOUGH_LEVELS
