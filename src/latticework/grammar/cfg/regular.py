"""Which rules of a grammar without lexer are regular, and their languages.

A rule is regular when it does not lead back to itself and is made of regular ones, or when the rules that lead to one
another do so at their right ends only, or at their left ends only ("strongly regular grammars", Mohri & Nederhof,
*Regular approximation of context-free grammars through transformation*, 2001). Such a system of equations is solved by
Arden's lemma: ``X = aX | b`` has the least solution ``a* b``.
"""

from __future__ import annotations

from collections.abc import Mapping

from latticework.grammar import ir
from latticework.grammar.cfg.expressions import CharSet, Choice, Expression, Name, Repeat, Sequence, Text
from latticework.grammar.combine import alt, repeat, seq
from latticework.grammar.tree_size import tree_size

# A language is written out as a tree when it is compiled; larger ones stay apart as rules.
MAX_WEIGHT = 20_000

# What a rule is made of: for every rule at the far end of an alternative (None for no rule) what stands before it.
_Equation = dict[str | None, ir.Node]


def regular_rules(rules: Mapping[str, Expression]) -> dict[str, ir.Node]:
    """Languages of the rules that are regular. Cost: linear, but for the rules that lead to one another (cubic)."""
    found: dict[str, ir.Node] = {}
    for members in _components(rules):
        solution = _solve(rules, members, found)
        for name, node in (solution or {}).items():
            if tree_size(node).weight <= MAX_WEIGHT:
                found[name] = node
    return found


def language(body: Expression, known: Mapping[str, ir.Node]) -> ir.Node | None:
    """The language of a body whose rules are all ``known``, else ``None``."""
    match body:
        case Name(name):
            return known.get(name)
        case Text(text):
            return ir.Literal(text.encode()) if text else ir.EMPTY
        case CharSet(ranges):
            return ir.Chars(ranges)
        case Sequence(parts) | Choice(parts):
            nodes = [node for part in parts if (node := language(part, known)) is not None]
            if len(nodes) < len(parts):
                return None
            return seq(nodes) if isinstance(body, Sequence) else alt(nodes)
        case Repeat(inner, low, high):
            node = language(inner, known)
            return None if node is None else repeat(node, low, high)
    raise TypeError(f"{body!r} is in no grammar without lexer")


def names(body: Expression) -> set[str]:
    """The rules that a body names."""
    match body:
        case Name(name):
            return {name}
        case Sequence(parts) | Choice(parts):
            return set().union(*map(names, parts))
        case Repeat(inner):
            return names(inner)
    return set()


def _components(rules: Mapping[str, Expression]) -> list[list[str]]:
    """Rules that lead to one another, together; those they are made of come before them (Tarjan, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []
    for root in rules:
        work = [(root, iter(sorted(names(rules[root]))))] if root not in index else []
        while work:
            name, inner = work[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                path.append(name)
            following = next((other for other in inner if other in rules and low.get(other) != len(rules)), None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    at = path.index(name)
                    found.append(path[at:])
                    low.update(dict.fromkeys(path[at:], len(rules)))
                    del path[at:]
            elif following in index:
                low[name] = min(low[name], index[following])
            else:
                work.append((following, iter(sorted(names(rules[following])))))
    return found


def _solve(
    rules: Mapping[str, Expression], members: list[str], known: Mapping[str, ir.Node]
) -> dict[str, ir.Node] | None:
    for at_end in (True, False):
        equations = {name: _equation(rules[name], set(members), known, at_end) for name in members}
        complete = {name: equation for name, equation in equations.items() if equation is not None}
        if len(complete) == len(members):
            return _least(complete, at_end)
    return None


def _equation(body: Expression, members: set[str], known: Mapping[str, ir.Node], at_end: bool) -> _Equation | None:
    """``body`` with members at the far end of alternatives only, ``None`` where it is not like that."""
    if not names(body) & members:
        node = language(body, known)
        return None if node is None else {None: node}
    match body:
        case Name(name):
            return {name: ir.EMPTY}
        case Choice(options):
            return _sum([_equation(option, members, known, at_end) for option in options])
        case Repeat(inner, 0, 1):
            return _sum([{None: ir.EMPTY}, _equation(inner, members, known, at_end)])
        case Sequence(parts):
            before, last = (parts[:-1], parts[-1]) if at_end else (parts[1:], parts[0])
            nodes = [language(part, known) if not names(part) & members else None for part in before]
            inner = _equation(last, members, known, at_end)
            if inner is None or any(node is None for node in nodes):
                return None
            node = seq([node for node in nodes if node is not None])
            return {end: _joined(node, rest, at_end) for end, rest in inner.items()}
    return None


def _joined(near: ir.Node, far: ir.Node, at_end: bool) -> ir.Node:
    return seq([near, far] if at_end else [far, near])


def _sum(equations: list[_Equation | None]) -> _Equation | None:
    found: dict[str | None, list[ir.Node]] = {}
    for equation in equations:
        if equation is None:
            return None
        for end, node in equation.items():
            found.setdefault(end, []).append(node)
    return {end: alt(nodes) for end, nodes in found.items()}


def _least(equations: dict[str, _Equation], at_end: bool) -> dict[str, ir.Node]:
    """The least solution, by elimination of one rule after the other, then back."""
    order = list(equations)
    for position, name in enumerate(order):
        own = dict(equations[name])
        loop = own.pop(name, None)
        if loop is not None:
            again = ir.Repeat(loop, 0, None) if loop != ir.EMPTY else ir.EMPTY
            own = {end: _joined(again, node, at_end) for end, node in own.items()}
        equations[name] = own
        for other in order[position + 1 :]:
            equations[other] = _substituted(equations[other], name, own, at_end)
    solved: dict[str, ir.Node] = {}
    for name in reversed(order):
        equation = equations[name]
        for other, node in solved.items():
            equation = _substituted(equation, other, {None: node}, at_end)
        solved[name] = equation.get(None, ir.NOTHING)
    return solved


def _substituted(equation: _Equation, name: str, value: _Equation, at_end: bool) -> _Equation:
    if name not in equation:
        return equation
    rest = {end: node for end, node in equation.items() if end != name}
    found = _sum([rest, {end: _joined(equation[name], node, at_end) for end, node in value.items()}])
    assert found is not None
    return found
