"""The value every front end returns: a language together with how to read a text of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from latticework.errors import InputError
from latticework.grammar import ir
from latticework.grammar.cfg import compose
from latticework.grammar.cfg.syntax import ContextFreeGrammar


@dataclass(frozen=True, eq=False, slots=True)
class Grammar:
    """An immutable grammar; build one with ``json_schema``, ``regex``, ``choice``, ``text``, ``lark`` or ``gbnf``.

    ``left + right`` is concatenation, ``left | right`` union, ``left & right`` intersection with a regular one.

    Attributes:
        node: the language, as bytes; nothing where it is context-free.
        kind: what made it: the name of the function, ``"concat"``, ``"union"`` or ``"intersection"``.
        context_free: the language where it is not regular, or not known to be.
        schema: the JSON Schema it came from, if any; treat as read-only.
        options: options of the front end, by name.
        warnings: what was ignored or widened, and where.
        narrowings: documents the source admits and this grammar leaves out on purpose.
        reader: turns a text of the language into a value; ``None`` returns the text itself.
        arranged: the language where objects have their members in more orders than ``node`` says; ``None`` where it
            says all. As a part of another grammar, and wherever an automaton is needed, the grammar is ``node``.
        order_narrowings: the orders that only ``arranged`` has, to be told where it does not serve.
    """

    node: ir.Node
    kind: str
    context_free: ContextFreeGrammar | None = None
    schema: dict[str, Any] | bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    narrowings: tuple[str, ...] = ()
    reader: Callable[[str], Any] | None = None
    arranged: ir.Node | None = None
    order_narrowings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))

    @property
    def digest(self) -> bytes:
        """16 bytes that identify the language: equal digests, equal automata. Says nothing about :meth:`parse`."""
        if self.arranged is not None:
            return self.arranged.digest
        return self.node.digest if self.context_free is None else self.context_free.digest

    def in_few_orders(self) -> Grammar:
        """The grammar that ``node`` is, for what needs an automaton; this one where that is the same."""
        if self.arranged is None:
            return self
        return replace(self, arranged=None, narrowings=self.narrowings + self.order_narrowings, order_narrowings=())

    def parse(self, text: str) -> Any:
        """The value of ``text``, a text of this language.

        JSON for a schema, then the pydantic model, dataclass or TypedDict it was made from; the text
        itself otherwise. A concatenation whose left part is ``text(until=...)`` gives the value of its right part.

        Raises:
            InputError: the text is no document of the schema (possible after ``on_unsupported="widen"``).
        """
        return text if self.reader is None else self.reader(text)

    def __add__(self, other: Grammar) -> Grammar:
        if not isinstance(other, Grammar):
            return NotImplemented
        until = self.options.get("until") if self.kind == "text" else None
        reader = None if until is None or other.reader is None else AfterMarker(until, other.reader)
        context_free = self._with(other, compose.concatenation)
        return Grammar(
            ir.Seq((self.node, other.node)) if context_free is None else ir.NOTHING,
            "concat",
            context_free,
            warnings=self.warnings + other.warnings,
            narrowings=_narrowings(self, other) + _seam(context_free),
            reader=reader,
        )

    def as_context_free(self) -> ContextFreeGrammar:
        """The language as a context-free grammar; a regular one is a single lexeme."""
        return compose.one_lexeme(self.node, self.kind) if self.context_free is None else self.context_free

    def _with(
        self, other: Grammar, put_together: Callable[[list[ContextFreeGrammar]], ContextFreeGrammar]
    ) -> ContextFreeGrammar | None:
        """Two grammars put together, ``None`` where both are regular."""
        if self.context_free is None and other.context_free is None:
            return None
        return put_together([self.as_context_free(), other.as_context_free()])

    def __or__(self, other: Grammar) -> Grammar:
        if not isinstance(other, Grammar):
            return NotImplemented
        readers = (self.reader, other.reader)
        context_free = self._with(other, compose.union)
        return Grammar(
            ir.Alt((self.node, other.node)) if context_free is None else ir.NOTHING,
            "union",
            context_free,
            warnings=self.warnings + other.warnings,
            narrowings=_narrowings(self, other) + _seam(context_free),
            reader=None if readers == (None, None) else FirstReader(readers),
        )

    def __and__(self, other: Grammar) -> Grammar:
        """Texts of both, one of which must be regular; read as the left one reads them, or else the right one.

        A context-free grammar with such a condition cannot be a part of another one.

        Raises:
            InputError: both are context-free.
        """
        if not isinstance(other, Grammar):
            return NotImplemented
        own, given = self.context_free, other.context_free
        if own is not None and given is not None:
            raise InputError("one of two grammars that texts have to follow both must be regular")
        rules = own if own is not None else given
        if rules is not None:
            condition = other.node if own is not None else self.node
            both = condition if rules.condition is None else ir.Intersect((rules.condition, condition))
            rules = replace(rules, condition=both)
        return Grammar(
            ir.Intersect((self.node, other.node)) if rules is None else ir.NOTHING,
            "intersection",
            rules,
            warnings=self.warnings + other.warnings,
            narrowings=_narrowings(self, other),
            reader=self.reader or other.reader,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Grammar)
            and self.digest == other.digest
            and self.kind == other.kind
            and self.reader == other.reader
        )

    def __hash__(self) -> int:
        return hash((self.digest, self.kind))


def _seam(context_free: ContextFreeGrammar | None) -> tuple[str, ...]:
    """What is left out where two grammars meet."""
    if context_free is None:
        return ()
    return (
        "where lexemes of two grammars may come next, one that could go on in its own grammar does not end, and what "
        "is a fixed text in one is no free text in the other",
        *([_SEAM_OF_IGNORED] if context_free.ignored else []),
    )


def _narrowings(left: Grammar, right: Grammar) -> tuple[str, ...]:
    """What two grammars leave out as parts of a third."""
    return left.in_few_orders().narrowings + right.in_few_orders().narrowings


_SEAM_OF_IGNORED = (
    "where two grammars ignore different texts, what only one ignores is left out if the other may have its lexemes on "
    "either side, and where that one may be blank and nothing but ignored text is there"
)


@dataclass(frozen=True, slots=True)
class AfterMarker:
    """Reads what follows the first ``marker``."""

    marker: str
    reader: Callable[[str], Any]

    def __call__(self, text: str) -> Any:
        return self.reader(text.partition(self.marker)[2])


@dataclass(frozen=True, slots=True)
class FirstReader:
    """Value of the first reader that takes the text; ``None`` stands for the text itself."""

    readers: tuple[Callable[[str], Any] | None, ...]

    def __call__(self, text: str) -> Any:
        failure: Exception | None = None
        for reader in self.readers:
            if reader is None:
                return text
            try:
                return reader(text)
            except Exception as error:
                failure = error
        assert failure is not None
        raise failure
