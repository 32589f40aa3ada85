"""Build the lexer of a context-free grammar.

The automata of all terminals run side by side (``united.py``); a state accepts the terminals that match what was
read, and ties are settled there, once and for all. Ignored lexemes are lexemes like all others, cut by maximal munch,
but give nothing out: behind one, the lexer stands where it stood before it. So a state that accepts ignored text moves
on like the start does, wherever its own lexeme cannot go on.

Where terminals of several modes exist, a *context* is what competes for a lexeme: the terminals of all modes that may
come next, and the ignored ones of these modes and of the mode of the lexeme before. Every context has a start state;
most states are shared by all contexts.

Parts of JSON strings are cut as the text that they decode to, and written out afterwards (``escaped.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.automata.algebra import DEFAULT_MAX_STATES, coarsest_congruence, coreachable, expand, plain
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.automata.escaped import CLOSING, written_out
from latticework.automata.followers import followers_of, terminals_of
from latticework.automata.lexer import Lexer
from latticework.automata.united import United
from latticework.errors import InputError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Terminal
from latticework.grammar.limits import Limits

NO_CLASS = -1


def build_lexer(grammar: ContextFreeGrammar, max_states: int = DEFAULT_MAX_STATES) -> Lexer:
    """The lexer of a grammar, minimal.

    A lexeme is the longest text that begins a text of any terminal in its context; if no terminal matches all of it,
    the text is refused. Ties are settled as :class:`Terminal` says; ignored terminals yield to all others of the same
    priority and kind, and always munch. Terminals of no production compete like the others, and a text that
    holds one is refused.

    Args:
        grammar: where terminals overlap, those that nothing uses should be left out of it.
        max_states: most states of the lexer before it is minimised, and of the automaton of any terminal.

    Raises:
        LimitExceeded: ``max_states`` or ``max_nodes``; names the terminal at fault.
        ValueError: a terminal matches the empty text.
        InputError: a JSON string of a grammar may begin where other text may, and it cannot be told which it is.

    Cost: about 15 milliseconds for 60 terminals, 0.2 s for 400 keywords; 50 microseconds a state of large terminals.
    """
    return written_out(*build_decoded(grammar, max_states))


def build_decoded(grammar: ContextFreeGrammar, max_states: int = DEFAULT_MAX_STATES) -> tuple[Lexer, NDArray[np.bool_]]:
    """The lexer with parts of JSON strings decoded, and [Q] the states within them, for :func:`.escaped.written_out`.

    Raises as :func:`build_lexer`.
    """
    if not grammar.terminals:
        return _empty_lexer(), np.zeros(1, np.bool_)
    automata = [terminal_automaton(terminal, max_states) for terminal in grammar.terminals]
    builder = _Builder(grammar, United(automata, max_states))
    builder.follow_all()
    return builder.lexer()


def terminal_automaton(terminal: Terminal, max_states: int) -> ByteAutomaton:
    """The automaton of a terminal, without counters.

    Raises:
        LimitExceeded: ``max_states`` or ``max_nodes``; names the terminal.
        ValueError: it matches the empty text.
    """
    if terminal.writing == "closing":
        return _spelling([bytes([CLOSING])])
    letters = _letters(terminal.pattern)
    if letters is not None and 0 < len(letters) < max_states:
        return _spelling(letters)
    try:
        automaton = _expanded(terminal.pattern, max_states)
    except LimitExceeded as error:
        raise LimitExceeded(error.limit, error.bound, f"terminal {terminal.name}") from None
    if automaton.accepting[0]:
        raise ValueError(f"terminal {terminal.name} matches the empty text")
    return automaton


@lru_cache(maxsize=512)
def _expanded(pattern: ir.Node, max_states: int) -> ByteAutomaton:
    return expand(build_automaton(pattern, Limits(max_states=max_states)), max_states)


def _letters(node: ir.Node) -> list[bytes] | None:
    """The choices for every byte where a pattern spells one text, upper or lower case; ``None`` for other patterns.

    Most terminals are of this kind, and their automata take a tenth of the time of the general way.
    """
    if isinstance(node, ir.Located):
        return _letters(node.body)
    if isinstance(node, ir.Literal):
        return [bytes([byte]) for byte in node.data]
    if isinstance(node, ir.Chars) and node.ranges and node.ranges[-1][1] < 0x80:
        return [bytes(byte for low, high in node.ranges for byte in range(low, high + 1))]
    if isinstance(node, ir.Seq):
        found: list[bytes] = []
        for part in node.parts:
            letters = _letters(part)
            if letters is None:
                return None
            found += letters
        return found
    return None


def _spelling(letters: list[bytes]) -> ByteAutomaton:
    """The automaton of the texts with one of the choices for every byte."""
    byte_class = np.arange(256)
    next_state = np.full((len(letters) + 1, 256), -1, np.int32)
    for at, choices in enumerate(letters):
        next_state[at, list(choices)] = at + 1
    return plain(next_state, byte_class, np.arange(len(letters) + 1) == len(letters))


def _empty_lexer() -> Lexer:
    """That of a grammar without terminals: it reads nothing."""
    none = np.zeros(0, np.int32)
    return Lexer(
        next_state=np.full((1, 256), -1, np.int32),
        accept_class=np.full(1, NO_CLASS, np.int32),
        split_class=np.full(1, NO_CLASS, np.int32),
        start_after=none,
        may_end=np.ones(1, np.bool_),
        class_offset=np.zeros(1, np.int32),
        class_terminal=none.copy(),
        adjacent=np.zeros((0, 0), np.bool_),
    )


class _Ending(NamedTuple):
    """What ends in a state: a lexeme of one of two classes, or ignored text."""

    accept: int
    split: int
    is_ignored: bool


class _Builder:
    def __init__(self, grammar: ContextFreeGrammar, united: United) -> None:
        self.terminals = grammar.terminals
        self.ignored = frozenset(grammar.ignored)
        self.ignored_set = sum(1 << terminal for terminal in self.ignored)
        self.modes: dict[int, int] = {}  # the terminals of each that compete for a lexeme
        self.closing, self.in_strings = 0, 0
        for number, terminal in enumerate(grammar.terminals):
            if terminal.writing in ("escaped", "closing"):
                self.in_strings |= 1 << number
            if terminal.writing == "closing":
                self.closing |= 1 << number
            else:
                self.modes[terminal.mode] = self.modes.get(terminal.mode, 0) | 1 << number
        self.united = united
        self.followers = followers_of(grammar)
        self.useful = frozenset(terminals_of(self.followers.useful))
        self.classes: dict[tuple[int, ...], int] = {}
        self.endings: list[_Ending] = []  # of the states of ``united``
        self.contexts: dict[int, int] = {}  # by the set of terminals
        self.context_start: list[int] = []  # state of ``united``
        self.context_after: list[int] = []  # by class
        self._settled: dict[tuple[int, ...], _Ending] = {}

    def follow_all(self) -> None:
        """Find all contexts, classes and states: each may lead to further ones of the others."""
        self._context(self.followers.first, ())
        while len(self.endings) < len(self.united.accepted) or len(self.context_after) < len(self.classes):
            for accepted in self.united.accepted[len(self.endings) :]:
                self.endings.append(self._ending(accepted))
            for found in list(self.classes)[len(self.context_after) :]:
                self.context_after.append(self._context(self._behind(found), found))

    def _context(self, following: int, behind: Iterable[int]) -> int:
        """The context in which terminals of ``following`` may come, behind a lexeme of a class.

        Within a JSON string it is that of its text alone, where the text may end before the quotation mark.
        """
        closing = following & self.closing
        following ^= closing
        before = {self.terminals[terminal].mode for terminal in behind}
        # Where the text can only end, any context does; one that is there already costs nothing.
        coming = {mode for mode, members in self.modes.items() if members & following} or before or self._outside()
        competing = closing
        for mode, members in self.modes.items():
            competing |= members if mode in coming else members & self.ignored_set if mode in before else 0
        found = self.contexts.get(competing)
        if found is None:
            self._check(competing, coming, behind)
            found = self.contexts[competing] = len(self.contexts)
            self.context_start.append(self.united.start(terminals_of(competing)))
        return found

    def _check(self, competing: int, coming: Iterable[int], behind: Iterable[int]) -> None:
        """Refuse strings of several grammars of which one would let the ignored text of another stand at its start."""
        openings = [terminal for terminal in behind if self.terminals[terminal].writing == "opening"]
        members = [terminals_of(self.modes[mode] & self.ignored_set) for mode in coming]
        ignored = {frozenset(self.terminals[terminal].pattern for terminal in found) for found in members}
        if competing & self.in_strings and len(openings) > 1 and len(ignored) > 1:
            raise InputError(
                "JSON strings of grammars that ignore different texts may begin at the same place: "
                "tell them apart by what stands before them"
            )

    def _outside(self) -> set[int]:
        """The modes whose terminals are not within JSON strings."""
        return {mode for mode, members in self.modes.items() if not members & self.in_strings}

    def _ending(self, accepted: tuple[int, ...]) -> _Ending:
        """Settle the ties of terminals that match the same text."""
        found = self._settled.get(accepted)
        if found is None:
            found = self._settled[accepted] = self._settle(accepted)
        return found

    def _settle(self, accepted: tuple[int, ...]) -> _Ending:
        if not accepted:
            return _Ending(NO_CLASS, NO_CLASS, False)
        self._refuse_other_quotes(accepted)
        highest = max(self.terminals[terminal].priority for terminal in accepted)
        left = [terminal for terminal in accepted if self.terminals[terminal].priority == highest]
        left = [terminal for terminal in left if self.terminals[terminal].is_literal] or left
        others = [terminal for terminal in left if terminal not in self.ignored]
        if not others:
            return _Ending(NO_CLASS, NO_CLASS, True)
        used = [terminal for terminal in others if terminal in self.useful]
        return _Ending(
            self._class(used), self._class([t for t in used if not self.terminals[t].munch]), is_ignored=False
        )

    def _refuse_other_quotes(self, accepted: tuple[int, ...]) -> None:
        """What follows a quotation mark is either escaped or not."""
        names = {self.terminals[terminal].writing: self.terminals[terminal].name for terminal in accepted}
        if "opening" in names and "plain" in names:
            raise InputError(
                f"a JSON string of a grammar may begin where {names['plain']} may be the same quotation mark: "
                "make that mark a part of a terminal that reads all of its string"
            )

    def _class(self, terminals: list[int]) -> int:
        return self.classes.setdefault(tuple(terminals), len(self.classes)) if terminals else NO_CLASS

    def lexer(self) -> tuple[Lexer, NDArray[np.bool_]]:
        """Put the states of all contexts together and minimise them; [Q] those within JSON strings."""
        rows = np.array(self.united.rows, np.int32)
        accept = np.array([ending.accept for ending in self.endings], np.int32)
        split = np.array([ending.split for ending in self.endings], np.int32)
        is_ignored = np.array([ending.is_ignored for ending in self.endings], np.bool_)
        table, origin = self._all_contexts(rows, is_ignored)
        contexts = len(self.contexts)
        accept, split, may_end = accept[origin], split[origin], is_ignored[origin]
        accept[:contexts], split[:contexts], may_end[:contexts] = NO_CLASS, NO_CLASS, True
        in_string = np.zeros(len(table), np.bool_)
        first = [number for competing, number in self.contexts.items() if competing & self.in_strings]
        in_string[_reachable(table, first)] = True
        table = _without_useless_moves(table, accept, may_end)
        return self._assemble(table, accept, split, may_end, in_string)

    def _all_contexts(self, rows: NDArray[np.int32], is_ignored: NDArray[np.bool_]) -> tuple[NDArray, NDArray]:
        """The starts of all contexts, then all other states: [S, K] moves and [S] state of ``united`` of each.

        States from which ignored text can still end go back to the start of their context, so there is one of them
        for every context they are reached in.
        """
        returns = coreachable(rows, is_ignored)
        shared = np.flatnonzero(~returns)
        number = np.full(len(rows) + 1, -1, np.int32)  # -1 picks the last entry
        number[shared] = len(self.contexts) + np.arange(len(shared))
        tables, origins, count = [number[rows[shared]]], [shared], len(self.contexts) + len(shared)
        starts = []
        own = np.flatnonzero(returns)
        for start in self.context_start:
            number[own] = count + np.arange(len(own))
            begin = number[rows[start]]
            table = number[rows[own]]
            goes_back = is_ignored[own, None] & (table < 0)
            tables.append(np.where(goes_back, begin, table))
            origins.append(own)
            starts.append(begin)
            count += len(own)
        origin = np.concatenate([np.array(self.context_start), *origins])
        return np.concatenate([np.array(starts), *tables]), origin

    def _assemble(
        self, table: NDArray, accept: NDArray, split: NDArray, may_end: NDArray, in_string: NDArray
    ) -> tuple[Lexer, NDArray[np.bool_]]:
        kind = np.unique(np.stack([accept, split, may_end, in_string], 1), axis=0, return_inverse=True)[1].reshape(-1)
        # Unreachable copies must not take part: their blocks would be states of the lexer.
        kept = _reachable(table, range(len(self.contexts)))
        number = np.full(len(table) + 1, -1, np.int64)
        number[kept] = np.arange(len(kept))
        table, accept, split, may_end = number[table[kept]], accept[kept], split[kept], may_end[kept]
        block, first = coarsest_congruence(table, kind[kept])
        order = np.argsort(first)  # by first occurrence, so that the start of the text stays 0
        rank = np.empty(len(first), np.int64)
        rank[order] = np.arange(len(first))
        chosen, block = first[order], rank[block]
        moves = np.append(block, -1)[table[chosen]].astype(np.int32)
        classes = sorted(self.classes, key=lambda terminals: (terminals[0], len(terminals), terminals))
        new_class = np.full(len(classes) + 1, NO_CLASS, np.int32)  # -1 picks the last entry
        for new, terminals in enumerate(classes):
            new_class[self.classes[terminals]] = new
        after = np.array([self.context_after[self.classes[terminals]] for terminals in classes], np.int64)
        lexer = Lexer(
            next_state=moves[:, self.united.byte_class],
            accept_class=new_class[accept[chosen]],
            split_class=new_class[split[chosen]],
            start_after=block[after].astype(np.int32),
            may_end=may_end[chosen],
            class_offset=np.cumsum([0, *map(len, classes)]).astype(np.int32),
            class_terminal=np.array([t for terminals in classes for t in terminals], np.int32),
            adjacent=self._adjacent(classes),
        )
        return lexer, in_string[kept[chosen]]

    def _adjacent(self, classes: list[tuple[int, ...]]) -> NDArray[np.bool_]:
        holds = [sum(1 << terminal for terminal in terminals) for terminals in classes]
        rows = []
        for terminals in classes:
            behind = self._behind(terminals)
            rows.append([behind & other != 0 for other in holds])
        return np.array(rows, np.bool_).reshape(len(classes), len(classes))

    def _behind(self, terminals: tuple[int, ...]) -> int:
        """The terminals that may stand behind a lexeme of a class."""
        behind = 0
        for terminal in terminals:
            behind |= self.followers.behind[terminal]
        return behind


def _without_useless_moves(table: NDArray, accept: NDArray, may_end: NDArray) -> NDArray:
    """Drop moves to states from which no lexeme of use can end.

    Not where a lexeme may end: there, a byte that leads nowhere would end it, while one that
    leads to a longer lexeme of no use makes the text refused.
    """
    lives = coreachable(table, (accept != NO_CLASS) | may_end)
    return np.where((table >= 0) & ~lives[table] & (accept == NO_CLASS)[:, None], -1, table)


def _reachable(table: NDArray, starts: Sequence[int]) -> NDArray[np.int64]:
    """States that ``starts`` lead to, ascending, themselves included."""
    seen = np.zeros(len(table) + 1, np.bool_)  # -1 picks the last entry
    frontier = np.array(starts, np.int64)
    while len(frontier):
        seen[frontier] = True
        targets = np.unique(table[frontier])
        frontier = targets[(targets >= 0) & ~seen[targets]]
    return np.flatnonzero(seen[:-1])
