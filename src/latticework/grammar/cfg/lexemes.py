"""What a terminal is written as -> its language.

A terminal denotes a language; the order of alternatives does not count. What looks around may look within the lexeme
only. Lazy repetitions: :mod:`.shortest`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from latticework.errors import GrammarError
from latticework.grammar import ir
from latticework.grammar.cfg import expressions as ex
from latticework.grammar.cfg.emptiness import accepts_nothing
from latticework.grammar.cfg.expressions import Expression, Source, Span
from latticework.grammar.cfg.guards import without_guards
from latticework.grammar.cfg.lark_text import is_terminal_name
from latticework.grammar.cfg.modules import Entry, Module
from latticework.grammar.cfg.shortest import is_lazy, language_with_lazy_parts
from latticework.grammar.combine import alt, repeat, seq
from latticework.grammar.regex import classes, lowered_tree, parsed
from latticework.grammar.regex.folding import folded
from latticework.grammar.regex.reach import looks_ahead, looks_back
from latticework.grammar.regex.syntax import (
    Alternation,
    CharSet,
    Concat,
    Pattern,
    Repetition,
    asserts,
    contains,
)

_T = TypeVar("_T")


class _Traits(NamedTuple):
    """``is_plain``: no assertion and nothing lazy; ``has_dialects``: some class differs between dialects."""

    is_plain: bool
    has_dialects: bool


class Lexeme(NamedTuple):
    """The language of a terminal, and those that must not be read in its place (:mod:`.guards`)."""

    language: ir.Node
    guards: list[ir.Node]


class Lexemes:
    """Languages of the terminals of some modules, each worked out once."""

    def __init__(self) -> None:
        self.used: set[Entry] = set()
        self._trees: dict[Entry, Pattern] = {}
        self._nodes: dict[Entry, ir.Node] = {}
        self._traits: dict[Entry, _Traits] = {}
        self._open: list[Entry] = []

    def lexeme(self, module: Module, body: Expression) -> Lexeme:
        """What a body that stands in ``module`` says.

        Raises:
            GrammarError: it is empty, holds the empty text, looks beyond the lexeme, or is written wrongly.
        """
        source = module.source
        try:
            node, guards = self._lexeme(module, body)
        except _Unplaced as error:
            source.fail(error.message, body.span, error.hint)
        if node == ir.NOTHING:
            source.fail("no text matches this terminal", body.span)
        if accepts_nothing(node):
            source.fail("this terminal matches the empty text", body.span, "make it optional where it is used")
        return Lexeme(node, [guard for guard in guards if guard != ir.NOTHING])

    def has_dialects(self, module: Module, body: Expression) -> bool:
        """Whether a class holds characters in one dialect of regular expressions that it leaves out in another."""
        return self._traits_of(module, body).has_dialects

    def _lexeme(self, module: Module, body: Expression) -> Lexeme:
        if self._traits_of(module, body).is_plain:
            return Lexeme(self._node(module, body), [])
        tree, guards = without_guards(self._tree(module, body))
        if looks_ahead(tree, 0) or looks_back(tree, 0):
            hint = "a lexeme is matched alone: leave the condition out, or make what it looks at a part of the lexeme"
            raise _Unplaced("this terminal depends on what stands beside it", hint)
        try:
            return Lexeme(language_with_lazy_parts(tree), [language_with_lazy_parts(guard) for guard in guards])
        except GrammarError as error:
            raise _Unplaced(error.message, error.hint) from None

    def _traits_of(self, module: Module, body: Expression) -> _Traits:
        match body:
            case ex.Regex():
                tree = _regex(module.source, body)
                return _Traits(not asserts(tree) and not contains(tree, is_lazy), contains(tree, _has_dialects))
            case ex.Sequence(parts) | ex.Choice(parts):
                return _all_traits(self._traits_of(module, part) for part in parts)
            case ex.Repeat(inner):
                return self._traits_of(module, inner)
            case ex.Name():
                return self._through(module, body, self._traits, self._traits_of, _all_traits)
            case ex.Use(span=span):
                module.source.fail("a terminal is made of terminals, not of rules", span)
        return _Traits(True, False)

    def _node(self, module: Module, body: Expression) -> ir.Node:
        """The language of a body without assertions and lazy repetitions."""
        match body:
            case ex.Sequence(parts):
                return seq([self._node(module, part) for part in parts])
            case ex.Choice(options):
                return alt([self._node(module, option) for option in options])
            case ex.Repeat(inner, low, high):
                return repeat(self._node(module, inner), low, high)
            case ex.Name():
                return self._through(module, body, self._nodes, self._node, alt)
            case ex.Text(text, ignore_case=False):
                return ir.Literal(text.encode())
        return lowered_tree(self._tree(module, body))

    def _tree(self, module: Module, body: Expression) -> Pattern:
        span = body.span
        match body:
            case ex.Text(text, ignore_case):
                parts = tuple(_character(char, ignore_case, span) for char in text)
                return parts[0] if len(parts) == 1 else Concat(parts, span)
            case ex.CharSet(ranges):
                return CharSet(*classes.exact(ranges), span)
            case ex.Regex():
                return _regex(module.source, body)
            case ex.Sequence(parts):
                return Concat(tuple(self._tree(module, part) for part in parts), span)
            case ex.Choice(options):
                return Alternation(tuple(self._tree(module, option) for option in options), span)
            case ex.Repeat(inner, low, high):
                return Repetition(self._tree(module, inner), low, high, span)
            case ex.Name():
                return self._through(
                    module, body, self._trees, self._tree, lambda trees: Alternation(tuple(trees), span)
                )
            case ex.Use():
                module.source.fail("a terminal is made of terminals, not of rules", span)

    def _through(
        self,
        module: Module,
        name: ex.Name,
        known: dict[Entry, _T],
        of_body: Callable[[Module, Expression], _T],
        join: Callable[[list[_T]], _T],
    ) -> _T:
        """What a named terminal is, worked out where it is defined."""
        entry = module.entry(name.name, name.span)
        if not is_terminal_name(name.name):
            module.source.fail("a terminal is made of terminals, not of rules", name.span)
        if entry.is_declared:
            hint = "it may stand in rules, not inside other terminals"
            module.source.fail(f"{name.name} is only declared", name.span, hint)
        if entry in self._open:
            hint = "what nests is a rule: in small letters"
            module.source.fail(f"the terminal {name.name} is made of itself", name.span, hint)
        self.used.add(entry)
        if entry not in known:
            self._open.append(entry)
            found = [of_body(*body) for body in entry.bodies]
            self._open.pop()
            known[entry] = found[0] if len(found) == 1 else join(found)
        return known[entry]


class _Unplaced(Exception):
    """Something is wrong with a terminal as a whole."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def _all_traits(traits: Iterable[_Traits]) -> _Traits:
    found = list(traits)
    return _Traits(all(one.is_plain for one in found), any(one.has_dialects for one in found))


