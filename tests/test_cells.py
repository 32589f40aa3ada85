"""Exact canvases with known answers: every admissible character of every mask.

The grammars are context-free, but a canvas of N one-character slots can nest at most N / 2 deep, so
with that depth bound each of them is regular and the answers must agree exactly.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
from shared_data import ROOT, shared

from latticework.automata.build import build_automaton
from latticework.errors import Infeasible
from latticework.grammar import ir
from latticework.grammar.regex import regex
from latticework.lattice.constraint import Constraint
from latticework.tokens.lifting import lift
from latticework.tokens.vocabulary import Vocabulary

SPACES = ir.Repeat(ir.Literal(b" "), 0, None)


def token(text: str) -> ir.Node:
    return ir.Seq((ir.Literal(text.encode()), SPACES))


def pattern(text: str) -> ir.Node:
    return ir.Seq((regex(text).node, SPACES))


def json_text(depth: int) -> ir.Node:
    text = pattern(r'"([^"\\\x00-\x1f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
    number = pattern(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
    scalar = [text, number, token("true"), token("false"), token("null")]
    value: ir.Node = ir.Alt([*scalar, ir.Seq((token("{"), token("}"))), ir.Seq((token("["), token("]")))])
    for _ in range(depth - 1):
        pair = ir.Seq((text, token(":"), value))
        members = ir.Seq((token("{"), ir.Join(pair, token(","), 0, None), token("}")))
        items = ir.Seq((token("["), ir.Join(value, token(","), 0, None), token("]")))
        value = ir.Alt([*scalar, members, items])
    return ir.Seq((SPACES, value))


def smiles(depth: int) -> ir.Node:
    rules = GRAMMARS["smiles"]["tokens"]
    atom, bond, ring = (regex(rules[name]["regex"]).node for name in ("atom", "bond", "ring"))
    link = ir.Alt([bond, ir.Literal(b"."), ir.EMPTY])
    plain = ir.Seq((atom, ir.Repeat(ring, 0, None)))
    chain: ir.Node = ir.Join(plain, link, 1, None)
    for _ in range(depth - 1):
        branch = ir.Seq((ir.Literal(b"("), link, chain, ir.Literal(b")")))
        chain = ir.Join(ir.Seq((atom, ir.Repeat(ir.Alt([ring, branch]), 0, None))), link, 1, None)
    return chain


def dyck(depth: int) -> ir.Node:
    inside: ir.Node = ir.EMPTY
    for _ in range(depth):
        pairs = [ir.Seq((ir.Literal(o), inside, ir.Literal(c))) for o, c in ((b"(", b")"), (b"[", b"]"))]
        inside = ir.Repeat(ir.Alt(pairs), 0, None)
    return inside


def arithmetic(depth: int) -> ir.Node:
    leaves = [pattern("0|[1-9][0-9]*"), pattern("[a-c]+")]
    total: ir.Node = ir.NOTHING
    for _ in range(depth):
        bracketed = ir.Seq((token("("), total, token(")")))
        factor = ir.Seq((ir.Repeat(token("-"), 0, None), ir.Alt([*leaves, bracketed])))
        total = ir.Join(ir.Join(factor, token("*"), 1, None), ir.Alt([token("+"), token("-")]), 1, None)
    return ir.Seq((SPACES, total))


def palindromes(depth: int) -> ir.Node:
    inner = {""}
    for _ in range(depth):
        inner |= {"a", "b"} | {c + s + c for s in inner for c in "ab"}
    return ir.Words(word.encode() for word in inner)


def counted_pairs(depth: int) -> ir.Node:
    pairs = [ir.Literal(b"a" * n + b"b" * n) for n in range(depth + 1)]
    return ir.Seq((ir.Alt(pairs), ir.Repeat(ir.Literal(b"c"), 0, None)))


def statements(_: int) -> ir.Node:
    name = pattern("[a-hj-z][a-z]*|i|i[a-eg-z][a-z]*")
    guard = ir.Seq((token("if"), token("("), name, token(")")))
    assignment = ir.Seq((name, token("="), pattern("[0-9]+"), token(";")))
    return ir.Seq((SPACES, ir.Repeat(ir.Seq((ir.Repeat(guard, 0, None), assignment)), 1, None)))


LANGUAGES: dict[str, Callable[[int], ir.Node]] = {
    "json": json_text,
    "smiles": smiles,
    "dyck2": dyck,
    "arith": arithmetic,
    "palin": palindromes,
    "anbncn_like": counted_pairs,
    "kwid": statements,
}

FILE = ROOT / "infill" / "cells-dev.jsonl"
LINES = [json.loads(line) for line in FILE.read_text().splitlines()] if FILE.exists() else []
ALPHABETS = {name: entry["alphabet"] for name, entry in LINES[0]["grammars"].items()} if LINES else {}
GRAMMARS = {name: entry["grammar"] for name, entry in LINES[0]["grammars"].items()} if LINES else {}


@lru_cache(maxsize=32)
def constraint(name: str, depth: int) -> Constraint:
    alphabet = ALPHABETS[name]
    vocabulary = Vocabulary([c.encode() for c in alphabet] + [b""], {len(alphabet): "eos"})
    return Constraint(vocabulary, lift(build_automaton(LANGUAGES[name](depth)), vocabulary))


def test_the_data_is_there() -> None:
    shared("infill/cells-dev.jsonl")
    assert len(LINES) > 100
    assert set(ALPHABETS) == set(LANGUAGES)


@pytest.mark.parametrize("case", LINES[1:], ids=lambda case: f"{case['grammar_name']}-{case['id']}")
def test_admissible_characters_are_exact(case: dict) -> None:
    name, cells = case["grammar_name"], case["cells"]
    alphabet = [*ALPHABETS[name], "<eos>"]
    # Masks of a json canvas are few; nesting needs an opening and a closing character per level.
    engine = constraint(name, len(cells) // 2 + 1 if name != "json" else min(len(cells) // 2 + 1, 6))
    if not case["eos"] and "<eos>" in cells:
        document = cells[: cells.index("<eos>")]
        assert set(cells[len(document) :]) == {"<eos>"} or not case["completable"]
        cells = document
    free = np.array([cell is None for cell in cells])
    tokens = np.array([0 if cell is None else alphabet.index(cell) for cell in cells])
    try:
        session = engine.session(tokens, free, tail=case["eos"])
    except Infeasible:
        assert not case["completable"]
        return
    assert case["completable"]
    admissible = session.admissible()
    for slot in np.flatnonzero(free):
        found = {alphabet[i] for i in np.flatnonzero(admissible[slot])}
        assert found == set(case["admissible"][str(slot)]), slot
