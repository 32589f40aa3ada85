"""How a text is cut into lexemes, straight from the definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from itertools import pairwise, product

from latticework.automata import run
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.automata.lexer import Lexer
from latticework.grammar import ir
from latticework.grammar.cfg.syntax import ContextFreeGrammar

Words = set[tuple[tuple[int, ...], ...]]


@cache
def automaton_of(node: ir.Node) -> ByteAutomaton:
    return build_automaton(node)


def cut(grammar: ContextFreeGrammar, data: bytes, viable: bool = True) -> Words:
    """All readings of a text as sequences of sets of terminals (those of no use left out), by definition.

    With ``viable``, a lexeme is the longest text that begins one of a terminal that competes; else, the longest
    text that is one (the usual maximal munch, which may look further than the lexeme and go back).
    """
    pairs, first = neighbours(grammar)
    useful = first.union(*pairs) if pairs else set(first)
    mode = [terminal.mode for terminal in grammar.terminals]

    def around(behind: tuple[int, ...]) -> dict[int, set[int]]:
        """The modes of the lexeme that comes (-1: none), each with those of the lexemes that it may come behind."""
        before = {mode[terminal] for terminal in behind} or {0}
        following = [(a, b) for a, b in pairs if a in behind] if behind else [(-1, b) for b in first]
        found: dict[int, set[int]] = {}
        for a, b in following:
            found.setdefault(mode[b], set()).add(mode[a] if behind else 0)
        found = found or dict.fromkeys(before, before)
        return found | {-1: {mode[t] for t in behind if t in last_of(grammar)} or before}

    def is_cut_alone(terminal: int) -> bool:
        """Whether no text of an ignored terminal is or begins one of another terminal of its mode."""
        own = automaton_of(grammar.terminals[terminal].pattern)
        others = [automaton_of(grammar.terminals[t].pattern) for t in others_of(terminal)]
        return not any(goes_along(own, other) for other in others)

    def others_of(terminal: int) -> list[int]:
        return [t for t in range(len(mode)) if mode[t] == mode[terminal] and t not in grammar.ignored]

    def ignoring(matching: list[int]) -> set[int]:
        """The modes whose own terminals would let a text go unnoticed."""
        own = {m: settle(grammar, [t for t in matching if mode[t] == m]) for m in {mode[t] for t in matching}}
        return {m for m, left in own.items() if set(left) <= set(grammar.ignored)}

    def read(at: int, behind: tuple[int, ...], gap: tuple[dict[int, set[int]], set[int]] | None = None) -> Words:
        """``gap``: what may come behind the ignored text read so far, and what has begun with it."""
        waiting, begun = gap or (around(behind), set[int]())
        if at == len(data):
            return {()} if -1 in begun or -1 in waiting else set()
        coming = begun | set(waiting)
        before = set[int]().union(*waiting.values()) | ({0} if -1 in begun else set())
        rivals = [
            t
            for t in range(len(mode))
            if mode[t] in coming or (mode[t] in before and t in grammar.ignored and is_cut_alone(t))
        ]
        automata = [automaton_of(grammar.terminals[t].pattern) for t in rivals]
        longest = max((run.prefix_length(automaton, data[at:]) for automaton in automata), default=0)
        ends: dict[int, list[int]] = {
            end: [t for t, own in zip(rivals, automata, strict=True) if run.accepts(own, data[at:end])]
            for end in range(at + 1, at + longest + 1)
        }
        if not viable:
            ends = {end: found for end, found in ends.items() if found}
        found: Words = set()
        for end, matching in ends.items():
            left = settle(grammar, matching)
            is_longest = end == max(ends)
            others = [t for t in left if t not in grammar.ignored]
            if left and not others and is_longest:
                modes = ignoring(matching)
                kept = {key: modes_before for key, modes_before in waiting.items() if modes_before <= modes}
                stays = len(kept) == len(waiting) and not begun
                found |= read(end, behind, None if stays else (kept, {key for key in coming if max(key, 0) in modes}))
            chosen = tuple(t for t in others if t in useful and (is_longest or not grammar.terminals[t].munch))
            if chosen:
                found |= {(chosen, *rest) for rest in read(end, chosen)}
        return found

    return read(0, ())


@cache
def last_of(grammar: ContextFreeGrammar) -> frozenset[int]:
    """Terminals that some text ends with: those that some text of the mirrored grammar begins with."""
    mirrored = [replace(production, right=production.right[::-1]) for production in grammar.productions]
    return neighbours(replace(grammar, productions=tuple(mirrored)))[1]


@cache
def goes_along(first: ByteAutomaton, second: ByteAutomaton) -> bool:
    """Whether one of the short texts of the first is one of the second or begins one."""
    texts = [bytes(word) for length in range(1, 5) for word in product(b"abc \n<>", repeat=length)]
    return any(run.accepts(first, text) and run.prefix_length(second, text) == len(text) for text in texts)


def settle(grammar: ContextFreeGrammar, matching: list[int]) -> list[int]:
    """The terminals that remain of those that match the same bytes."""
    highest = max((grammar.terminals[t].priority for t in matching), default=0)
    left = [t for t in matching if grammar.terminals[t].priority == highest]
    return [t for t in left if grammar.terminals[t].is_literal] or left


@cache
def neighbours(grammar: ContextFreeGrammar) -> tuple[frozenset[tuple[int, int]], frozenset[int]]:
    """Pairs of terminals that stand side by side in some text of the grammar, and those that a text may begin with.

    By rewriting: from the right sides with any choice of symbols that can be empty left out, pairs of symbols are
    followed down to the last symbol of the first and the first symbol of the second.
    """
    count = len(grammar.terminals)
    productive, nullable = set(range(count)), set[int]()
    for _ in grammar.nonterminals:
        productive |= {p.left for p in grammar.productions if productive.issuperset(p.right)}
        nullable |= {p.left for p in grammar.productions if nullable.issuperset(p.right)}
    sides: dict[int, set[tuple[int, ...]]] = {}
    for production in grammar.productions:
        if productive.issuperset(production.right):
            for kept in product((False, True), repeat=len(production.right)):
                chosen = list(zip(production.right, kept, strict=True))
                if all(keep or symbol in nullable for symbol, keep in chosen):
                    sides.setdefault(production.left, set()).add(tuple(symbol for symbol, keep in chosen if keep))

    def closure(found: set[tuple[int, ...]], follow: Callable[[tuple[int, ...]], Iterable[tuple[int, ...]]]) -> None:
        stack = list(found)
        while stack:
            new = set(follow(stack.pop())) - found
            found |= new
            stack += new

    reached = {(grammar.start,)}
    closure(reached, lambda at: {(symbol,) for side in sides.get(at[0], ()) for symbol in side})
    pairs = {pair for (left,) in reached for side in sides.get(left, ()) for pair in pairwise(side)}
    closure(
        pairs,
        lambda pair: (
            {(side[-1], pair[1]) for side in sides.get(pair[0], ()) if side}
            | {(pair[0], side[0]) for side in sides.get(pair[1], ()) if side}
        ),
    )
    first = {(grammar.start,)}
    closure(first, lambda at: {side[:1] for side in sides.get(at[0], ()) if side})
    return (
        frozenset((a, b) for a, b in pairs if a < count and b < count),
        frozenset(symbol for (symbol,) in first if symbol < count),
    )


def classes(lexer: Lexer) -> list[tuple[int, ...]]:
    """The terminals of every class."""
    bounds = lexer.class_offset.tolist()
    return [tuple(lexer.class_terminal[a:b].tolist()) for a, b in pairwise(bounds)]


def steps(lexer: Lexer, state: int, byte: int) -> list[tuple[int, int]]:
    """Outcomes ``(class that is given out or -1, next state)`` of one byte, from the definition of the lexer."""
    found = []
    reached = int(lexer.next_state[state, byte])
    if reached >= 0:
        found.append((-1, reached))
    ended = int(lexer.split_class[state] if reached >= 0 else lexer.accept_class[state])
    if ended >= 0:
        begun = int(lexer.next_state[lexer.start_after[ended], byte])
        if begun >= 0:
            found.append((ended, begun))
    return found


def transduce(lexer: Lexer, data: bytes) -> Words:
    """All readings of a text, as :func:`cut` gives them."""
    terminals = classes(lexer)
    reached: set[tuple[tuple[int, ...], int]] = {((), 0)}
    for byte in data:
        reached = {
            (word + (() if given < 0 else (given,)), after)
            for word, state in reached
            for given, after in steps(lexer, state, byte)
        }
    done = {word for word, state in reached if lexer.may_end[state]}
    done |= {(*word, int(lexer.accept_class[state])) for word, state in reached if lexer.accept_class[state] >= 0}
    return {tuple(terminals[given] for given in word) for word in done}
