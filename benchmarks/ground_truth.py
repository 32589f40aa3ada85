"""Canvases that are known to have a filling: ``python benchmarks/ground_truth.py FOLDER --only LANGUAGE --seconds S``.

Texts of FOLDER (``json-dev.jsonl`` and so on) that the grammar accepts are cut by Mistral's Tekken tokenizer; 1, 2, 3
or 5 random regions with together 10 to 90 % of the tokens are masked. A canvas has exactly as many slots as the text
has tokens, and no tail, so the true text fills it, and for every masked slot the true token is admissible. Asked are:
the canvas; three masked slots with their true token, one by one; a random half of the true tokens together. Every
answer has to be yes. Each filling found is decoded and asked back of the recogniser, and of an outside judge where one
is quick (``json``, ``ast``). Answers over the budget, or after more than 20 s, are no verdicts and counted apart; times
are CPU milliseconds of the first question, mean / p50 / p90 / p99 / worst.

Rows are appended to ``--rows FILE``; ``--report FILE`` writes the table of such a file.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from common import machine, table, tekken_vocabulary, write_result
from infilling import JUDGES, LANGUAGES, composition, tekken
from stages import LIMIT, SETTLED, SLOW, Stages, quantiles

import latticework as lw
from latticework.lattice.chart.decide import Question
from latticework.lattice.chart.filling import filling_of

REGIONS = (1, 2, 3, 5)
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
MOST_SLOTS = 512
QUICK_JUDGES = ("json", "python")
SINGLES = 3


def sources(folder: Path, language: str, constraint: Any, encode: Any, most: int = MOST_SLOTS) -> Iterator[list[int]]:
    """Tokens of the accepted texts of 8 to ``most`` tokens, in a fixed random order, worked out as they are read."""
    rows = [json.loads(line) for line in (folder / f"{language}-dev.jsonl").read_text(encoding="utf-8").splitlines()]
    random.Random(0).shuffle(rows)
    for row in rows:
        tokens = encode(row["text"])
        if 8 <= len(tokens) <= most and constraint.accepts(row["text"]):
            yield tokens


def masked_regions(count: int, regions: int, share: float, draw: random.Random) -> np.ndarray:
    """[N] bool, True in so many random regions."""
    hidden = min(max(regions, round(share * count)), count - regions + 1)
    sizes = composition(hidden, regions, draw)
    gaps = composition(count - hidden + 2, regions + 1, draw)  # texts at the edges may be empty
    gaps[0], gaps[-1] = gaps[0] - 1, gaps[-1] - 1
    free = []
    for gap, size in zip(gaps, [*sizes, 0], strict=True):
        free += [False] * gap + [True] * size
    return np.array(free)


def asked(constraint: Any, language: str, tokens: list[int], regions: int, share: float, draw: random.Random) -> dict:
    """What the engine says about one canvas."""
    truth = np.array(tokens)
    free = masked_regions(len(truth), regions, share, draw)
    hidden = [int(slot) for slot in np.flatnonzero(free)]
    sets = [[], *([slot] for slot in draw.sample(hidden, min(SINGLES, len(hidden))))]
    sets.append(draw.sample(hidden, len(hidden) // 2))
    answers, texts, first = [], Counter(), 0.0
    with Stages() as stages:
        for shown in sets:
            is_free = free.copy()
            is_free[shown] = False
            question = Question(np.where(is_free, 0, truth), is_free, False)
            answer, decision = stages.asked(constraint.language, question, constraint.budget)
            answers.append(decision.settled)
            if len(answers) == 1:
                first = decision.milliseconds
            if answer is not None and answer.witness is not None:
                found = filling_of(constraint.language, question, answer.witness).tokens
                data = constraint.vocabulary.decode(found.tolist())
                is_right = bool((found[~is_free] == truth[~is_free]).all()) and constraint.accepts(data)
                texts["right" if is_right else "wrong"] += 1
                if language in QUICK_JUDGES:
                    texts["judged" if JUDGES[language](data.decode()) else "refused"] += 1
    return {
        "language": language,
        "regions": regions,
        "share": share,
        "slots": len(truth),
        "hidden": len(hidden),
        "answers": answers,
        "texts": texts,
        "ms": first,
    }


def report(rows: list[dict], command: str) -> str:
    """The tables of some canvases."""
    by: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for one in rows:
        by[one["language"], "all"].append(one)
        by[one["language"], f"{one['share']:.0%} masked"].append(one)
        by[one["language"], f"{one['regions']} regions"].append(one)
    lines = []
    for (language, kind), some in sorted(by.items(), key=lambda item: (item[0][0], item[0][1] != "all", item[0][1])):
        first = [one["answers"][0] for one in some]
        rest = [answer for one in some for answer in one["answers"][1:]]
        texts = sum((Counter(one["texts"]) for one in some), Counter())
        lines.append(
            [
                language,
                kind,
                len(some),
                *_counts(first),
                len(rest),
                *_counts(rest),
                f"{texts['right']} / {texts['wrong']}",
                f"{texts['judged']} / {texts['refused']}" if language in QUICK_JUDGES else "–",
                quantiles([one["ms"] for one in some]),
            ]
        )
    header = ["language", "canvases", "number", "yes", "no (wrong)", LIMIT]
    header += ["true tokens asked", "yes", "no (wrong)", LIMIT, "fillings right / wrong", "judged right / wrong", "ms"]
    explained = str(__doc__).partition("\n\n")[2].rpartition("\n\n")[0]
    settled = []
    for language in sorted({one["language"] for one in rows}):
        answers = Counter(answer for one in rows if one["language"] == language for answer in one["answers"])
        settled.append([language, answers.total(), *(f"{answers[name] / answers.total():.1%}" for name in SETTLED)])
    second = table(["language", "questions", *SETTLED], settled)
    head = f"# Ground truth\n\n{explained}\n\n`{command}`\n\n{machine()}"
    return f"{head}\n\n{table(header, lines)}\n\nWhat settled the questions:\n\n{second}"


def _counts(answers: list[str]) -> tuple[int, int, int]:
    return (
        sum(answer.startswith("yes") for answer in answers),
        sum(answer.startswith("no") for answer in answers),
        sum(answer in (LIMIT, SLOW) for answer in answers),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--only", choices=LANGUAGES, action="append")
    parser.add_argument("--canvases", type=int, default=1_000, help="for each language, at most")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU time for each language")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=Path, default=Path("ground_truth.jsonl"))
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    if arguments.report is not None:
        rows = [json.loads(line) for line in arguments.report.read_text().splitlines()]
        command = "python benchmarks/ground_truth.py FOLDER --only LANGUAGE --seconds S --seed N --rows FILE"
        write_result("ground_truth", report(rows, command))
        return
    vocabulary, encode = tekken_vocabulary(), tekken()
    for language in arguments.only or LANGUAGES:
        constraint = lw.compile(lw.lark(language), vocabulary)
        draw = random.Random(arguments.seed)
        texts: list[list[int]] = []
        for tokens in sources(arguments.folder, language, constraint, encode):
            texts.append(tokens)
            if len(texts) == 150:
                break
        draw.shuffle(texts)
        begun, number = time.process_time(), 0
        for number in range(arguments.canvases):
            share, regions = SHARES[number % 5], REGIONS[number // 5 % 4]
            tokens = texts[number % len(texts)]
            if len(tokens) < 2 * regions + 2:
                continue
            row = asked(constraint, language, tokens, regions, share, draw)
            if number:  # the first loads the kernels
                with arguments.rows.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            if time.process_time() - begun > arguments.seconds:
                break
        print(language, number + 1, round(time.process_time() - begun), "s", flush=True)


if __name__ == "__main__":
    main()
