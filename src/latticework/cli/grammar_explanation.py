"""Where a text leaves the language of a grammar, and which lexemes could stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latticework.errors import LimitExceeded

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar
    from latticework.lattice.chart.constraint import ContextFreeConstraint
    from latticework.lattice.explain import Explanation

_MOST_ASKED = 120  # terminals


def explained(grammar: Grammar, text: str, is_file: bool) -> tuple[str, Explanation, list[str]]:
    """The text that was looked at, the verdict, and names of what could stand where the text leaves the language.

    No names are given where the text leaves it within a lexeme, or where it takes too long to find them.

    Args:
        is_file: whether line breaks at the end do not count.

    Raises:
        LimitExceeded: the grammar is too large, or a question about the text takes too much.
    """
    from latticework.compiler import compile
    from latticework.lattice.arranged.constraint import ArrangedConstraint
    from latticework.lattice.constraint import Constraint
    from latticework.tokens.vocabulary import Vocabulary

    constraint = compile(grammar, Vocabulary([bytes([byte]) for byte in range(256)]))
    bare = text.rstrip("\r\n")
    if is_file and not constraint.accepts(text) and constraint.accepts(bare):
        text = bare
    found = constraint.explain(text)
    if found.accepted or isinstance(constraint, Constraint | ArrangedConstraint):
        return text, found, []
    try:
        return text, found, expected_lexemes(constraint, text.encode("utf-8", "surrogatepass")[: found.offset])
    except LimitExceeded:
        return text, found, []


def expected_lexemes(constraint: ContextFreeConstraint, begin: bytes) -> list[str]:
    """Names of the terminals that may come behind the beginning of a text; none where a lexeme is not complete.

    Each terminal is tried with one of its texts, behind a blank where it would make the last lexeme longer. Cost: a
    question for each.
    """
    from latticework.automata.followers import followers_of, terminals_of
    from latticework.grammar.cfg.checks import some_text

    rules = constraint.grammar.context_free
    pending = constraint.longer(begin)
    if pending is None:
        return []
    candidates = terminals_of(followers_of(rules).useful)
    if len(candidates) > _MOST_ASKED:
        return []
    names = []
    for number in candidates:
        sample = some_text(rules.terminals[number].pattern)
        if sample is None:
            continue
        apart = b" " if pending[sample[0]] and constraint.goes_on(begin + b" ") else b""
        if (apart or not pending[sample[0]]) and constraint.goes_on(begin + apart + sample):
            names.append(_shown(rules.terminals[number].name))
    if constraint.accepts(begin):
        names.append("the end of the text")
    return list(dict.fromkeys(names))


def _shown(name: str) -> str:
    """Line breaks of all levels are one to a reader."""
    return name if name[0] in "\"'/" else name.partition(", ")[0]
