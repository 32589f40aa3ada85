"""How near proposals come to what a model wishes: ``python benchmarks/wishes.py FOLDER --canvases N``.

Texts of FOLDER (``json-dev.jsonl`` and so on) cut by Mistral's Tekken tokenizer (131k tokens). The canvas is empty and
has twelve slots more than the text ("whole"), or three holes of up to four spare slots hide 60 % of the tokens
("holes"). The model has random logits, raised at the true token in all or 90 % of the slots, and at another token of
the text in 5 % of those ("wrong"). "Held" is the share of raised true tokens in the first proposal, and in the text
that is written in the end under ``Threshold(0.9)``; all of them can be held, unless tokens are wrong. A raised token
may still not be the likeliest of its slot, so that a first proposal holds a little less than all. Milliseconds are CPU
time of the first proposal, seconds that of the whole decoding with the model's.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import machine, table, tekken_vocabulary, write_result
from ground_truth import sources
from infilling import NoisyModel, masked, tekken

import latticework as lw
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import Threshold
from latticework.diffusion.records import Request

LANGUAGES = ("json", "sql", "python", "cpp")
KINDS = ("whole", "holes")
CASES = ((1.0, 0.0), (0.9, 0.0), (0.9, 0.05))  # share raised, share of those that are wrong
SPARE = 12
MOST_SLOTS = 160
HEADER = ["language", "canvas", "raised", "wrong", "canvases", "held at first", "log-probability a slot", "ms"]
HEADER += ["held in the end", "forwards", "s"]


def request_of(kind: str, text: list[int], constraint: Any, draw: random.Random) -> tuple[Request, dict[int, int]]:
    """A canvas, and the true tokens of its free slots."""
    if kind == "holes":
        tokens, free, truth = masked(text, 3 if len(text) > 20 else 1, 0.6, draw)
        return Request((), tokens, free, constraint, (0,), tail=False, elastic=True), truth
    count = len(text) + SPARE
    ends = dict.fromkeys(range(len(text), count), int(constraint.vocabulary.end_tokens[0]))
    request = Request((), np.zeros(count, np.int64), np.ones(count, np.bool_), constraint, (0,), tail=True)
    return request, dict(enumerate(text)) | ends


def measured(
    model: NoisyModel, request: Request, truth: dict[int, int], text: list[int], case: tuple[float, float], draw: Any
) -> tuple[float, ...]:
    """The last six columns for one canvas."""
    share, wrong = case
    raised = {slot: token for slot, token in truth.items() if draw.random() < share}
    misled = {slot: text[draw.randrange(len(text))] for slot in raised if draw.random() < wrong}
    right = {slot: token for slot, token in raised.items() if slot not in misled}
    model.raised = raised | misled

    def held(tokens: np.ndarray) -> float:
        return float(np.mean([tokens[slot] == token for slot, token in right.items()]))

    logits = model.forward(torch.zeros(0), torch.zeros(0), len(request.tokens))[0]
    session = request.constraint.session(request.tokens, request.free, tail=request.tail, elastic=request.elastic)
    begun = time.process_time()
    proposal = session.propose(logits)
    first = 1e3 * (time.process_time() - begun)
    begun = time.process_time()
    [outcome] = denoise(model, [request], Options(Threshold(0.9)))
    seconds = time.process_time() - begun
    if outcome.error is not None:
        raise outcome.error
    log_prob = proposal.log_prob / float(request.free.sum())
    return held(proposal.tokens), log_prob, first, held(outcome.tokens), float(outcome.forwards), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--canvases", type=int, default=10, help="for each row of the table")
    parser.add_argument("--only", choices=LANGUAGES, action="append")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    vocabulary, encode = tekken_vocabulary(), tekken()
    rows = []
    for language in arguments.only or LANGUAGES:
        constraint = lw.compile(lw.lark(language), vocabulary)
        texts = list(itertools.islice(sources(arguments.folder, language, constraint, encode, MOST_SLOTS), 30))
        for kind, case in itertools.product(KINDS, CASES):
            draw, model = random.Random(1), NoisyModel(vocabulary, 0)
            found = []
            for number in range(arguments.canvases + 1):
                text = texts[draw.randrange(len(texts))]
                request, truth = request_of(kind, text, constraint, draw)
                values = measured(model, request, truth, text, case, draw)
                if number:  # the first one loads compiled code
                    found.append(values)
            held, log_prob, first, end, forwards, seconds = np.mean(found, axis=0).tolist()
            cells = [f"{held:.3f}", f"{log_prob:.2f}", first, f"{end:.3f}", f"{forwards:.1f}", f"{seconds:.2f}"]
            rows.append([language, kind, *(f"{share:.0%}" for share in case), len(found), *cells])
            print(*rows[-1], flush=True)
    explained = str(__doc__).partition("\n\n")[2].rstrip()
    command = f"`python benchmarks/wishes.py FOLDER --canvases {arguments.canvases}`"
    write_result("wishes", "\n\n".join(["# Wishes held", explained, command, machine(), table(HEADER, rows)]))


if __name__ == "__main__":
    main()
