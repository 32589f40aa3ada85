"""Holes that say what may stand in them: a rule of the whole text's grammar, or a grammar of their own.

Where the whole has a context-free grammar, a hole with a rule is a span that the rule derives in some derivation of the
whole, and a hole with a regular grammar a text of it, wherever lexemes of the whole begin. Where the whole has a
regular grammar or none, holes may have any grammars, and each is read alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from latticework.errors import InputError
from latticework.grammar.limits import DEFAULT_LIMITS
from latticework.models.holes import Form, Hole

if TYPE_CHECKING:
    from latticework.automata.regions import Mark, Region
    from latticework.grammar.cfg.syntax import ContextFreeGrammar
    from latticework.grammar.grammar import Grammar
    from latticework.lattice.chart.constraint import ContextFreeConstraint
    from latticework.lattice.chart.marked import MarkedConstraint
    from latticework.tokens.vocabulary import Vocabulary

Kind: TypeAlias = "str | Grammar"  # a rule, or a grammar
_INSIDE = "the grammar of this hole is context-free, and so is that of the whole text; texts of both cannot be told"
_INSTEAD = "name a rule of the whole grammar (rule=...), or give a grammar for one of the two only"


class _Language(NamedTuple):
    """A constraint that reads marks, and which stand where."""

    constraint: ContextFreeConstraint
    opening: tuple[int, ...]  # byte of the mark before a hole, by kind
    closing: tuple[int, ...]
    ending: int


def has_types(form: Form) -> bool:
    """Whether some hole has a rule or a grammar."""
    return any(isinstance(part, Hole) and part.is_typed for part in form.parts)


def typed_constraint(form: Form, whole: Grammar | None, vocabulary: Vocabulary) -> MarkedConstraint:
    """The constraint of a form with holes of rules and grammars; compiled once for the same ones in any places.

    Raises:
        InputError: there is no such rule, or it cannot be decided what may stand in a hole.
        LimitExceeded: the grammars are too large together.
    """
    from latticework.lattice.chart.marked import MarkedConstraint

    kinds: dict[Kind, int] = {}
    places: list[tuple[int, int, int]] = []  # first slot, slot behind, kind
    for place in form.holes:
        part = form.parts[place]
        if isinstance(part, Hole) and part.is_typed:
            number = kinds.setdefault(_kind(part), len(kinds))
            places.append((int(form.offset[place]), int(form.offset[place + 1]), number))
    found = _language(whole, tuple(kinds), vocabulary)
    marks = [
        mark for first, behind, kind in places for mark in ((first, found.opening[kind]), (behind, found.closing[kind]))
    ]
    return MarkedConstraint(vocabulary, found.constraint, marks, found.ending)


def _kind(hole: Hole) -> Kind:
    from latticework.grammar import Grammar, json_schema

    if hole.rule is not None:
        return hole.rule
    return hole.grammar if isinstance(hole.grammar, Grammar) else json_schema(hole.grammar)


@lru_cache(maxsize=8)
def _language(whole: Grammar | None, kinds: tuple[Kind, ...], vocabulary: Vocabulary) -> _Language:
    from latticework.automata.regions import MARK_BYTES

    if 2 * len(kinds) + 1 > len(MARK_BYTES):
        most = (len(MARK_BYTES) - 1) // 2
        raise InputError(f"the holes have {len(kinds)} different rules and grammars; at most {most} go together")
    rules = [kind for kind in kinds if isinstance(kind, str)]
    if rules and (whole is None or whole.context_free is None):
        of = "no grammar" if whole is None else f"a regular grammar ({whole.kind}), which has no rules"
        raise InputError(f"a hole has the rule {rules[0]!r}, but the whole text has {of}: give grammar=lw.lark(...)")
    if whole is not None and all(isinstance(kind, str) or kind.context_free is None for kind in kinds):
        return _inside(whole, kinds, vocabulary)
    if whole is not None and whole.context_free is not None:
        raise InputError(f"{_INSIDE}: {_INSTEAD}")
    return _between(whole, [kind for kind in kinds if not isinstance(kind, str)], vocabulary)


def _inside(whole: Grammar, kinds: Sequence[Kind], vocabulary: Vocabulary) -> _Language:
    """Holes in a whole whose lexer reads all of the text."""
    from latticework.automata.conditions import condition_automaton
    from latticework.automata.ignored import set_apart
    from latticework.automata.longest import whole_lexer
    from latticework.automata.regions import MARK_BYTES, Mark, Region
    from latticework.grammar.cfg.marked import with_marked_rules

    grammar = whole.as_context_free()
    rules = [kind for kind in kinds if isinstance(kind, str)]
    lexer = set_apart(whole_lexer(grammar, DEFAULT_LIMITS.max_states))
    condition = None if grammar.condition is None else condition_automaton(grammar.condition)
    if condition is not None and len(rules) < len(kinds):
        raise InputError("holes with grammars are not filled in a text whose grammar has a condition (grammar & other)")
    regions, marks = [Region(lexer, automaton=condition, may_end=True)], []
    terminals = len(grammar.terminals)
    opening, closing = MARK_BYTES[: len(kinds)], MARK_BYTES[len(kinds) : 2 * len(kinds)]
    for kind, before, behind in zip(kinds, opening, closing, strict=True):
        if isinstance(kind, str):
            marks += [
                Mark(before, 0, 0, terminals + rules.index(kind), restarts=False),
                Mark(behind, 0, 0, terminals + len(rules), restarts=False),
            ]
        else:
            own = len(regions)
            regions.append(Region(lexer, automaton=condition_automaton(kind.node, f"the grammar {kind.kind}")))
            marks += [Mark(before, 0, own), Mark(behind, own, 0, completes=True)]
    marked = with_marked_rules(grammar, rules) if rules else grammar
    return _Language(_constraint(marked, regions, marks, vocabulary), opening, closing, -1)


def _between(whole: Grammar | None, kinds: Sequence[Grammar], vocabulary: Vocabulary) -> _Language:
    """Holes whose texts are read each alone; the whole is a condition on all of the text, if there is one."""
    from latticework.automata.conditions import condition_automaton
    from latticework.automata.ignored import set_apart
    from latticework.automata.longest import whole_lexer
    from latticework.automata.regions import MARK_BYTES, Mark, Region
    from latticework.grammar.cfg.marked import OTHER_TEXT, with_marked_texts

    grammars = [kind.as_context_free() for kind in kinds]
    grammar, first = with_marked_texts(grammars)
    automaton = None if whole is None else condition_automaton(whole.node, f"the grammar {whole.kind}")
    count = len(kinds)
    opening, closing, ending = MARK_BYTES[:count], MARK_BYTES[count : 2 * count], MARK_BYTES[2 * count]
    regions = [Region(whole_lexer(OTHER_TEXT, DEFAULT_LIMITS.max_states), automaton=automaton)]
    marks = [Mark(ending, 0, 0, count + 2, is_cut=True, restarts=False, completes=True)]
    for number, (own, shift) in enumerate(zip(grammars, first, strict=True)):
        regions.append(Region(set_apart(whole_lexer(own, DEFAULT_LIMITS.max_states)), shift, automaton))
        marks += [
            Mark(opening[number], 0, number + 1, number + 1, is_cut=True, restarts=False),
            Mark(closing[number], number + 1, 0, count + 1, is_cut=True, restarts=False),
        ]
    return _Language(_constraint(grammar, regions, marks, vocabulary), opening, closing, ending)


def _constraint(
    grammar: ContextFreeGrammar, regions: Sequence[Region], marks: Sequence[Mark], vocabulary: Vocabulary
) -> ContextFreeConstraint:
    from latticework.automata.regions import lexer_with_marks
    from latticework.automata.rules import rules_of
    from latticework.compiler import budget_of
    from latticework.lattice.chart.marked import with_marks

    return with_marks(vocabulary, rules_of(grammar), lexer_with_marks(regions, marks), budget_of(DEFAULT_LIMITS))
