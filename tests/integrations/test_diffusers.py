"""Documents through the pipeline of diffusers for LLaDA2, over a network of random weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from documents import KINDS, compiled
from tiny_gemma import FIRST

from latticework.errors import Infeasible, InputError
from latticework.tokens.vocabulary import Vocabulary

diffusers = pytest.importorskip("diffusers")
EOS, MASK = 0, 1
TOKENS = [b"", b"", b"", *[bytes([byte]) for byte in range(256)], b'{"', b'":', b"the"]
VOCABULARY = Vocabulary(TOKENS, {EOS: "eos", MASK: "mask", 2: "other"})
PROMPT = 5


class Network(torch.nn.Module):
    """Random rows that depend on all tokens; ``ends`` is added to the logit of the end token."""

    def __init__(self, seed: int = 0, ends: float = 0.0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.table = torch.nn.Parameter(torch.randn(len(TOKENS), 24, generator=generator))
        self.out = torch.nn.Parameter(torch.randn(24, len(TOKENS), generator=generator))
        self.ends = ends
        self.seen: list[torch.Tensor] = []

    @property
    def device(self) -> torch.device:
        return self.table.device

    def forward(self, ids: torch.Tensor, attention_mask: Any = None, position_ids: Any = None) -> Any:
        self.seen.append(ids.clone())
        place = torch.sin(position_ids[..., None] * torch.arange(1, 25) / 5)
        logits = torch.tanh(self.table[ids] + self.table[ids].mean(dim=1, keepdim=True) + place) @ self.out
        logits[..., EOS] += self.ends
        return SimpleNamespace(logits=logits)


def run(constraint: Any, gen_length: int, network: Network | None = None, rows: int = 2, **options: Any) -> Any:
    from latticework.integrations.diffusers import constrained

    pipeline = diffusers.LLaDA2Pipeline(network or Network(), diffusers.BlockRefinementScheduler(block_length=8))
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = constrained(pipeline.scheduler, constraint, prompt_length=PROMPT, gen_length=gen_length)
    ids = torch.randint(FIRST, FIRST + 256, (rows, PROMPT), generator=torch.Generator().manual_seed(1))
    output = pipeline(
        input_ids=ids, gen_length=gen_length, mask_token_id=MASK, eos_token_id=EOS, output_type="seq", **options
    )
    return pipeline, output


@pytest.mark.parametrize("threshold", [0.3, 2.0])
@pytest.mark.parametrize("kind", KINDS)
def test_documents_are_valid(kind: str, threshold: float) -> None:
    """Blocks of 8 slots, so that documents take several; the pipeline's default edits tokens."""
    constraint = compiled(kind, VOCABULARY)
    pipeline, output = run(
        constraint, constraint.min_tokens + 11, num_inference_steps=4, threshold=threshold, network=Network(ends=4.0)
    )
    for text in pipeline.scheduler.texts(output):
        assert KINDS[kind].is_valid(text)


def test_rows_with_grammars_of_their_own() -> None:
    names = ["flat", None, "json"]
    pipeline, output = run([name and compiled(name, VOCABULARY) for name in names], 45, rows=3, num_inference_steps=3)
    for name, text in zip(names, pipeline.scheduler.texts(output), strict=True):
        assert name is None or KINDS[name].is_valid(text)


def test_end_tokens_wait_for_the_text() -> None:
    network = Network(ends=20.0)
    pipeline, output = run(compiled("flat", VOCABULARY), 40, network, rows=1, num_inference_steps=8)
    for state in network.seen:
        ends = (state[0, PROMPT:] == EOS).nonzero()
        assert not len(ends) or not (state[0, PROMPT : PROMPT + int(ends[0, 0])] == MASK).any()
    assert KINDS["flat"].is_valid(pipeline.scheduler.texts(output)[0])


def test_wrong_use() -> None:
    from latticework.integrations.diffusers import constrained

    constraint = compiled("flat", VOCABULARY)
    with pytest.raises(Infeasible, match="row 0"):
        run(constraint, 4)
    with pytest.raises(InputError, match="leave them out"):
        run(constraint, 40, temperature=0.5)
    with pytest.raises(InputError, match="2 rows and 1 constraints"):
        run([constraint], 40)
    with pytest.raises(InputError, match="EntropyBoundScheduler is not supported"):
        constrained(diffusers.EntropyBoundScheduler(), constraint, prompt_length=PROMPT, gen_length=40)
    scheduler = constrained(
        diffusers.BlockRefinementScheduler(block_length=8), constraint, prompt_length=PROMPT, gen_length=40
    )
    with pytest.raises(InputError, match="LatticeworkLogitsProcessor"):  # as the pipeline of DiffusionGemma calls it
        scheduler.step(torch.zeros(1, 8, len(TOKENS)), 0, torch.zeros(1, 8, dtype=torch.long), mask_token_id=None)
    pipeline, _ = run(constraint, 40, num_inference_steps=2)
    with pytest.raises(InputError, match="one call"):
        pipeline(input_ids=torch.full((2, PROMPT), FIRST), gen_length=40, mask_token_id=MASK, output_type="seq")
