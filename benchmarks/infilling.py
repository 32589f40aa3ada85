"""Infilling real texts: ``python benchmarks/infilling.py FOLDER [--canvases N] [--only LANGUAGE]``.

FOLDER holds ``json-dev.jsonl``, ``python-dev.jsonl``, ``cpp-dev.jsonl``, ``sql-dev.jsonl``, ``smiles-dev.jsonl``, with
the text of a line in ``text``. Texts are cut by Mistral's Tekken tokenizer (131k tokens); 1, 2, 3 or 5 random regions
of together 10 to 90 % of the tokens become holes of as many slots as they had tokens, or up to four more. The true text
fills them, so every canvas can be filled. Half of the canvases get random logits, in the other half the true tokens are
likely in 70 % of the slots. Policies, temperatures 0 and 1, and blocks take turns. What comes out is judged by programs
that share nothing with the grammars: json, ast, g++ (errors of syntax only) or, as that has to know which names are
types, tree-sitter, sqlglot in ten dialects, RDKit (errors of syntax only: the grammar does not pair ring bonds).

"First answer" and "ms a token" are p50 / p90 / worst: the decision whether the canvas can be filled; all work of the
constraint for one filled slot, but reading the logits, which has a column of its own (float32 on one core).
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import logging
import random
import re
import shutil
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import machine, table, tekken_vocabulary, write_result

import latticework as lw
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import EntropyBound, LowConfidence, Policy, Threshold
from latticework.diffusion.records import Outcome, Request
from latticework.lattice.chart import session

LANGUAGES = ("json", "python", "cpp", "sql", "smiles")
MOST_SLOTS = 256
HOLES = (1, 2, 3, 5)
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
POLICIES: tuple[Policy, ...] = (Threshold(0.9), LowConfidence(16), EntropyBound(0.5))
WIDE = 32  # free slots beyond which random logits would take a forward for each
DIALECTS = (None, "postgres", "mysql", "snowflake", "bigquery", "duckdb", "tsql", "spark", "sqlite", "oracle")
# Errors of syntax alone, in the words of g++.
SYNTAX = re.compile(
    r"error: (?:expected (?!.*(?:specifier|class-name|primary))|stray|missing terminating|unterminated|empty char)"
)


class NoisyModel:
    """Random logits, with the true tokens of the canvas raised in some slots."""

    name = "noisy"
    device = torch.device("cpu")
    max_positions = None
    block_length = None

    def __init__(self, vocabulary: lw.Vocabulary, seed: int) -> None:
        self.vocabulary = vocabulary
        self.mask_id = len(vocabulary) - 1
        self.raised: dict[int, int] = {}
        self._generator = torch.Generator().manual_seed(seed)
        self._rows = 3 * torch.randn(64, len(vocabulary), generator=self._generator)

    def encode_prompt(self, prompt: str, schema: dict[str, Any] | None) -> list[int]:
        return []

    def encode_text(self, text: str) -> list[int]:
        return self.vocabulary.encode(text.encode())

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        logits = self._rows[torch.randint(64, (keep,), generator=self._generator)]
        for slot, token in self.raised.items():
            logits[slot, token] += 20.0
        return logits[None]


@dataclass
class Tally:
    """What happened to the canvases of one kind."""

    counts: Counter[str] = field(default_factory=Counter)
    first: list[float] = field(default_factory=list)
    per_token: list[float] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)


class Watch:
    """Milliseconds of the decisions that sessions ask for while it is in force, and of reading logits."""

    def __init__(self) -> None:
        self.decisions: list[float] = []
        self.readings: list[float] = []
        self._own = session.decide, session.decide_passage, session.wishes_of

    def __enter__(self) -> Watch:
        session.decide = _timed(session.decide, self.decisions)
        session.decide_passage = _timed(session.decide_passage, self.decisions)
        session.wishes_of = _timed(session.wishes_of, self.readings)
        return self

    def __exit__(self, *details: object) -> None:
        session.decide, session.decide_passage, session.wishes_of = self._own


def _timed(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def timed(*arguments: Any) -> Any:
        begun = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            spent.append(1e3 * (time.perf_counter() - begun))

    return timed


def tekken() -> Callable[[str], list[int]]:
    """The tokenizer whose vocabulary this is."""
    import mistral_common
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    file = Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
    tokenizer = Tekkenizer.from_file(file)
    return lambda text: [token - tokenizer.num_special_tokens for token in tokenizer.encode(text, bos=False, eos=False)]


def masked(tokens: list[int], holes: int, share: float, draw: random.Random) -> tuple[np.ndarray, np.ndarray, dict]:
    """Slots [N], which are free, and the true token of each free slot but the spare ones."""
    count = len(tokens)
    hidden = max(holes, round(share * count))
    sizes = composition(hidden, holes, draw)
    gaps = composition(
        count - hidden + holes + 1, holes + 1, draw
    )  # texts at the edges, and between holes, may be empty
    out, free, truth, at = [], [], {}, 0
    for gap, size in itertools.zip_longest([gap - 1 for gap in gaps], sizes, fillvalue=0):
        out += tokens[at : at + gap]
        free += [False] * gap
        truth |= dict(zip(range(len(out), len(out) + size), tokens[at + gap : at + gap + size], strict=True))
        slots = size + (draw.randint(0, 4) if size else 0)
        out += [0] * slots
        free += [True] * slots
        at += gap + size
    return np.array(out), np.array(free), truth


def composition(total: int, parts: int, draw: random.Random) -> list[int]:
    """``parts`` positive numbers that add up to ``total``."""
    cuts = [0, *sorted(draw.sample(range(1, total), parts - 1)), total]
    return [after - before for before, after in itertools.pairwise(cuts)]


def valid_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError, RecursionError):
        return False
    return True


def valid_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def valid_cpp(text: str) -> bool:
    command = ["g++", "-std=c++17", "-fsyntax-only", "-w", "-fmax-errors=0", "-x", "c++", "-"]
    found = subprocess.run(command, input=text.encode(), capture_output=True, check=False, env={"LC_ALL": "C.UTF-8"})
    return not SYNTAX.search(found.stderr.decode(errors="replace")) or parsed_without_names(text)


def parsed_without_names(text: str) -> bool:
    """Whether tree-sitter finds no error: unlike g++ it does not need to know which names are types."""
    try:
        import tree_sitter
        import tree_sitter_cpp
    except ImportError:
        return False
    language = tree_sitter.Language(tree_sitter_cpp.language())
    return not tree_sitter.Parser(language).parse(text.encode()).root_node.has_error


def valid_sql(text: str) -> bool:
    import sqlglot

    for dialect in DIALECTS:
        try:
            sqlglot.parse(text, read=dialect)
        except (sqlglot.errors.SqlglotError, RecursionError):
            continue
        return True
    return False


def valid_smiles(text: str) -> bool:
    """Whether RDKit finds no error of syntax, leading zeros of isotopes and ring bonds aside, which OpenSMILES has."""
    from rdkit import Chem, rdBase

    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    rdBase.LogToPythonLogger()
    logger = logging.getLogger("rdkit")
    logger.handlers, logger.propagate = [handler], False
    Chem.MolFromSmiles(re.sub(r"%0(?=\d)", "", re.sub(r"\[0+(?=\d)", "[", text)), sanitize=False)
    return not any("syntax error" in message for message in messages)


JUDGES = {"json": valid_json, "python": valid_python, "cpp": valid_cpp, "sql": valid_sql, "smiles": valid_smiles}


def texts(folder: Path, language: str, constraint: Any, encode: Callable[[str], list[int]]) -> list[list[int]]:
    """Tokens of the texts that the grammar and the judge accept and that are neither tiny nor too long."""
    rows = [json.loads(line) for line in (folder / f"{language}-dev.jsonl").read_text(encoding="utf-8").splitlines()]
    random.Random(0).shuffle(rows)
    found = []
    for row in rows:
        tokens = encode(row["text"])
        if 8 <= len(tokens) <= MOST_SLOTS - 20 and constraint.accepts(row["text"]) and JUDGES[language](row["text"]):
            found.append(tokens)
        if len(found) == 200:
            break
    return found


def canvases(sources: list[list[int]], count: int, seed: int) -> Iterator[tuple[float, tuple[Any, Any, dict]]]:
    draw = random.Random(seed)
    for number in range(count):
        share, holes = SHARES[number % len(SHARES)], HOLES[number // len(SHARES) % len(HOLES)]
        tokens = sources[draw.randrange(len(sources))]
        while len(tokens) * share < holes:
            tokens = sources[draw.randrange(len(sources))]
        yield share, masked(tokens, holes, share, draw)


def one(
    model: NoisyModel, constraint: Any, canvas: tuple[Any, Any, dict], number: int, draw: random.Random
) -> tuple[Outcome, Watch]:
    tokens, free, truth = canvas
    near = number % 2 == 1
    model.raised = {slot: token for slot, token in truth.items() if draw.random() < 0.7} if near else {}
    policy = POLICIES[number // 2 % len(POLICIES)]
    if not near and free.sum() > WIDE:
        policy = LowConfidence(16)
    options = Options(policy, float(number // 6 % 2), (None, 32)[number // 12 % 2])
    request = Request((), tokens, free, constraint, (number,), tail=False, elastic=True)
    with Watch() as watch:
        [outcome] = denoise(model, [request], options)
    return outcome, watch


def add(tally: Tally, outcome: Outcome, watch: Watch, canvas: tuple[Any, Any, dict], judge: Any, model: Any) -> None:
    tokens, free, _ = canvas
    tally.counts["canvases"] += 1
    tally.first.append(watch.decisions[0])
    if isinstance(outcome.error, lw.LimitExceeded):
        tally.counts["over the budget"] += 1
        return
    if outcome.error is not None:
        tally.counts["infeasible"] += 1
        print("infeasible:", outcome.error, tokens.tolist(), free.tolist(), flush=True)
        return
    assert (outcome.tokens[~free] == tokens[~free]).all()
    text = model.vocabulary.decode(outcome.tokens.tolist()).decode()
    if judge(text):
        tally.counts["valid"] += 1
    else:
        print("refused by the judge:", repr(text), flush=True)
    tally.counts["forwards"] += outcome.forwards
    tally.counts["decisions"] += len(watch.decisions) - 1
    tally.counts["slots"] += outcome.free_slots
    read = sum(watch.readings)
    tally.reading.append(read / outcome.free_slots)
    tally.per_token.append((outcome.timings.constraint - read) / outcome.free_slots)


def row(name: list[Any], tally: Tally) -> list[Any]:
    count, filled = tally.counts["canvases"], len(tally.per_token)
    quantile = np.quantile
    return [
        *name,
        count,
        f"{100 * (1 - (tally.counts['infeasible'] + tally.counts['over the budget']) / count):.1f} %",
        tally.counts["over the budget"],
        f"{100 * tally.counts['valid'] / max(1, filled):.1f} %",
        " / ".join(f"{quantile(tally.first, at):.3g}" for at in (0.5, 0.9, 1.0)),
        " / ".join(f"{quantile(tally.per_token or [0.0], at):.3g}" for at in (0.5, 0.9, 1.0)),
        f"{quantile(tally.reading or [0.0], 0.5):.3g}",
        round(tally.counts["decisions"] / max(1, tally.counts["forwards"]), 2),
        round(tally.counts["slots"] / max(1, tally.counts["forwards"]), 2),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--canvases", type=int, default=40, help="for each language")
    parser.add_argument("--seconds", type=float, default=600.0, help="for each language, on the clock")
    parser.add_argument("--only", choices=LANGUAGES, action="append")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    vocabulary, encode = tekken_vocabulary(), tekken()
    model, draw = NoisyModel(vocabulary, arguments.seed), random.Random(arguments.seed)
    tallies: dict[tuple[str, float], Tally] = defaultdict(Tally)
    for language in arguments.only or LANGUAGES:
        if language == "cpp" and shutil.which("g++") is None:
            continue
        constraint = lw.compile(lw.lark(language), vocabulary)
        sources = texts(arguments.folder, language, constraint, encode)
        warm = np.array(sources[0])
        constraint.session(warm, np.arange(len(warm)) % 3 == 0, tail=False, elastic=True)  # loads the kernels
        begun = time.perf_counter()
        for number, (share, canvas) in enumerate(canvases(sources, arguments.canvases, arguments.seed)):
            outcome, watch = one(model, constraint, canvas, number, draw)
            add(tallies[language, share], outcome, watch, canvas, JUDGES[language], model)
            print(
                language,
                number,
                share,
                len(canvas[0]),
                int(canvas[1].sum()),
                outcome.forwards,
                round(outcome.timings.constraint),
                flush=True,
            )
            if time.perf_counter() - begun > arguments.seconds:
                break
    header = [
        "language",
        "masked",
        "canvases",
        "feasible",
        "over the budget",
        "valid",
        "first answer ms",
        "ms a token",
        "reading logits",
        "decisions a step",
        "tokens a step",
    ]
    lines = [row([language, f"{share:.0%}"], tally) for (language, share), tally in sorted(tallies.items())]
    explained = str(__doc__).partition("\n\n")[2].rstrip()
    write_result("infilling", f"# Infilling\n\n{explained}\n\n{machine()}\n\n{table(header, lines)}")


if __name__ == "__main__":
    main()
