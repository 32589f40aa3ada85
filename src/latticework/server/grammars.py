"""From the constraint of a request to a compiled grammar, through caches that are bounded."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from latticework.chat.tool_text import tool_grammar
from latticework.compiler import CompileCache
from latticework.errors import LatticeworkError
from latticework.grammar import Grammar, choice, gbnf, json_schema, lark, regex
from latticework.server.errors import ApiError, refusal
from latticework.server.structural import structural_tag

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint
    from latticework.grammar.limits import Limits
    from latticework.tokens.vocabulary import Vocabulary

_KEPT = 64  # grammars kept beside their compiled tables
_KEPT_BYTES = (
    32 << 10
)  # bytes of the source of a grammar that is kept: what it becomes takes some hundred times as many


@dataclass(frozen=True, slots=True)
class Spec:
    """A constraint as it was asked for.

    Attributes:
        kind: ``json_schema``, ``regex``, ``choice``, ``grammar``, ``structural_tag`` or ``tools``.
        source: its value in JSON types.
        param: the field that it came from.
        options: keyword arguments of ``json_schema``.
        answer: what may be written instead, where tools need not be called.
    """

    kind: str
    source: Any
    param: str
    options: tuple[tuple[str, Any], ...] = ()
    answer: Spec | None = None

    def key(self) -> str:
        """A text that stands for the language; keeps the order of keys, which is that of the document."""
        return json.dumps([self.kind, self.source, self.options], ensure_ascii=False)


class Grammars:
    """Compiles what requests ask for. Thread-safe."""

    def __init__(self, vocabulary: Vocabulary, limits: Limits, cache_bytes: int) -> None:
        self._vocabulary = vocabulary
        self._limits = limits
        self.cache = CompileCache(cache_bytes)
        self._lock = Lock()
        self._kept: OrderedDict[str, Grammar] = OrderedDict()

    def constraint(self, spec: Spec) -> AnyConstraint:
        """The compiled constraint. Raises ``ApiError`` (400) with the field and the place in it."""
        grammar = self._checked(spec)
        if spec.answer is not None:
            grammar = self._checked(spec.answer) | grammar
        try:
            return self.compile(grammar)
        except LatticeworkError as error:
            raise refusal(error, spec.param) from error

    def _checked(self, spec: Spec) -> Grammar:
        try:
            return self._grammar(spec)
        except LatticeworkError as error:
            raise refusal(error, spec.param) from error
        except RecursionError:
            raise ApiError(400, "nested too deeply", spec.param, "limit_exceeded") from None

    def compile(self, grammar: Any) -> AnyConstraint:
        """The constraint of a grammar, or a constraint as it is."""
        return self.cache.get(grammar, self._vocabulary, self._limits) if isinstance(grammar, Grammar) else grammar

    def _grammar(self, spec: Spec) -> Grammar:
        key = spec.key()
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = _read(spec, self._limits)
        if len(key) <= _KEPT_BYTES:
            with self._lock:
                self._kept[key] = made
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return made


def _read(spec: Spec, limits: Limits) -> Grammar:
    match spec.kind:
        case "json_schema":
            return json_schema(spec.source, limits=limits, **dict(spec.options))
        case "regex":
            return regex(spec.source, limits=limits)
        case "choice":
            return choice(spec.source, limits=limits)
        case "grammar":
            return context_free(spec.source, limits)
        case "structural_tag":
            return structural_tag(spec.source, limits)
        case "tools":
            return tool_grammar(spec.source, limits)
    raise AssertionError(spec.kind)


def context_free(text: str, limits: Limits) -> Grammar:
    """A grammar in the Lark language, or in GBNF where it has ``::=``; or the name of one that comes with the package.

    Files are never read: a text that ``lark`` would take for a path is given a line break.
    """
    if "::=" in text:
        return gbnf(text, limits=limits)
    return lark(text if text.isidentifier() else text + "\n", limits=limits)
