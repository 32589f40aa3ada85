"""Rules and terminals of a grammar in the Lark language -> productions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from latticework.errors import GrammarError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.cfg import expressions as ex
from latticework.grammar.cfg.draft import Draft, Right
from latticework.grammar.cfg.expressions import Expression, Source, Span
from latticework.grammar.cfg.lark_text import is_terminal_name
from latticework.grammar.cfg.lexemes import Lexemes, single_text
from latticework.grammar.cfg.modules import Entry, Module
from latticework.grammar.cfg.syntax import Terminal
from latticework.grammar.grammar import Grammar
from latticework.grammar.limits import Limits

_Bindings: TypeAlias = dict[str, Right]
_MAX_INSTANCES = 1_000


class Rules:
    """Lowers what ``start`` reaches into a draft."""

    def __init__(self, main: Module, given: Mapping[str, Grammar], layout: frozenset[str], limits: Limits) -> None:
        self.main = main
        self.given = given
        self.layout = layout
        self.limits = limits
        self.draft = Draft()
        self.lexemes = Lexemes()
        self.layout_symbols: dict[int, str] = {}
        self.narrowings: list[str] = []
        self.warnings: list[str] = []
        self.used: set[Entry] = set()
        self._terminals: dict[Entry, int] = {}
        self._anonymous: dict[tuple[object, ...], int] = {}
        self._embedded: dict[Entry, int] = {}
        self._lexeme_modes: list[int] = []
        self._counts: Counter[Entry] = Counter()
        self._instances: dict[tuple[Entry, tuple[Right, ...]], int] = {}
        self._waiting: list[tuple[int, Entry, _Bindings]] = []
        self._named_texts = _named_texts(main)

    def lower(self, start: str) -> int:
        """Writes everything that ``start`` reaches, and the ignored terminals; returns its nonterminal.

        Raises:
            GrammarError: a symbol is unknown or used wrongly.
            LimitExceeded: templates or repetitions make more than ``limits.max_nodes`` nonterminals.
        """
        entry = self.main.find(start)
        if entry is None or is_terminal_name(start) or not entry.bodies:
            self.main.source.fail(f"there is no rule {start!r} to start from", (0, 0), "give another one: start=...")
        symbol = self._instance(entry, (), self.main.source, entry.span)
        while self._waiting:
            left, entry, bindings = self._waiting.pop()
            self.draft.place = (entry.module.source, entry.span)
            for module, body in entry.bodies:
                self.draft.add(left, self._rights(module, body, bindings))
            if len(self.draft.nonterminals) > self.limits.max_nodes:
                raise LimitExceeded("max_nodes", self.limits.max_nodes, f"rule {entry.name}")
        for statement in self.main.ignored:
            self.draft.ignored += self._ignored(statement.body)
        for mode in self._lexeme_modes:
            self.draft.ignored += self._copies(self.draft.ignored, mode)
            self.draft.competing += self._copies(self.draft.competing, mode)
        self._refuse_strange_names()
        return symbol

    def _copies(self, symbols: list[int], mode: int) -> list[int]:
        """The terminals of the grammar itself among ``symbols`` once more, for another mode."""
        own = [terminal for symbol in symbols if (terminal := self.draft.terminals[symbol]).mode == 0]
        return [self.draft.terminal(replace(terminal, mode=mode)) for terminal in own]

    def _ignored(self, body: Expression) -> list[int]:
        match body:
            case ex.Choice(options):
                return [symbol for option in options for symbol in self._ignored(option)]
            case ex.Name(name, span) if not is_terminal_name(name):
                self.main.source.fail("only terminals can be ignored", span)
            case ex.Name(name, span):
                entry = self.main.entry(name, span)
                self.used.add(entry)
                return [self._terminal(entry, self.main.source, span)]
        return [self._unnamed(self.main, body)]

    def _rights(self, module: Module, body: Expression, bindings: _Bindings) -> list[Right]:
        """All ways to write ``body``."""
        match body:
            case ex.Choice(options):
                return [right for option in options for right in self._rights(module, option, bindings)]
            case ex.Sequence(parts):
                return [tuple(symbol for part in parts for symbol in self._right(module, part, bindings))]
            case ex.Repeat(inner, 0, 1):
                return [(), *self._rights(module, inner, bindings)]
        return [self._right(module, body, bindings)]

    def _right(self, module: Module, body: Expression, bindings: _Bindings) -> Right:
        """``body`` as one right side."""
        match body:
            case ex.Choice() | ex.Sequence() | ex.Repeat(low=0, high=1):
                return self.draft.one_of(self._rights(module, body, bindings))
            case ex.Repeat(inner, low, high):
                return self.draft.copies(self._right(module, inner, bindings), low, high)
            case ex.Name(name, span):
                return bindings[name] if name in bindings else (self._named(module, name, span),)
            case ex.Use(template, arguments, span):
                values = tuple(self._right(module, argument, bindings) for argument in arguments)
                return (self._instance(module.entry(template, span), values, module.source, span),)
        return (self._unnamed(module, body),)

    def _named(self, module: Module, name: str, span: Span) -> int:
        if name in self.layout:
            return self._layout_symbol(name)
        entry = module.entry(name, span)
        self.used.add(entry)
        if entry.is_declared and name in self.given:
            return self._given(entry)
        if is_terminal_name(name):
            return self._terminal(entry, module.source, span)
        return self._instance(entry, (), module.source, span)

    def _layout_symbol(self, name: str) -> int:
        """A placeholder, whatever the text says of the name."""
        found = next((symbol for symbol, known in self.layout_symbols.items() if known == name), None)
        if found is None:
            found = self.draft.terminal(Terminal(name, ir.NOTHING))
            self.layout_symbols[found] = name
        return found

    def _given(self, entry: Entry) -> int:
        """The start of a whole grammar that was given for a declared name."""
        if entry not in self._embedded:
            grammar = self.given[entry.name]
            # Modes from 1 on, also where no terminal of mode 0 is there yet.
            mode = max(self.draft.modes, 1)
            self._embedded[entry] = self.draft.embed(grammar.as_context_free(), mode)
            if grammar.context_free is None:
                self._lexeme_modes.append(mode)
            self.narrowings += [f"{entry.name}: {narrowing}" for narrowing in grammar.narrowings]
            self.warnings += [f"{entry.name}: {warning}" for warning in grammar.warnings]
        return self._embedded[entry]

    def _refuse_strange_names(self) -> None:
        declared = {entry.name for entry in self._embedded}
        for name in self.given:
            if name not in declared:
                entry = self.main.find(name)
                if entry is None or not entry.is_declared:
                    raise GrammarError(
                        f"a grammar is given for {name}, which the text does not declare", hint=f"write %declare {name}"
                    )

    def unused(self) -> list[str]:
        """Warnings about definitions of the main text that nothing uses."""
        used = self.used | self.lexemes.used
        return [
            f"{entry.name}: nothing uses it"
            for entry in self.main.entries.values()
            if entry not in used and entry.name not in self.layout
        ]

    def _instance(self, entry: Entry, arguments: tuple[Right, ...], source: Source, span: Span) -> int:
        """The nonterminal of a rule, or of a template with arguments."""
        self.used.add(entry)
        if len(arguments) != len(entry.parameters):
            wanted = f"{len(entry.parameters)} argument{'s' * (len(entry.parameters) != 1)}"
            source.fail(f"{entry.name} takes {wanted}, not {len(arguments)}", span)
        if entry.is_declared:
            hint = f"give its grammar: rules={{{entry.name!r}: ...}}"
            source.fail(f"the rule {entry.name} is only declared", span, hint)
        key = (entry, arguments)
        if key not in self._instances:
            self._counts[entry] += 1
            if self._counts[entry] > _MAX_INSTANCES:
                hint = "a template that calls itself must do so with the same arguments"
                entry.module.source.fail(f"the template {entry.name} grows without end", entry.span, hint)
            inside = ", ".join(map(self.draft.names, arguments))
            symbol = self.draft.nonterminal(f"{entry.name}{{{inside}}}" if arguments else entry.name)
            self._instances[key] = symbol
            self.draft.places[symbol] = (entry.module.source, entry.span)
            self._waiting.append((symbol, entry, dict(zip(entry.parameters, arguments, strict=True))))
        return self._instances[key]

    def _terminal(self, entry: Entry, source: Source, span: Span) -> int:
        if entry not in self._terminals:
            self._terminals[entry] = self._new_terminal(entry, source, span)
        return self._terminals[entry]

    def _new_terminal(self, entry: Entry, source: Source, span: Span) -> int:
        name = entry.name
        if entry.is_declared:
            source.fail(
                f"the terminal {name} is only declared", span, f"give its language: terminals={{{name!r}: ...}}"
            )
        languages = [self._language(module, body, name) for module, body in entry.bodies]
        literal = single_text(entry) is not None
        language = languages[0] if len(languages) == 1 else ir.Alt(languages)
        return self.draft.terminal(Terminal(name, language, entry.priority, literal))

    def _language(self, module: Module, body: Expression, name: str) -> ir.Node:
        language, guards = self.lexemes.lexeme(module, body)
        for guard in guards:
            self.draft.competing.append(self.draft.terminal(Terminal(f"{name}, where it must not stand", guard)))
        if guards:
            self.narrowings.append(f"{name}: not read at all where it must not be followed by what follows")
        if self.lexemes.has_dialects(module, body):
            self.narrowings.append(f"{name}: classes hold what all dialects of regular expressions agree on")
        return language

    def _unnamed(self, module: Module, body: Expression) -> int:
        """The terminal of a text, range or expression that stands in a rule; a named one where it is the same text."""
        key: tuple[object, ...]
        match body:
            case ex.Text(text, ignore_case, span):
                if not text:
                    module.source.fail("an empty text is no lexeme", span, "leave it out, or write [...] for an option")
                named = self._named_texts.get((text, ignore_case))
                if named is not None:
                    self.used.add(named)
                    return self._terminal(named, module.source, span)
                key, name = (text, ignore_case), f'"{text}"'
            case ex.CharSet(ranges, span):
                key, name = ranges, module.source.text[slice(*span)]
            case ex.Regex(pattern, flags, span):
                key, name = ("/", pattern, flags), module.source.text[slice(*span)]
            case _:
                key, name = (module, body), module.source.text[slice(*body.span)]
        if key not in self._anonymous:
            language = self._language(module, body, name)
            self._anonymous[key] = self.draft.terminal(Terminal(name, language, 0, isinstance(body, ex.Text)))
        return self._anonymous[key]


def _named_texts(main: Module) -> dict[tuple[str, bool], Entry]:
    """Terminals of the main module that are one text each, by it."""
    found: dict[tuple[str, bool], Entry] = {}
    for name in (*main.entries, *main.links):
        entry = main.find(name)
        text = single_text(entry) if entry is not None and is_terminal_name(name) else None
        if entry is not None and text is not None:
            found.setdefault((text.text, text.ignore_case), entry)
    return found
