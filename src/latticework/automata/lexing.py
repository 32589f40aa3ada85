"""Build the lexer of a context-free grammar.

The automata of all terminals run side by side (``united.py``); a state accepts the terminals that match what was
read, and ties are settled there, once and for all. Ignored lexemes are lexemes like all others, cut by maximal munch,
but give nothing out: behind one, the lexer stands where it stood before it. So a state that accepts ignored text moves
on like the start does, wherever its own lexeme cannot go on.

Where terminals of several modes exist, a *context* is what competes for a lexeme: the terminals of all modes that may
come next, and the ignored ones of these modes and of the mode of the lexeme before (at the start of a text, that of
the outermost grammar, mode 0). Ignored text belongs to the part before or to the part behind it: a lexeme may come if
all modes of the lexemes that it may stand behind ignore the text, or if its own mode does. So there is another context
behind text that not all of these modes ignore. Every context has a start state; most states are shared by all contexts.

Parts of JSON strings are cut as the text that they decode to, and written out afterwards (``escaped.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.automata.algebra import DEFAULT_MAX_STATES, coarsest_congruence, coreachable
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.contexts import END, Context
from latticework.automata.escaped import written_out
from latticework.automata.followers import followers_of, terminals_of
from latticework.automata.lexer import Lexer
from latticework.automata.terminals import goes_along, terminal_automaton
from latticework.automata.united import United
from latticework.errors import InputError
from latticework.grammar.cfg.syntax import ContextFreeGrammar

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
    builder = _Builder(grammar, automata, United(automata, max_states))
    builder.follow_all()
    return builder.lexer()


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
    """What ends in a state: a lexeme of one of two classes, or ignored text, with the modes that ignore it."""

    accept: int
    split: int
    ignoring: frozenset[int] = frozenset()


class _Builder:
    def __init__(self, grammar: ContextFreeGrammar, automata: list[ByteAutomaton], united: United) -> None:
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
        self.automata = automata
        self._shadowed: dict[int, int] = {}
        self.followers = followers_of(grammar)
        self.useful = frozenset(terminals_of(self.followers.useful))
        self.classes: dict[tuple[int, ...], int] = {}
        self.endings: list[_Ending] = []  # of the states of ``united``
        self.contexts: dict[Context, int] = {}
        self.context_start: list[int] = []  # state of ``united``
        self.context_after: list[int] = []  # by class
        self.context_behind: dict[tuple[int, frozenset[int]], int] = {}  # by context and the modes that ignore a text
        self._settled: dict[tuple[int, ...], _Ending] = {}

    def follow_all(self) -> None:
        """Find all contexts, classes and states: each may lead to further ones of the others."""
        self._context(self.followers.first, ())
        done = 0
        while done < len(self.contexts) or len(self.context_after) < len(self.classes):
            for accepted in self.united.accepted[len(self.endings) :]:
                self.endings.append(self._ending(accepted))
            for context in list(self.contexts)[done:]:
                for ignoring in self._ignoring_in(done):
                    self.context_behind[done, ignoring] = self._number(self._behind_ignored(context, ignoring))
                done += 1
            for found in list(self.classes)[len(self.context_after) :]:
                self.context_after.append(self._context(self._behind(found), found))

    def _ignoring_in(self, context: int) -> set[frozenset[int]]:
        """By which modes texts are ignored that may stand in a context."""
        found = {ending.ignoring for ending in self.endings} - {frozenset()}
        if len(self.modes) < 2 or not found:
            return found
        states = _reachable(np.array(self.united.rows[: len(self.endings)], np.int32), [self.context_start[context]])
        return {self.endings[state].ignoring for state in states.tolist()} - {frozenset()}

    def _behind_ignored(self, context: Context, ignoring: frozenset[int]) -> Context:
        """The context behind a text that is ignored by some modes."""
        waiting = frozenset(entry for entry in context.waiting if entry[1] <= ignoring)
        if len(waiting) == len(context.waiting) and not context.begun:
            return context  # what has begun with the text may come anyway
        begun = frozenset(coming for coming in context.coming if self._around(coming) in ignoring)
        return self._competing(waiting, begun)

    def _around(self, coming: int) -> int:
        """The mode whose ignored text may stand before what comes."""
        if coming < END:
            return self._within(END - 1 - coming)
        return max(coming, 0)

    def _competing(self, waiting: frozenset[tuple[int, frozenset[int]]], begun: frozenset[int]) -> Context:
        coming = begun.union(own for own, _ in waiting)
        ignored = {mode for _, modes in waiting for mode in modes} | set(map(self._around, begun))
        competing = sum(1 << (END - 1 - mark) for mark in coming if mark < END)
        for mode, members in self.modes.items():
            competing |= members if mode in coming else self._ignored_alone(mode) if mode in ignored else 0
        return Context(competing, waiting, begun)

    def _ignored_alone(self, mode: int) -> int:
        """The ignored terminals of a mode that need none of its others beside them to be cut as they are there."""
        found = self._shadowed.get(mode)
        if found is None:
            members = self.modes[mode]
            others = [self.automata[terminal] for terminal in terminals_of(members & ~self.ignored_set)]
            ignored = terminals_of(members & self.ignored_set)
            found = sum(1 << own for own in ignored if not any(goes_along(self.automata[own], o) for o in others))
            self._shadowed[mode] = found
        return found

    def _within(self, mark: int) -> int:
        """The mode of the outermost grammar in a JSON string, by one of its quotation marks."""
        return self.terminals[mark].mode + 1

    def _context(self, following: int, behind: Iterable[int]) -> int:
        """The context in which terminals of ``following`` may come, behind a lexeme of a class.

        Within a JSON string it is that of its text alone, where the text may end before the quotation mark.
        """
        closing = following & self.closing
        following ^= closing
        classes = [(self._mode_behind(terminal), self.followers.behind[terminal], terminal) for terminal in behind]
        classes = classes or [(0, following | closing, -1)]
        before = frozenset(mode for mode, _, _ in classes)
        # Where the text can only end, any context does; one that is there already costs nothing.
        coming = [mode for mode, members in self.modes.items() if members & following] or sorted(before)
        sets = {mode: self.modes.get(mode, 0) for mode in coming}
        sets |= {END - 1 - mark: 1 << mark for mark in terminals_of(closing)}
        waiting = {
            (key, frozenset(mode for mode, after, _ in classes if after & members) or before)
            for key, members in sets.items()
        }
        ending = frozenset(
            mode for mode, _, terminal in classes if terminal >= 0 and self.followers.last >> terminal & 1
        )
        context = self._competing(frozenset(waiting | {(END, ending or before)}), frozenset())
        self._check(context.competing, coming, behind)
        return self._number(context)

    def _mode_behind(self, terminal: int) -> int:
        """The mode whose ignored text may stand behind a terminal."""
        return (
            self._within(terminal) if self.terminals[terminal].writing == "opening" else self.terminals[terminal].mode
        )

    def _number(self, context: Context) -> int:
        found = self.contexts.get(context)
        if found is None:
            found = self.contexts[context] = len(self.contexts)
            self.context_start.append(self.united.start(terminals_of(context.competing)))
        return found

    def _check(self, competing: int, coming: Iterable[int], behind: Iterable[int]) -> None:
        """Refuse strings of several grammars of which one would let the ignored text of another stand at its start."""
        openings = [terminal for terminal in behind if self.terminals[terminal].writing == "opening"]
        members = [terminals_of(self.modes.get(mode, 0) & self.ignored_set) for mode in coming]
        ignored = {frozenset(self.terminals[terminal].pattern for terminal in found) for found in members}
        if competing & self.in_strings and len(openings) > 1 and len(ignored) > 1:
            raise InputError(
                "JSON strings of grammars that ignore different texts may begin at the same place: "
                "tell them apart by what stands before them"
            )

    def _ending(self, accepted: tuple[int, ...]) -> _Ending:
        """Settle the ties of terminals that match the same text."""
        found = self._settled.get(accepted)
        if found is None:
            found = self._settled[accepted] = self._settle(accepted)
        return found

    def _settle(self, accepted: tuple[int, ...]) -> _Ending:
        if not accepted:
            return _Ending(NO_CLASS, NO_CLASS)
        self._refuse_other_quotes(accepted)
        others = [terminal for terminal in self._strongest(accepted) if terminal not in self.ignored]
        if not others:
            return _Ending(NO_CLASS, NO_CLASS, self._ignoring(accepted))
        used = [terminal for terminal in others if terminal in self.useful]
        return _Ending(self._class(used), self._class([t for t in used if not self.terminals[t].munch]))

    def _strongest(self, accepted: Iterable[int]) -> list[int]:
        accepted = list(accepted)
        highest = max(self.terminals[terminal].priority for terminal in accepted)
        left = [terminal for terminal in accepted if self.terminals[terminal].priority == highest]
        return [terminal for terminal in left if self.terminals[terminal].is_literal] or left

    def _ignoring(self, accepted: tuple[int, ...]) -> frozenset[int]:
        """The modes that ignore a text, each by its own terminals."""
        of_mode: dict[int, list[int]] = {}
        for terminal in accepted:
            of_mode.setdefault(self.terminals[terminal].mode, []).append(terminal)
        return frozenset(mode for mode, own in of_mode.items() if self.ignored.issuperset(self._strongest(own)))

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
        table, origin, may_end = self._all_contexts(rows)
        accept, split = accept[origin], split[origin]
        accept[: len(self.contexts)], split[: len(self.contexts)] = NO_CLASS, NO_CLASS
        in_string = np.zeros(len(table), np.bool_)
        first = [number for context, number in self.contexts.items() if context.competing & self.in_strings]
        in_string[_reachable(table, first)] = True
        table = _without_useless_moves(table, accept, may_end)
        return self._assemble(table, accept, split, may_end, in_string)

    def _all_contexts(self, rows: NDArray[np.int32]) -> tuple[NDArray, NDArray, NDArray[np.bool_]]:
        """The starts of all contexts, then all other states.

        States from which ignored text can still end go on to the start of a context, so there is one of them for every
        context they are reached in.

        Returns:
            [S, K] moves, [S] state of ``united`` of each, [S] whether the text may end there.
        """
        is_ignored = np.array([bool(ending.ignoring) for ending in self.endings], np.bool_)
        returns = coreachable(rows, is_ignored)
        shared, own = np.flatnonzero(~returns), np.flatnonzero(returns)
        contexts = len(self.contexts)
        number = np.full(len(rows) + 1, -1, np.int32)  # -1 picks the last entry
        number[shared] = contexts + np.arange(len(shared))
        tables, starts = [number[rows[shared]]], []
        may_end = [
            np.array([END in context.coming for context in self.contexts], np.bool_),
            np.zeros(len(shared), np.bool_),
        ]
        for place, start in enumerate(self.context_start):
            number[own] = contexts + len(shared) + place * len(own) + np.arange(len(own))
            starts.append(number[rows[start]])
            tables.append(number[rows[own]])
        origin = np.concatenate([np.array(self.context_start), shared, np.tile(own, contexts)])
        begin = np.stack(starts)
        behind = self._behind_states(own)
        for place, table in enumerate(tables[1:]):
            table[:] = np.where((behind[place] >= 0)[:, None] & (table < 0), begin[behind[place]], table)
            may_end.append((behind[place] >= 0) & may_end[0][behind[place]])
        return np.concatenate([begin, *tables]), origin, np.concatenate(may_end)

    def _behind_states(self, states: NDArray[np.intp]) -> NDArray[np.int64]:
        """[contexts, states] the context behind the ignored text that ends in a state, -1 for none."""
        found = np.full((len(self.contexts), len(states)), -1, np.int64)
        for column, state in enumerate(states.tolist()):
            ignoring = self.endings[state].ignoring
            if ignoring:
                found[:, column] = [self.context_behind.get((row, ignoring), -1) for row in range(len(found))]
        return found

    def _assemble(
        self, table: NDArray, accept: NDArray, split: NDArray, may_end: NDArray, in_string: NDArray
    ) -> tuple[Lexer, NDArray[np.bool_]]:
        kind = np.unique(np.stack([accept, split, may_end, in_string], 1), axis=0, return_inverse=True)[1].reshape(-1)
        # Unreachable copies must not take part: their blocks would be states of the lexer.
        kept = _reachable(table, [0, *self.context_after])
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
            start_after=block[number[after]].astype(np.int32),
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
