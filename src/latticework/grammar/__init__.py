"""What a user writes -> one grammar: JSON Schema, regular expressions, choices, free text, context-free grammars."""

from __future__ import annotations

from latticework.grammar.cfg.gbnf import gbnf
from latticework.grammar.cfg.indentation import Indentation
from latticework.grammar.cfg.lark import lark
from latticework.grammar.cfg.rings import smiles
from latticework.grammar.choice import choice
from latticework.grammar.grammar import Grammar
from latticework.grammar.json_schema import json_schema
from latticework.grammar.json_string import json_string
from latticework.grammar.limits import DEFAULT_LIMITS, Limits
from latticework.grammar.regex import regex
from latticework.grammar.structural import Tag, tags
from latticework.grammar.text import text

__all__ = [
    "DEFAULT_LIMITS",
    "Grammar",
    "Indentation",
    "Limits",
    "Tag",
    "choice",
    "gbnf",
    "json_schema",
    "json_string",
    "lark",
    "regex",
    "smiles",
    "tags",
    "text",
]
