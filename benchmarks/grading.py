"""Grading a JSON Schema against JSON values, whatever their spelling: what the engine makes of each verdict.

A value is accepted where the compiled language has one of its texts: in one layout, objects in any order of their keys,
and numbers that are whole with and without a fraction where the draft takes both for the same. So the choices of
spelling that a grammar makes do not count, and a wrong acceptance in any of the texts does. The language is that of an
automaton or, where the schema nests to any depth, of a context-free grammar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, permutations, product
from typing import Any

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.automata.longest import whole_lexer
from latticework.automata.rules import rules_of
from latticework.errors import LatticeworkError, LimitExceeded, SchemaError
from latticework.grammar import Grammar, Limits, ir, json_schema
from latticework.grammar.limits import DEFAULT_LIMITS
from latticework.lattice.chart.recognise import Recogniser

PASS = "pass"
REFUSED = "refused"
REPORTED = "narrowed, reported"
UNREPORTED = "narrowed, not reported"
ACCEPTED = "wrongly accepted"
OUTCOMES = (PASS, REFUSED, REPORTED, UNREPORTED, ACCEPTED)

COMPACT, SPACED = (",", ":"), (", ", ": ")
MAX_TEXTS = 720
_LEFT_OUT = ("left out", "no others", "other drafts", "max_string_length")
_UNSATISFIABLE = ("no value satisfies", "no value that could be written")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A schema and what came of it: a language, no document at all, or a refusal with its reason.

    Attributes:
        has: whether a text is in the language; ``None`` where the schema is refused or has no documents.
        narrowings: as :attr:`latticework.grammar.Grammar.narrowings`.
        reason: keyword and message of a refusal, ``""`` where there is none.
        whole_floats: 1.0 and 1 are the same value in the draft.
        node: the language where it is regular, else ``None``.
        separators: how values are spelt.
    """

    has: Callable[[bytes], bool] | None
    narrowings: tuple[str, ...] = ()
    reason: str = ""
    whole_floats: bool = True
    node: ir.Node | None = None
    separators: tuple[str, str] = COMPACT

    def accepts(self, value: Any) -> bool:
        """Whether some text of ``value`` is accepted."""
        return self.has is not None and any(map(self.has, texts(value, self.whole_floats, self.separators)))

    def reports(self, value: Any) -> bool:
        """Whether one of the narrowings can be the reason why ``value`` is left out."""
        return any(_explains(line, value) for line in self.narrowings)


def compiled(schema: Any, limits: Limits = DEFAULT_LIMITS, **options: Any) -> Compiled:
    """The language of a schema, or why there is none; ``options`` are those of ``json_schema``."""
    whole = not (isinstance(schema, dict) and "draft-04" in str(schema.get("$schema")))
    try:
        grammar = json_schema(schema, limits=limits, **options)
        separators = SPACED if options.get("whitespace") == "spaced" else COMPACT
        node = grammar.node if grammar.context_free is None else None
        return Compiled(membership(grammar, limits), grammar.narrowings, "", whole, node, separators)
    except SchemaError as error:
        said = [f"{issue.message}; {issue.hint}" for issue in error.issues]
        if all(any(mark in line for mark in (*_LEFT_OUT, *_UNSATISFIABLE)) for line in said):
            return Compiled(None, tuple(line for line in said if any(mark in line for mark in _LEFT_OUT)))
        return Compiled(None, reason=_reason(error))
    except LimitExceeded as error:
        return Compiled(None, reason=f"limit {error.limit}")
    except LatticeworkError as error:
        return Compiled(None, reason=f"{type(error).__name__}: {error!s:.100}")


def membership(grammar: Grammar, limits: Limits = DEFAULT_LIMITS) -> Callable[[bytes], bool]:
    """Whether a text is in the language of a grammar, by its automaton or, where it is context-free, by its chart.

    Raises:
        LimitExceeded: the automaton or the lexer is too large.
    """
    rules = grammar.context_free
    if rules is None:
        automaton = build_automaton(grammar.node, limits)
        return lambda text: run.accepts(automaton, text)
    return Recogniser(rules_of(rules), whole_lexer(rules, limits.max_states)).accepts


