"""Recursive schemas and any JSON value to any depth: a context-free grammar, cut where a schema refers to itself.

Everything between the cuts stays regular and is made of terminals (:mod:`latticework.grammar.cfg.nested`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from latticework.errors import SchemaIssue
from latticework.grammar import ir
from latticework.grammar.cfg.nested import NotContextFree, Rule, grammar_of, holds_rule
from latticework.grammar.cfg.syntax import ContextFreeGrammar
from latticework.grammar.json_schema.cuts import Cuts
from latticework.grammar.json_schema.document import Document
from latticework.grammar.json_schema.effort import lower_within_bounds
from latticework.grammar.json_schema.lowering import Lowering
from latticework.grammar.json_schema.options import Options
from latticework.grammar.json_schema.recursion import lower_once
from latticework.grammar.limits import Limits

_WHAT_TO_DO = 'use recursion="bounded"'


@dataclass(frozen=True, slots=True)
class Lowered:
    """A document as a grammar, with what is to be reported.

    ``node`` is its language where nothing recurs, ``None`` where nothing satisfies it or it is ``context_free``.
    """

    lowering: Lowering
    node: ir.Node | None
    context_free: ContextFreeGrammar | None = None


class NoExactGrammar(Exception):
    """Why there is no grammar without a bound on the depth. Internal."""

    def __init__(self, message: str, hint: str = _WHAT_TO_DO) -> None:
        super().__init__(message)
        self.issue = SchemaIssue("", "", message, hint)


def lower_exactly(document: Document, options: Options, limits: Limits) -> Lowered:
    """The whole document with rules for what recurs.

    Raises:
        NoExactGrammar: it cannot be written so.
        LimitExceeded: too large, whatever the depth.
    """
    if options.style.by_level:
        raise NoExactGrammar("a layout that depends on the depth bounds it", 'use another whitespace than "pretty"')
    lowering, node = lower_within_bounds(document, options, limits, _lower)
    cuts = lowering.cuts
    grammars = {
        string.node.name: string.context_free
        for string in options.strings
        if isinstance(string.node, Rule) and string.context_free is not None
    }
    if lowering.issues or node is None or cuts is None or not (cuts.rules or (grammars and holds_rule(node))):
        return Lowered(lowering, node)
    try:
        grammar = grammar_of(cuts.start, {**cuts.rules, cuts.start: node}, grammars)
    except NotContextFree as error:
        what = "a schema that refers to itself, any value, or a string with a grammar"
        message = f"{what}, stands inside what needs an automaton: {error}"
        raise NoExactGrammar(message) from None
    return Lowered(lowering, None, grammar if grammar.productions else None)


def _lower(document: Document, options: Options, limits: Limits) -> tuple[Lowering, ir.Node | None]:
    return lower_once(document, replace(options, lazy=False), limits, 1, Cuts(options.style))
