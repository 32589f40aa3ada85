"""Passages: a span of a known derivation with something else in its place, all else as it was."""

from __future__ import annotations

import numpy as np
from small_languages import EOS, TOKENS, Fillings, constraint_of, random_grammar

from latticework.automata.rules import Rules
from latticework.errors import Infeasible, LimitExceeded
from latticework.lattice.chart import session as sessions
from latticework.lattice.chart.constraint import ContextFreeConstraint
from latticework.lattice.chart.cut import cut_of
from latticework.lattice.chart.decide import decide_passage
from latticework.lattice.chart.filling import Filling
from latticework.lattice.chart.nearby import nearby, passages

MOST_SLOTS = 9


def _derived(rules: Rules, terminals: list[int]) -> dict[tuple[int, int], set[int]]:
    """The symbols of every stretch of a text of terminals, by trying all rules until nothing is new."""
    size = len(terminals)
    found = {(i, j): set() for i in range(size + 1) for j in range(i, size + 1)}
    for i in range(size + 1):
        found[i, i] |= set(rules.empty.tolist())
        if i < size:
            found[i, i + 1].add(terminals[i])
    while True:
        grew = False
        for (i, j), own in found.items():
            for symbol in range(rules.symbols):
                if symbol in own:
                    continue
                ones = rules.unary_child[rules.unary_offset[symbol] : rules.unary_offset[symbol + 1]].tolist()
                pairs = slice(rules.pair_offset[symbol], rules.pair_offset[symbol + 1])
                lefts, rights = rules.pair_left[pairs].tolist(), rules.pair_right[pairs].tolist()
                if own.intersection(ones) or any(
                    left in found[i, k] and right in found[k, j]
                    for left, right in zip(lefts, rights, strict=True)
                    for k in range(i, j + 1)
                ):
                    own.add(symbol)
                    grew = True
        if not grew:
            return found


def _spans_are_right(constraint: ContextFreeConstraint, filling: Filling) -> bool:
    rules, witness = constraint.language.rules, filling.witness
    derived = _derived(rules, witness.terminals.tolist())
    spans = witness.spans[witness.spans[:, 0] != rules.goal].tolist()  # the goal has the end behind it
    return all(symbol in derived[before, until] for symbol, before, until in spans)


def _sessions(seed: int, elastic: bool):
    """Sessions over canvases that are free but for some tokens that were committed."""
    draw = np.random.default_rng(seed)
    grammar = random_grammar(draw)
    constraint, fillings = constraint_of(grammar), Fillings(grammar)
    for _ in range(2):
        slots = int(draw.integers(4, MOST_SLOTS + 1))
        try:
            session = constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_), not elastic, elastic)
        except (Infeasible, LimitExceeded):
            continue
        logits = 4 * draw.standard_normal((slots, EOS + 1))
        proposal = session.propose(logits)
        for slot in draw.permutation(slots)[: slots // 2].tolist():
            session.commit({slot: int(proposal.tokens[slot])})
        yield draw, fillings, constraint, session


def _text(tokens: list[int]) -> bytes:
    return b"".join(TOKENS[token] for token in tokens if token != EOS)


def test_fillings_of_passages_are_fillings_of_the_canvas():
    seen = set()
    for seed in range(24):
        for draw, fillings, constraint, session in _sessions(seed + 2_000, elastic=seed % 3 == 0):
            near = session._filling
            assert near is not None
            for _ in range(6):
                free = np.flatnonzero(session.free)
                if not len(free):
                    break
                slot, token = int(draw.choice(free)), int(draw.integers(EOS))
                if near.tokens[slot] == token:
                    continue
                question = session._question({slot: token})
                part = nearby(question, near, [slot], int(draw.integers(0, 3)))
                for place in passages(constraint.language, part, near, [slot], 9):
                    witness = decide_passage(constraint.language, place.passage, constraint.budget).witness
                    is_part = len(place.passage.before.terminals) > 0 or place.passage.slots.end is not None
                    seen.add((is_part, witness is not None))
                    if witness is None:
                        continue
                    found = place.filling(constraint.language, part, near, witness)
                    assert found.tokens[slot] == token
                    assert (found.tokens[~part.free] == part.tokens[~part.free]).all()
                    assert fillings.in_language(_text(found.tokens.tolist())), (seed, near.tokens, found.tokens)
                    assert _spans_are_right(constraint, found)
                    # What is left of the old witness and what is new read on in the same way.
                    again = session._around(session._question({}), found, [slot])
                    assert again is not None
                    near = found  # passages are cut out of what was spliced before, too
                    break
    assert seen == {(True, True), (True, False), (False, True), (False, False)}


def test_tokens_taken_run_by_run_always_leave_a_text_of_the_language(monkeypatch):
    monkeypatch.setattr(sessions, "_REACHES", (0, 1))
    monkeypatch.setattr(sessions, "_RUN", 1)
    taken = 0
    for seed in range(40):
        for draw, fillings, constraint, session in _sessions(seed + 2_100, elastic=seed % 2 == 0):
            for _ in range(3):
                slots = draw.permutation(np.flatnonzero(session.free))[: int(draw.integers(1, 3))]
                wished = {int(slot): int(draw.integers(EOS)) for slot in slots}
                near = session._filling
                assert near is not None
                found, _ = session._near(wished, near)
                if found is None:
                    continue
                assert all(found.tokens[slot] == token for slot, token in wished.items())
                assert fillings.in_language(_text(found.tokens.tolist()))
                assert _spans_are_right(constraint, found)
                session._filling = found
                taken += 1
    assert taken > 3


def test_a_cut_holds_what_is_pending_at_its_edges():
    checked = 0
    for seed in range(12):
        for _, _, constraint, session in _sessions(seed + 2_200, elastic=False):
            filling = session._filling
            assert filling is not None
            witness, goal = filling.witness, constraint.language.rules.goal
            for symbol, before, until in witness.spans.tolist():
                cut = cut_of(constraint.language, filling, before, until + (symbol == goal))
                ended = int(witness.ended[cut.first_slot])
                assert cut.before.terminals.tolist() == witness.terminals[ended:before].tolist()
                assert cut.begin == witness.state[cut.first_slot]
                if cut.end is not None:
                    state, pending = cut.end
                    assert state == witness.state[cut.last_slot]
                    ended = int(witness.ended[cut.last_slot])
                    assert cut.behind.terminals.tolist() == witness.terminals[until : ended + pending].tolist()
                checked += 1
    assert checked > 20