def _reason(error: SchemaError) -> str:
    issue = error.issues[0]
    message = re.sub(r"'[^']*'|\"[^\"]*\"", "…", issue.message.split("\n")[0])
    return f"{issue.keyword or 'schema'}: {message:.90}"


def outcome(schema: Compiled, tests: list[tuple[Any, bool]]) -> str:
    """The worst that happens to ``tests``, pairs of a value and whether it is valid."""
    if schema.reason:
        return REFUSED
    found = {_verdict(schema, value, valid) for value, valid in tests}
    return next((name for name in reversed(OUTCOMES) if name in found), PASS)


def _verdict(schema: Compiled, value: Any, valid: bool) -> str:
    if schema.accepts(value) == valid:
        return PASS
    if not valid:
        return ACCEPTED
    return REPORTED if schema.reports(value) else UNREPORTED


def texts(value: Any, whole_floats: bool = True, separators: tuple[str, str] = COMPACT) -> Iterator[bytes]:
    """Texts of ``value``, at most :data:`MAX_TEXTS`; none where a string holds a lone surrogate."""
    variants = [value]
    if whole_floats and (whole := _whole(value)) is not None:
        variants.append(whole)
    for variant in variants:
        for ordered in islice(_orders(variant), MAX_TEXTS):
            try:
                yield json.dumps(ordered, ensure_ascii=False, separators=separators).encode()
            except UnicodeEncodeError:
                return


def _whole(value: Any) -> Any:
    """The value with whole floats as integers, ``None`` where there are none."""
    changed = json.loads(json.dumps(value), parse_float=lambda text: int(n) if (n := float(text)).is_integer() else n)
    return changed if json.dumps(changed) != json.dumps(value) else None


def _orders(value: Any) -> Iterator[Any]:
    """The value with the keys of its objects in every order, its own first."""
    if isinstance(value, list):
        yield from map(list, product(*(list(islice(_orders(item), MAX_TEXTS)) for item in value)))
    elif isinstance(value, dict):
        members = [list(islice(_orders(member), MAX_TEXTS)) for member in value.values()]
        for parts in product(*members):
            yield from map(dict, permutations(zip(value, parts, strict=True)))
    else:
        yield value


def depth(value: Any) -> int:
    """Levels of arrays and objects."""
    if not isinstance(value, (list, dict)):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


def _long_number(line: str, value: Any) -> bool:
    """Whether it holds a number with more digits than the line says, or with an exponent."""
    if isinstance(value, (list, dict)):
        return any(_long_number(line, part) for part in (value.values() if isinstance(value, dict) else value))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    most = int(re.findall(r"(\d+) digits", line)[0])
    most_after = int((re.findall(r"(\d+) after the point", line) or [most])[0])
    whole, _, fraction = json.dumps(value).lstrip("-").partition(".")
    return len(whole) > most or len(fraction) > most_after or "e" in whole + fraction


def _any_text(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, str) or (isinstance(value, list) and any(map(_any_text, value)))


def _whole_float(value: Any) -> bool:
    return _whole(value) is not None


def _deeper(line: str, value: Any) -> bool:
    return depth(value) > int(re.findall(r"\d+", line)[-1])


# What a narrowing says -> whether it can be why a value is left out. A choice of spelling is none that :func:`texts`
# undoes: all but that of whole floats in draft 4.
_EXPLANATIONS: tuple[tuple[str, Callable[[str, Any], bool]], ...] = (
    ("nest at most", _deeper),
    ("digits", _long_number),
    ("escapes only where", lambda line, value: False),
    ("format", lambda line, value: _any_text(value)),
    ("ECMAScript", lambda line, value: _any_text(value)),
    ("given values", lambda line, value: _whole_float(value)),
)


def _explains(line: str, value: Any) -> bool:
    return next((explains(line, value) for mark, explains in _EXPLANATIONS if mark in line), True)
