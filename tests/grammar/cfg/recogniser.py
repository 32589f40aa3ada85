"""A slow recogniser for context-free grammars: the lexer's tables, then Earley's algorithm over sets of terminals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from latticework.automata.lexing import build_lexer
from latticework.grammar import Grammar
from latticework.grammar.cfg.syntax import ContextFreeGrammar

Lexemes = tuple[frozenset[int], ...]


class Recogniser:
    """Answers for one grammar; ``accepts`` takes about a millisecond a lexeme."""

    def __init__(self, grammar: Grammar | ContextFreeGrammar) -> None:
        found = grammar.context_free if isinstance(grammar, Grammar) else grammar
        assert found is not None
        self.grammar = found
        lexer = build_lexer(found)
        self.next_state = lexer.next_state.tolist()
        self.accept_class = lexer.accept_class.tolist()
        self.split_class = lexer.split_class.tolist()
        self.start_after = lexer.start_after.tolist()
        self.adjacent = lexer.adjacent.tolist()
        self.may_end = lexer.may_end.tolist()
        bounds = lexer.class_offset.tolist()
        members = lexer.class_terminal.tolist()
        self.members = [frozenset(members[a:b]) for a, b in pairwise(bounds)]

    def accepts(self, text: str | bytes) -> bool:
        return any(derives(self.grammar, word) for word in self.readings(text))

    def readings(self, text: str | bytes) -> list[Lexemes]:
        """All ways to cut a text into lexemes such that some text has every two neighbours side by side."""
        reached: dict[tuple[tuple[int, ...], int], None] = {((), 0): None}
        for byte in text.encode() if isinstance(text, str) else text:
            after: dict[tuple[tuple[int, ...], int], None] = {}
            for word, state in reached:
                moved = self.next_state[state][byte]
                if moved >= 0:
                    after[word, moved] = None
                ended = self.split_class[state] if moved >= 0 else self.accept_class[state]
                fits = ended >= 0 and (not word or self.adjacent[word[-1]][ended])
                if fits and self.next_state[self.start_after[ended]][byte] >= 0:
                    after[(*word, ended), self.next_state[self.start_after[ended]][byte]] = None
            reached = after
        words = {word for word, state in reached if self.may_end[state]}
        words |= {(*word, self.accept_class[state]) for word, state in reached if self.accept_class[state] >= 0}
        return [tuple(self.members[found] for found in word) for word in sorted(words)]

    def describe(self, text: str | bytes) -> list[str]:
        """The readings of a text, for messages."""
        return [
            " ".join("|".join(sorted(map(self.grammar.name, terminals))) for terminals in word)
            for word in self.readings(text)
        ]


def derives(grammar: ContextFreeGrammar, word: Sequence[Iterable[int]]) -> bool:
    """Whether some choice of a terminal for every place is derived from the start symbol (Earley, 1970)."""
    terminals = len(grammar.terminals)
    rules: dict[int, list[tuple[int, ...]]] = {}
    for production in grammar.productions:
        rules.setdefault(production.left, []).append(production.right)
    nullable = _nullable(rules)
    # An item is (left, right, dot, origin); sets[i] holds those that end at i.
    Item = tuple[int, tuple[int, ...], int, int]
    waiting: list[dict[int, list[Item]]] = []
    scanned: list[Item] = [(grammar.start, right, 0, 0) for right in rules.get(grammar.start, ())]
    for at in range(len(word) + 1):
        items = dict.fromkeys(scanned)
        order = list(items)
        wanting: dict[int, list[Item]] = {}
        waiting.append(wanting)
        predicted = {grammar.start} if at == 0 else set()

        def add(item: Item, items: dict[Item, None] = items, order: list[Item] = order) -> None:
            if item not in items:
                items[item] = None
                order.append(item)

        scanned = []
        for left, right, dot, origin in order:  # grows while it is walked
            if dot == len(right):
                for waiter in waiting[origin].get(left, ()):
                    add((waiter[0], waiter[1], waiter[2] + 1, waiter[3]))
                continue
            symbol = right[dot]
            if symbol < terminals:
                if at < len(word) and symbol in word[at]:
                    scanned.append((left, right, dot + 1, origin))
                continue
            wanting.setdefault(symbol, []).append((left, right, dot, origin))
            if symbol in nullable:
                add((left, right, dot + 1, origin))
            if symbol not in predicted:
                predicted.add(symbol)
                for option in rules.get(symbol, ()):
                    add((symbol, option, 0, at))
        if at == len(word):
            return any(
                left == grammar.start and dot == len(right) and origin == 0 for left, right, dot, origin in items
            )
        if not scanned:
            return False
    return False


def _nullable(rules: dict[int, list[tuple[int, ...]]]) -> set[int]:
    found: set[int] = set()
    while True:
        more = {left for left, rights in rules.items() if any(all(s in found for s in right) for right in rights)}
        if more <= found:
            return found
        found |= more
