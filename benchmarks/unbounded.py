"""The check of Mündler, Dekoninck and Vechev (*Constrained Decoding of Diffusion LLMs with Context-Free Grammars*,
arXiv 2508.10111), written anew for one of our grammars: is there a text of the language if every gap may hold anything?

As in the original every terminal has automata for its words, their beginnings, ends and middles; fixed runs are cut by
longest match of each terminal; the readings, with all terminals in every gap and edges for lexemes that reach over
gaps, are determinised and minimised, and a fixpoint over (state, symbol, state) says whether the grammar has one of the
words. Nothing is kept between checks. What differs favours it: readings of a run share their states instead of being
listed one by one, whether a beginning and an end belong to one lexeme is looked up in an automaton instead of compiled
from a regular expression, and the rules are cut to pairs by :func:`latticework.automata.rules.rules_of`. Words of
stronger terminals are no words of weaker ones, as our grammars say. Bytes that are ignored on their own (white space)
are passed over before lexemes; longer ignored text (comments) is a terminal that leaves no symbol. Joining the runs is
Python here and in the original; all else is Numba here and Rust there.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from unbounded_kernels import BEGINNING, ENDING, MIDDLE, WHOLE, determinised, is_empty, pieces, run_set

from latticework.automata.algebra import coarsest_congruence, coreachable, difference, expand
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.automata.terminals import terminal_automaton
from latticework.grammar.cfg.syntax import ContextFreeGrammar
from latticework.grammar.combine import alt
from latticework.lattice.chart.canvas import Canvas

MOST_TRIPLES = 64_000_000  # of the original; beyond it there is no answer
MOST_SUBSETS = 5_000  # of ours, as the original has a time limit: a determinisation that large takes over 10 s
MOST_TABLE = 1 << 31  # bytes of the table of triples
STAGES = ("lexing", "joining", "automaton", "emptiness")


@dataclass
class Check:
    """One check: the answer (``None``: the limit), CPU milliseconds by stage, sizes."""

    answer: bool | None = False
    stages: dict[str, float] = field(default_factory=dict)
    states: int = 0
    edges: int = 0

    @property
    def milliseconds(self) -> float:
        return sum(self.stages.values())


class _Moves:
    """Moves of many automata in one table."""

    def __init__(self) -> None:
        self.rows: list[NDArray[np.int32]] = []
        self.accept: list[NDArray[np.bool_]] = []
        self.count = 0

    def add(self, move: NDArray[Any], accept: NDArray[np.bool_]) -> int:
        """The first state; dead states are dropped from the moves."""
        alive = coreachable(move, accept)
        kept = np.where((move >= 0) & alive[move], move + self.count, -1)
        first = self.count if alive[0] else -1
        self.rows.append(kept.astype(np.int32))
        self.accept.append(accept)
        self.count += len(move)
        return first


class Unbounded:
    """The check for one grammar, whose terminals compete in one mode."""

    def __init__(self, grammar: ContextFreeGrammar, rules: Any, max_states: int = 20_000) -> None:
        self.rules = rules
        start = int(rules.pair_left[rules.pair_offset[rules.goal]])
        self._start = start
        self.terminals = len(grammar.terminals)
        if any(terminal.mode for terminal in grammar.terminals) or grammar.condition is not None:
            raise ValueError("a lexer with modes or a condition cannot be said with one set of terminals")
        moves, starts = _Moves(), np.full((3, self.terminals), -1, np.int32)
        ranks = [(one.priority, one.is_literal, at not in grammar.ignored) for at, one in enumerate(grammar.terminals)]
        stronger: dict[Any, ByteAutomaton] = {}
        self.silent = np.zeros(self.terminals, np.bool_)
        self.silent[list(grammar.ignored)] = True
        self.passed = np.zeros(256, np.bool_)
        for index, terminal in enumerate(grammar.terminals):
            whole = terminal_automaton(terminal, max_states)
            move, accept = _dense(whole), whole.accepting
            starts[1, index] = moves.add(move, accept)
            starts[2, index] = moves.add(*_ends(move, accept))
            above = [one.pattern for one, rank in zip(grammar.terminals, ranks, strict=True) if rank > ranks[index]]
            if above:
                if ranks[index] not in stronger:
                    stronger[ranks[index]] = expand(build_automaton(alt(above)), max_states)
                own = difference(whole, stronger[ranks[index]], max_states)
                move, accept = _dense(own), own.accepting
            starts[0, index] = moves.add(move, accept)
            if self.silent[index]:
                self.passed |= (move[0] >= 0) & accept[move[0]]
        self.move, self.accept = np.concatenate(moves.rows), np.concatenate(moves.accept)
        self.starts = starts
        self.alive = (self.move >= 0).any(axis=1)
        self._behind = _reached(self.move)

    def check(self, canvas: Canvas) -> Check:
        """Whether some text agrees with the fixed bytes of a canvas; the text ends where the canvas does."""
        check = Check()
        clock = time.process_time()

        def stage(name: str) -> None:
            nonlocal clock
            now = time.process_time()
            check.stages[name] = 1e3 * (now - clock)
            clock = now

        runs = self._runs(canvas)
        stage("lexing")
        edges = self._edges(canvas, runs)
        stage("joining")
        found = self._automaton(edges)
        stage("automaton")
        if found is None:
            check.answer = None
            return check
        move, accept = found
        check.states, check.edges = len(move), int((move >= 0).sum())
        check.answer = False
        if len(move):
            if self.rules.symbols * len(move) ** 2 > MOST_TABLE:
                check.answer = None
            else:
                verdict = is_empty(move, accept, self.rules, self._start, MOST_TRIPLES)
                check.answer = None if verdict < 0 else verdict == 0
        stage("emptiness")
        return check

    def _runs(self, canvas: Canvas) -> list[tuple[int, int, NDArray[np.int32], NDArray[np.bool_]] | None]:
        """Pieces of every run of fixed text, and ``None`` for every gap between them."""
        text, found, at = canvas.text, [], 0
        for index in range(canvas.gaps + 1):
            end = int(canvas.gap_at[index]) if index < canvas.gaps else len(text)
            if end > at:
                before, behind = index > 0, index < canvas.gaps
                own, reached = pieces(
                    self.move, self.accept, self.alive, self.starts, self.passed, text, at, end, before, behind
                )
                found.append((at, end, own, reached))
            if index < canvas.gaps:
                found.append(None)
            at = end
        return found

    def _edges(self, canvas: Canvas, runs: list[Any]) -> tuple[list[tuple[int, int, int]], int, int]:
        """Edges (state, terminal, state) of the automaton of all readings, its states and its final state."""
        edges: list[tuple[int, int, int]] = []
        text, states, here = canvas.text, 1, 0
        # Lexemes begun before: by terminal, the state they begin in and where their automaton may be now.
        open_: dict[int, list[tuple[int, NDArray[np.int32]]]] = defaultdict(list)
        for run in runs:
            if run is None:
                edges += [(here, terminal, here) for terminal in range(self.terminals)]
                for terminal, begun in open_.items():
                    wider = [(state, self._anything(now)) for state, now in begun]
                    edges += [(state, terminal, here) for state, now in wider if self.accept[now].any()]
                    open_[terminal] = wider
                for terminal in range(self.terminals):
                    first = self.starts[0, terminal]
                    if first >= 0:
                        open_[terminal].append((here, self._anything(np.array([first], np.int32))))
                continue
            begin, end, own, reached = run
            place = {begin: here}
            for offset in (np.flatnonzero(reached[1:]) + begin + 1).tolist():
                place[offset] = states
                states += 1
            behind = place.setdefault(end, states)
            states = max(states, behind + 1)
            edges += [(at, -1, place[offset + 1]) for offset, at in place.items() if self._passes(text, offset, end)]
            still: dict[int, list[tuple[int, NDArray[np.int32]]]] = defaultdict(list)
            stops: dict[tuple[int, int], int] = {}
            for offset, terminal, stop, kind in own.tolist():
                source = here if kind in (ENDING, MIDDLE) else place[offset]
                edges.append((source, terminal, place[stop]))
                if kind == WHOLE:
                    continue
                if kind == BEGINNING and self.starts[0, terminal] >= 0:
                    now = np.array([self.starts[0, terminal]], np.int32)
                    still[terminal].append((source, run_set(self.move, now, text, offset, end)))
                elif kind == MIDDLE:
                    for state, now in open_[terminal]:
                        still[terminal].append((state, run_set(self.move, now, text, begin, end)))
                elif kind == ENDING:
                    stops[terminal, stop] = place[stop]
            for (terminal, stop), target in stops.items():
                for state, now in open_[terminal]:
                    if self.accept[run_set(self.move, now, text, begin, stop)].any():
                        edges.append((state, terminal, target))
            open_, here = still, behind
        return edges, states, here

    def _passes(self, text: NDArray[np.uint8], offset: int, end: int) -> bool:
        return offset < end and bool(self.passed[text[offset]])

    def _anything(self, now: NDArray[np.int32]) -> NDArray[np.int32]:
        if not len(now):
            return now
        return np.unique(np.concatenate([now, *(self._behind[state] for state in now)]))

    def _automaton(
        self, made: tuple[list[tuple[int, int, int]], int, int]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]] | None:
        """Minimal deterministic moves and accepting states, no states if nothing is accepted; ``None``: the limit."""
        edges, states, last = made
        table = np.unique(np.array(edges, np.int32).reshape(-1, 3), axis=0)
        is_silent = (table[:, 1] < 0) | self.silent[table[:, 1]]
        closures = _closures(states, table[is_silent])
        sizes = [len(one) for one in closures]
        table = table[~is_silent]
        final = np.zeros(states, np.bool_)
        final[last] = True
        move, accept = determinised(
            np.searchsorted(table[:, 0], np.arange(states + 1)).astype(np.int32),
            np.ascontiguousarray(table[:, 1]),
            np.ascontiguousarray(table[:, 2]),
            np.append(0, np.cumsum(sizes)).astype(np.int32),
            np.concatenate(closures),
            0,
            final,
            self.terminals,
            MOST_SUBSETS,
        )
        if not len(move):
            return None
        alive = coreachable(move, accept)
        if not alive[0]:
            return move[:0], accept[:0]
        new = np.cumsum(alive) - 1
        move = np.where((move >= 0) & alive[move], new[move], -1)[alive]
        accept = accept[alive]
        block, first = coarsest_congruence(move, accept)
        if block[0] != 0:
            order = np.arange(len(first))
            order[[0, block[0]]] = order[[block[0], 0]]
            block, first = order[block], first[order]
        small = move[first]
        return np.where(small >= 0, block[small], -1).astype(np.int32), accept[first]


def _dense(automaton: ByteAutomaton) -> NDArray[np.int32]:
    return automaton.next_state[:, automaton.byte_class]


def _ends(move: NDArray[Any], accept: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The deterministic automaton of the ends of words that are not all of the word."""
    first = frozenset(int(state) for state in _reached(move)[0])
    number, queue, rows = {first: 0}, [first], []
    # Bytes that all states treat alike need one step.
    _, column, kind = np.unique(move, axis=1, return_index=True, return_inverse=True)
    while queue:
        now = queue.pop(0)
        row = []
        for byte in column.tolist():
            targets = frozenset(int(move[state, byte]) for state in now if move[state, byte] >= 0)
            if not targets:
                row.append(-1)
                continue
            if targets not in number:
                number[targets] = len(number)
                queue.append(targets)
            row.append(number[targets])
        rows.append(row)
    accepting = np.array([bool(accept[list(one)].any()) for one in number])
    return np.array(rows, np.int32)[:, np.asarray(kind).reshape(-1)], accepting


def _reached(move: NDArray[Any]) -> list[NDArray[np.int32]]:
    """By state, those that one byte or more lead to."""
    targets = [np.unique(row[row >= 0]) for row in move]
    found = []
    for state in range(len(move)):
        seen, stack = set(), list(targets[state])
        while stack:
            other = int(stack.pop())
            if other not in seen:
                seen.add(other)
                stack += targets[other].tolist()
        found.append(np.array(sorted(seen), np.int32))
    return found


def _closures(states: int, silent: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """By state, those that silent moves lead to, itself included."""
    to: dict[int, list[int]] = defaultdict(list)
    for source, _, target in silent.tolist():
        to[source].append(target)
    found = []
    for state in range(states):
        if state not in to:
            found.append(np.array([state], np.int32))
            continue
        seen, stack = {state}, [state]
        while stack:
            for other in to.get(stack.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        found.append(np.array(sorted(seen), np.int32))
    return found
