"""Grammars of the shared infilling data, as values."""

from __future__ import annotations

from typing import Any

from latticework.grammar import ir
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Production, Terminal
from latticework.grammar.regex import regex


def grammar_of(source: dict[str, Any]) -> ContextFreeGrammar:
    """A grammar of the kind "cfg"; a symbol is a rule, else a token, else itself as text."""
    rules, tokens = source["rules"], source["tokens"]
    names = sorted({symbol for rights in rules.values() for right in rights for symbol in right} - set(rules))
    terminals = [
        Terminal(name, regex(tokens[name]["regex"]).node)
        if name in tokens
        else Terminal(name, ir.Literal(name.encode()), is_literal=True)
        for name in names
    ]
    skip = source.get("skip") or ""
    ignored = ()
    if skip:
        ignored = (len(terminals),)
        terminals.append(Terminal("skip", ir.Repeat(ir.Alt([ir.Literal(char.encode()) for char in skip]), 1, None)))
    numbers = {name: place for place, name in enumerate([*names, *(["skip"] if skip else []), *rules])}
    productions = [
        Production(numbers[left], tuple(numbers[symbol] for symbol in right))
        for left, rights in rules.items()
        for right in rights
    ]
    return ContextFreeGrammar(tuple(terminals), tuple(rules), tuple(productions), numbers[source["start"]], ignored)
