"""Beside the check of unbounded gaps: ``python benchmarks/reference_check.py FOLDER --only LANGUAGE --seconds S``.

Texts of FOLDER that the grammar accepts, cut by Mistral's Tekken tokenizer (131k), are unmasked in four orders: at
random, from left to right, the likely first (frequent tokens, with noise), and at random in blocks of 32. At five
moments of each (10, 30, 50, 70, 90 % masked) there are two states: the canvas with the true next token, and with
another token of the text in its place. Both are asked of two engines, on our grammar:

- *reference*: is there a text if every gap may hold anything (:mod:`unbounded`, after Mündler et al., Numba)?
- *ours*: is there a filling with exactly one token in every slot? No tail, nothing kept between states.

With ``--size N`` texts are joined to at most N tokens (JSON in an array, SMILES by dots, statements one after the
other), so that there are long ones.

Agreement comes first. Where ours says no and the reference yes, ours is asked again with up to 24 more slots in every
gap: a yes means that the number of slots made the difference. Where the reference says no to what has a filling, it is
asked about the filling, without gaps: a yes means that its longest match lost the reading at the edge of a gap.
Times are CPU milliseconds, mean / p50 / p90 / p99 / worst. Where the system's clock of CPU time moves in steps of some
milliseconds, only means say something about shorter times. Questions that take us over 20 s count as over the budget.
Rows are appended to ``--rows FILE``; ``--report FILE`` writes the tables.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from common import machine, table, tekken_vocabulary, write_result
from ground_truth import SHARES, sources
from infilling import tekken
from numpy.typing import NDArray
from stages import LIMIT, Stages, quantiles
from stages import STAGES as OURS
from unbounded import STAGES as REFERENCE
from unbounded import Unbounded

import latticework as lw
from latticework.lattice.chart.canvas import text_canvas
from latticework.lattice.chart.constraint import ContextFreeConstraint
from latticework.lattice.chart.decide import Question, canvas_of_question
from latticework.lattice.chart.filling import filling_of

LANGUAGES = ("json", "cpp", "sql", "smiles")  # Python's lexer has modes: its line ends depend on brackets
ORDERS = ("random", "left to right", "likely first", "blocks of 32")
SIZES = (128, 256, 512)
BLOCK = 32
MORE_SLOTS = 24
JOINTS = {"json": ("[", ", ", "]"), "cpp": ("", "\n", "\n"), "sql": ("", ";\n", ""), "smiles": ("", ".", "")}
LONG_TEXTS = 12  # of a size


def order_of(kind: str, tokens: list[int], draw: random.Random) -> list[int]:
    """Slots in the order in which they are unmasked."""
    slots = list(range(len(tokens)))
    if kind == "left to right":
        return slots
    if kind == "likely first":  # tokens of a byte pair encoding are numbered by frequency
        return sorted(slots, key=lambda slot: np.log(tokens[slot] + 1) + draw.gauss(0, 1))
    draw.shuffle(slots)
    return slots if kind == "random" else sorted(slots, key=lambda slot: slot // BLOCK)


def states(tokens: list[int], kind: str, draw: random.Random) -> list[tuple[float, bool, Question]]:
    """Share masked, whether the newest token is the true one, and the canvas."""
    order, truth, found = order_of(kind, tokens, draw), np.array(tokens), []
    for share in SHARES:
        shown = min(len(order) - 1, round((1 - share) * len(order)))
        free = np.ones(len(order), np.bool_)
        free[order[: shown + 1]] = False
        others = [token for token in tokens if token != tokens[order[shown]]]
        wrong = truth.copy()
        wrong[order[shown]] = draw.choice(others or tokens)
        found.append((share, True, Question(np.where(free, 0, truth), free, False)))
        found.append((share, False, Question(np.where(free, 0, wrong), free, False)))
    return found


def joined(
    texts: list[list[int]], language: str, size: int, constraint: Any, encode: Callable[[str], list[int]]
) -> Iterator[list[int]]:
    """Tokens of texts of more than half of ``size`` tokens, and at most ``size``."""
    begin, between, end = JOINTS[language]
    pieces: list[str] = []
    found: list[int] = []
    for tokens in texts * 8:
        piece = constraint.vocabulary.decode(tokens).decode().strip().rstrip(";" if language == "sql" else "")
        longer = encode(begin + between.join([*pieces, piece]) + end)
        if len(longer) <= size:
            pieces, found = [*pieces, piece], longer
            continue
        if 2 * len(found) > size and constraint.accepts(begin + between.join(pieces) + end):
            yield found
        pieces, found = [], []


def compared(constraint: Any, reference: Unbounded, stages: Stages, question: Question) -> dict[str, Any]:
    """Answers, times and, where the two differ, the cause."""
    language = constraint.language
    canvas, _ = canvas_of_question(language, question)
    assert canvas is not None
    check = reference.check(canvas)
    answer, decision = stages.asked(language, question, constraint.budget)
    cause = ""
    if answer is not None and check.answer is not None and decision.is_yes != check.answer:
        if decision.is_yes:
            assert answer.witness is not None
            filling = filling_of(language, question, answer.witness).tokens.tolist()
            whole = reference.check(text_canvas(constraint.vocabulary.decode(filling)))
            cause = "its longest match at a gap" if whole.answer else "its longest match in the text"
        else:
            with_more, _ = stages.asked(language, _roomier(question), constraint.budget)
            if with_more is None:
                cause = "not known: over the budget with more slots"
            else:
                cause = "number of slots" if with_more.witness is not None else "maximal munch"
    return {
        "reference": check.answer,
        "ours": None if answer is None else decision.is_yes,
        "cause": cause,
        "settled": decision.settled,
        "reference_stages": check.stages,
        "our_stages": dict(decision.stages),
        "reference_ms": check.milliseconds,
        "our_ms": decision.milliseconds,
        "states": check.states,
    }


def _roomier(question: Question) -> Question:
    """More slots in every gap, which may stay without text."""
    tokens: list[NDArray[Any]] = []
    free: list[NDArray[Any]] = []
    is_free = question.free
    for slot in range(len(is_free)):
        is_first = is_free[slot] and (slot == 0 or not is_free[slot - 1])
        count = 1 + MORE_SLOTS * bool(is_first)
        tokens.append(np.full(count, question.tokens[slot]))
        free.append(np.full(count, is_free[slot]))
    return Question(np.concatenate(tokens), np.concatenate(free), False, elastic=True)


def report(rows: list[dict[str, Any]]) -> str:
    """All tables."""
    groups: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for row in rows:
        size = next(size for size in SIZES if row["slots"] <= size)
        groups[row["language"], "all"].append(row)
        groups[row["language"], f"up to {size} slots"].append(row)
        groups[row["language"], f"{row['share']:.0%} masked"].append(row)
        groups[row["language"], row["order"]].append(row)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] != "all", item[0][1]))
    agreement = [_agreement(language, some) for (language, kind), some in ordered if kind == "all"]
    causes = Counter((row["language"], row["cause"]) for row in rows if row["cause"])
    times = [
        [
            *name,
            len(some),
            quantiles([row["reference_ms"] for row in some]),
            quantiles([row["our_ms"] for row in some]),
            sum(row["reference"] is None for row in some),
            sum(row["ours"] is None for row in some),
        ]
        for name, some in ordered
    ]
    parts = []
    for (language, kind), some in ordered:
        if kind == "all":
            parts += [
                [language, "reference", name, quantiles([row["reference_stages"].get(name, 0.0) for row in some])]
                for name in REFERENCE
            ]
            parts += [
                [language, "ours", name, quantiles([row["our_stages"].get(name, 0.0) for row in some])] for name in OURS
            ]
    explained = str(__doc__).partition("\n\n")[2].rstrip()
    command = (
        "`python benchmarks/reference_check.py FOLDER --only LANGUAGE [--size N] --seconds S --seed N --rows FILE`"
    )
    return "\n\n".join(
        [
            "# Unbounded gaps and exact slots",
            explained,
            command,
            machine(),
            "## Answers",
            table(
                [
                    "language",
                    "states",
                    "both yes",
                    "both no",
                    "reference yes, ours no",
                    "ours yes, reference no",
                    "ours over the budget",
                    "true token: ours yes",
                    "true token: reference yes",
                ],
                agreement,
            ),
            table(["language", "cause of a difference", "states"], [[*key, n] for key, n in sorted(causes.items())]),
            "## Time",
            table(["language", "states", "number", "reference ms", "ours ms", "reference at its limit", LIMIT], times),
            "## Stages",
            table(["language", "engine", "stage", "ms"], parts),
        ]
    )


def _agreement(language: str, rows: list[dict]) -> list[Any]:
    both = Counter((row["ours"], row["reference"]) for row in rows)
    true = [row for row in rows if row["true"]]
    return [
        language,
        len(rows),
        both[True, True],
        both[False, False],
        both[False, True],
        both[True, False],
        sum(row["ours"] is None for row in rows),
        f"{sum(row['ours'] is True for row in true)} of {len(true)}",
        f"{sum(row['reference'] is True for row in true)} of {len(true)}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--only", choices=LANGUAGES, action="append")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU time for each language and size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=256, help="tokens of a text")
    parser.add_argument("--size", type=int, action="append", help="tokens of texts that are joined")
    parser.add_argument("--rows", type=Path, default=Path("reference_check.jsonl"))
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    if arguments.report is not None:
        rows = [json.loads(line) for line in arguments.report.read_text().splitlines()]
        write_result("reference_check", report(rows))
        return
    vocabulary, encode = tekken_vocabulary(), tekken()
    for language in arguments.only or LANGUAGES:
        grammar = lw.lark(language)
        constraint = lw.compile(grammar, vocabulary)
        assert isinstance(constraint, ContextFreeConstraint)
        assert grammar.context_free is not None
        reference = Unbounded(grammar.context_free, constraint.language.rules)
        draw = random.Random(arguments.seed)
        texts = [
            tokens
            for _, tokens in zip(range(60), sources(arguments.folder, language, constraint, encode), strict=False)
        ]
        texts = [tokens for tokens in texts if len(tokens) <= arguments.most]
        draw.shuffle(texts)
        with Stages() as stages, arguments.rows.open("a") as file:
            _, _, first = states(texts[0], "random", draw)[0]
            compared(constraint, reference, stages, first)  # loads the kernels
            for size in arguments.size or [0]:
                some = texts
                if size:
                    some = list(islice(joined(texts, language, size, constraint, encode), LONG_TEXTS))
                begun, number = time.process_time(), 0
                while some and time.process_time() - begun < arguments.seconds and number < 4 * len(some):
                    tokens, order = some[number % len(some)], ORDERS[number % 4]
                    for share, is_true, question in states(tokens, order, draw):
                        kind = {"language": language, "order": order, "share": share, "true": is_true}
                        answers = compared(constraint, reference, stages, question)
                        file.write(json.dumps(kind | {"slots": len(tokens)} | answers) + "\n")
                        file.flush()
                        if time.process_time() - begun > 2 * arguments.seconds:
                            break
                    number += 1
                print(language, size, number, "schedules", round(time.process_time() - begun), "s", flush=True)


if __name__ == "__main__":
    main()