def _has_dialects(pattern: Pattern) -> bool:
    return isinstance(pattern, CharSet) and pattern.ranges != pattern.outer


def single_text(entry: Entry) -> ex.Text | None:
    """The text of a terminal that is nothing but one."""
    bodies = [body for _, body in entry.bodies]
    return bodies[0] if len(bodies) == 1 and isinstance(bodies[0], ex.Text) else None


def _character(char: str, ignore_case: bool, span: Span) -> CharSet:
    klass = classes.exact(((ord(char), ord(char)),))
    if ignore_case and char.isascii():
        klass = classes.exact([(ord(form), ord(form)) for form in (char.lower(), char.upper())])
    elif ignore_case:
        klass = folded(klass)
    return CharSet(*klass, span)


def _regex(source: Source, body: ex.Regex) -> Pattern:
    flags = "".join(flag for flag in "imsux" if flag in body.flags)
    if "l" in body.flags:
        source.fail("the flag l (locale) is not supported", body.span)
    prefix = f"(?{flags})" if flags else ""
    try:
        return parsed(prefix + body.pattern)
    except GrammarError as error:
        shift = body.span[0] + 1 - len(prefix)
        source.fail(error.message, (max(error.span[0] + shift, body.span[0]), error.span[1] + shift), error.hint)
