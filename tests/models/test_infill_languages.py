"""Real texts with random regions taken out, filled from random logits over the embedded vocabulary, and judged by
programs that share nothing with the grammars."""

from __future__ import annotations

import ast
import itertools
import json
import random
import re
import shutil
import subprocess
from functools import cache

import pytest
import torch

import latticework as lw
from latticework.diffusion.policy import EntropyBound, LowConfidence, Threshold
from latticework.models.model import Model

TEXTS = {
    "arithmetic": ["(1 + 2.5) * -30 / (4e2 - 3)"],
    "json": ['{"id": 17, "tags": ["a", "b\\n"], "at": {"x": -1.5e3, "y": null}}', "[[], [true, false], {}]"],
    "python": [
        "import os\n\nclass A(B):\n    x: int = 3\n\n    def f(self, *args):\n        return [a for a in args if a]\n",
        "def g(n):\n    while n > 1:\n        n = n // 2 if n % 2 == 0 else 3 * n + 1\n    return n\n",
    ],
    "cpp": [
        "#include <vector>\nstruct P { int x; double y = 1.5; };\nint f(const P& p, int n) {\n  return p.x + n;\n}\n",
        "int g(int n) {\n  int s = 0;\n  for (int i = 0; i < n; ++i) { if (i % 2) break; s += i; }\n  return s;\n}\n",
    ],
}
POLICIES = [Threshold(0.1), LowConfidence(4), EntropyBound(8.0)]
# Errors of lexemes, in the words of g++. What it expects elsewhere hangs on which names are types, and random text
# declares none.
LEXICAL = re.compile(r"error: (stray|missing terminating|unterminated|empty char)")


class RandomBackend:
    """Random logits, in every forward new ones."""

    name = "random"
    device = torch.device("cpu")
    max_positions = None
    block_length = None

    def __init__(self, seed: int) -> None:
        backend = lw.load().backend
        self.vocabulary = backend.vocabulary
        self.mask_id = backend.mask_id
        self.encode_text = backend.encode_text
        self._generator = torch.Generator().manual_seed(seed)

    def encode_prompt(self, prompt: str, schema) -> list[int]:
        return []

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        return 3 * torch.randn(len(ids), keep, len(self.vocabulary), generator=self._generator)


@cache
def constraint(language: str):
    return lw.load().compile(lw.lark(language))


def judge(language: str, text: str) -> None:
    if language == "json":
        json.loads(text)
    elif language == "cpp":
        command = [shutil.which("g++") or pytest.skip("g++ is not installed")]
        command += ["-std=c++17", "-fsyntax-only", "-w", "-x", "c++", "-"]
        found = subprocess.run(command, input=text, text=True, capture_output=True, check=False, env={"LC_ALL": "C"})
        assert not LEXICAL.search(found.stderr), text
    else:
        ast.parse(f"({text}\n)" if language == "arithmetic" else text)


def with_holes(text: str, holes: int, draw: random.Random) -> list[str | lw.Hole]:
    """Regions of a text as holes that have room for it, token by token, and up to three tokens more."""
    tokens = lw.load().backend.encode_text(text)
    cuts = sorted(draw.sample(range(len(tokens) + 1), 2 * holes))
    pieces = [lw.load().vocabulary.decode(tokens[i:j]) for i, j in itertools.pairwise([0, *cuts, len(tokens)])]
    rooms = [stop - start + draw.randint(0, 3) for start, stop in zip(cuts[::2], cuts[1::2], strict=True)]
    parts: list[str | lw.Hole] = [pieces[0].decode()]
    for room, piece in zip(rooms, pieces[2::2], strict=True):
        parts += [lw.Hole(room), piece.decode()]
    return parts


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("language", sorted(TEXTS))
def test_whatever_the_logits_the_text_is_valid(language, policy, temperature):
    draw = random.Random(f"{language} {policy} {temperature}")
    parts = with_holes(draw.choice(TEXTS[language]), draw.choice((1, 2, 3)), draw)
    block_length = draw.choice((None, 16))
    result = Model(RandomBackend(draw.randrange(1000))).infill(
        parts, constraint(language), policy=policy, temperature=temperature, seed=1, block_length=block_length
    )
    texts = iter(result.holes)
    assert result.text == "".join(part if isinstance(part, str) else next(texts) for part in parts)
    judge(language, result.text)
