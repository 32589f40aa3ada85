"""``gbnf``: grammars in the dialect of llama.cpp."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from latticework.errors import InputError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.cfg.checks import refuse_empty
from latticework.grammar.cfg.draft import Draft, Right
from latticework.grammar.cfg.emptiness import accepts_nothing
from latticework.grammar.cfg.expressions import Choice, Expression, Name, Repeat, Sequence, Source, Span
from latticework.grammar.cfg.gbnf_text import parse
from latticework.grammar.cfg.regular import MAX_WEIGHT, language, names, regular_rules
from latticework.grammar.cfg.syntax import Terminal
from latticework.grammar.combine import alt
from latticework.grammar.grammar import Grammar
from latticework.grammar.limits import DEFAULT_LIMITS, Limits
from latticework.grammar.tree_size import tree_size


def gbnf(grammar: str | os.PathLike[str], start: str = "root", *, limits: Limits = DEFAULT_LIMITS) -> Grammar:
    """A grammar in the GBNF dialect of llama.cpp: one language of characters, without a lexer.

    Where no rule is truly recursive the result is a regular grammar, like that of :func:`latticework.regex`. Else the
    largest regular parts are lexemes that may end wherever they match.

    Args:
        grammar: the text, or the path of a file (as a ``Path``).
        start: the rule that a whole text follows.

    Raises:
        GrammarError: something in the text is wrong or unknown; with line, column and caret.
        LimitExceeded: the text is longer than ``limits.max_schema_bytes``, or makes more than ``limits.max_nodes``
            symbols.
        InputError: the file cannot be read.
    """
    text = grammar if isinstance(grammar, str) else _read(Path(grammar))
    if len(text) > limits.max_schema_bytes:
        raise LimitExceeded("max_schema_bytes", limits.max_schema_bytes, hint=f"the grammar has {len(text)} characters")
    source = Source(text)
    rules = parse(source)
    for body, _ in rules.values():
        _refuse_unknown(source, body, rules)
    if start not in rules:
        source.fail(f"there is no rule {start!r} to start from", (0, 0), "give another one: start=...")
    regular = regular_rules({name: body for name, (body, _) in rules.items()})
    options = {"start": start}
    used = _reachable(rules, start)
    warnings = tuple(f"{name}: nothing uses it" for name in rules if name not in used)
    if start in regular:
        if regular[start] == ir.NOTHING:
            source.fail(f"no text follows from {start}", rules[start][1], "it cannot be written without itself")
        return Grammar(regular[start], "gbnf", options=options, warnings=warnings)
    lowering = _Lowering(source, rules, regular, limits)
    symbol = lowering.lower(start)
    refuse_empty(lowering.draft, symbol)
    return Grammar(ir.NOTHING, "gbnf", lowering.draft.finish(symbol), options=options, warnings=warnings)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the grammar {path}: {error}") from None


def _refuse_unknown(source: Source, body: Expression, rules: Mapping[str, object]) -> None:
    match body:
        case Name(name, span) if name not in rules:
            close = get_close_matches(name, rules, 1)
            source.fail(f"there is no rule {name!r}", span, f"did you mean {close[0]!r}?" if close else "")
        case Sequence(parts) | Choice(parts):
            for part in parts:
                _refuse_unknown(source, part, rules)
        case Repeat(inner):
            _refuse_unknown(source, inner, rules)


def _reachable(rules: Mapping[str, tuple[Expression, Span]], start: str) -> set[str]:
    found = {start}
    work = [start]
    while work:
        more = names(rules[work.pop()][0]) - found
        found |= more
        work += more
    return found


class _Lowering:
    def __init__(
        self,
        source: Source,
        rules: Mapping[str, tuple[Expression, Span]],
        regular: Mapping[str, ir.Node],
        limits: Limits,
    ) -> None:
        self.source = source
        self.rules = rules
        self.regular = regular
        self.limits = limits
        self.draft = Draft()
        self.terminals: dict[ir.Node, int] = {}
        self.symbols: dict[str, int] = {}
        self.waiting: list[str] = []

    def lower(self, start: str) -> int:
        symbol = self._rule(start)
        while self.waiting:
            name = self.waiting.pop()
            self.draft.add(self.symbols[name], self._rights(self.rules[name][0]))
            if len(self.draft.nonterminals) > self.limits.max_nodes:
                raise LimitExceeded("max_nodes", self.limits.max_nodes, f"rule {name}")
        return symbol

    def _rule(self, name: str) -> int:
        if name not in self.symbols:
            self.symbols[name] = symbol = self.draft.nonterminal(name)
            self.draft.places[symbol] = (self.source, self.rules[name][1])
            self.waiting.append(name)
        return self.symbols[name]

    def _language(self, body: Expression) -> ir.Node | None:
        """The language of a regular body, unless it is too large for one lexeme."""
        node = language(body, self.regular)
        return node if node is None or tree_size(node).weight <= MAX_WEIGHT else None

    def _rights(self, body: Expression) -> list[Right]:
        """All ways to write ``body``; what is regular becomes a terminal, and nothing written where it may be."""
        node = self._language(body)
        if node is not None:
            return self._lexeme(node, body)
        match body:
            case Choice(options):
                plain = {option: node for option in options if (node := self._language(option)) is not None}
                others = [right for option in options if option not in plain for right in self._rights(option)]
                return self._lexeme(alt(plain.values()), body) + others if plain else others
            case Sequence(parts):
                return [tuple(symbol for right in self._runs(parts) for symbol in right)]
            case Repeat(inner, 0, 1):
                return [(), *self._rights(inner)]
            case Repeat(inner, low, high):
                return [self.draft.copies(self.draft.one_of(self._rights(inner)), low, high)]
            case Name(name):
                return [(self._rule(name),)]
        raise TypeError(f"{body!r} is in no grammar without lexer")

    def _runs(self, parts: tuple[Expression, ...]) -> list[Right]:
        """Parts one after the other, neighbours that are regular as one terminal."""
        found: list[Right] = []
        run: list[Expression] = []
        for part in (*parts, None):
            if part is not None and self._language(Sequence((*run, part), part.span)) is not None:
                run.append(part)
                continue
            if run:
                whole = Sequence(tuple(run), (run[0].span[0], run[-1].span[1]))
                found.append(self.draft.one_of(self._rights(whole)))
                run = []
            if part is not None:
                found.append(self.draft.one_of(self._rights(part)))
        return found

    def _lexeme(self, node: ir.Node, body: Expression) -> list[Right]:
        if node == ir.NOTHING:
            return []
        if node == ir.EMPTY:
            return [()]
        found: list[Right] = []
        if accepts_nothing(node):
            found.append(())
            node = ir.Except(node, ir.EMPTY)
        if node not in self.terminals:
            name = self.source.text[slice(*body.span)]
            self.terminals[node] = self.draft.terminal(Terminal(name, node, munch=False))
        return [*found, (self.terminals[node],)]
