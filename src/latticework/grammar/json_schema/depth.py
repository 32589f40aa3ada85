"""How deep recursive schemas and any value go: to a depth that an automaton holds, or, context-free, to any."""

from __future__ import annotations

from latticework.errors import LatticeworkError, LimitExceeded, SchemaError
from latticework.grammar.cfg.syntax import ContextFreeGrammar
from latticework.grammar.json_schema import recursion
from latticework.grammar.json_schema.document import Document
from latticework.grammar.json_schema.effort import lower_within_bounds
from latticework.grammar.json_schema.lowering import Lowering
from latticework.grammar.json_schema.options import Options
from latticework.grammar.json_schema.pushdown import Lowered, NoExactGrammar, lower_exactly
from latticework.grammar.limits import Limits

# With less than either, recursion="auto" looks for a grammar without a bound.
ENOUGH_LEVELS = 2  # of arrays and objects in any value
ENOUGH_TIMES = 4  # that a schema may stand below itself
# Most of a grammar for which an automaton is given up.
MAX_TERMINALS = 64
MAX_STATES = 3_000  # of its lexer
MAX_SPLITS = 16  # states of the lexer in which it follows two readings: they make the first canvas dear


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
    bounded = Lowered(*recursion.fitted(document, options, limits, found))
    lowering = bounded.lowering
    if options.recursion == "bounded" or lowering.issues or bounded.node is None or not _is_shallow(lowering, options):
        return bounded
    try:
        exact = lower_exactly(document, options, limits)
        if exact.context_free is not None:
            _check_size(exact.context_free, limits)
    except NoExactGrammar as error:
        lowering.narrow(f"nested no deeper, because {error}")
        return bounded
    except LatticeworkError:
        return bounded
    return bounded if exact.lowering.issues or exact.context_free is None else exact


def _check_size(grammar: ContextFreeGrammar, limits: Limits) -> None:
    """Raises ``LimitExceeded`` for a grammar that would take long to compile. Builds its lexer, which is kept."""
    from latticework.automata.longest import whole_lexer

    if len(grammar.terminals) > MAX_TERMINALS:
        raise LimitExceeded("terminals of a schema", MAX_TERMINALS)
    lexer = whole_lexer(grammar, min(MAX_STATES, limits.max_states))
    if (lexer.split_class >= 0).sum() > MAX_SPLITS:
        raise LimitExceeded("readings of a schema", MAX_SPLITS)


def _is_shallow(lowering: Lowering, options: Options) -> bool:
    """Whether the depth in force leaves out documents that are likely."""
    if lowering.reached is not None and lowering.reached < ENOUGH_TIMES:
        return True
    return options.max_depth is None and lowering.says_any_value and lowering.max_depth < ENOUGH_LEVELS
