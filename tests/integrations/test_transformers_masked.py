"""Masked denoising through ``generate(custom_generate=...)`` of stock classes with random weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from documents import KINDS, compiled
from tiny_gemma import FIRST
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

from latticework.errors import Infeasible, InputError
from latticework.integrations.transformers import custom_generate
from latticework.tokens.vocabulary import Vocabulary

PAD, EOS, MASK = 0, 1, 2
TOKENS = [b"", b"", b"", *[bytes([byte]) for byte in range(256)], b'{"', b'":', b"the"]
VOCABULARY = Vocabulary(TOKENS, {PAD: "pad", EOS: "eos", MASK: "mask"})
SHAPE = {
    "vocab_size": len(TOKENS),
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.4,
    "pad_token_id": PAD,
    "eos_token_id": EOS,
    "bos_token_id": None,
}


@pytest.fixture(scope="module")
def llama() -> Any:
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**SHAPE)).eval()


@pytest.fixture(scope="module")
def qwen() -> Any:
    torch.manual_seed(0)
    return Qwen3ForCausalLM(Qwen3Config(**SHAPE, head_dim=8)).eval()


def texts(sequences: torch.Tensor, start: int) -> list[str]:
    found = []
    for row in sequences[:, start:].tolist():
        end = next((i for i, token in enumerate(row) if token in (PAD, EOS)), len(row))
        assert set(row[end + 1 :]) <= {PAD}
        found.append(VOCABULARY.decode(row[:end]).decode())
    return found


def prompts(*lengths: int) -> dict[str, torch.Tensor]:
    """Left-padded."""
    widest = max(lengths)
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(FIRST, FIRST + 256, (len(lengths), widest), generator=generator)
    seen = torch.arange(widest) >= widest - torch.tensor(lengths)[:, None]
    return {"input_ids": ids.masked_fill(~seen, PAD), "attention_mask": seen.long()}


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("kind", ["flat", "recursive", "json", "wide"])
def test_documents_are_valid(llama: Any, qwen: Any, kind: str, offset: int) -> None:
    constraint = compiled(kind, VOCABULARY)
    slots = constraint.min_tokens + 6
    model = qwen if offset else llama
    given = prompts(4, 7)
    found = model.generate(
        **given, max_new_tokens=slots, custom_generate=custom_generate, constraint=constraint, mask_id=MASK,
        logit_offset=offset, threshold=0.3,
    )  # fmt: skip
    assert found.shape == (2, 7 + slots)
    assert torch.equal(found[:, :7], given["input_ids"])
    assert all(KINDS[kind].is_valid(text) for text in texts(found, 7))


def test_padding_changes_nothing_and_rows_may_differ(llama: Any) -> None:
    constraints = [compiled("flat", VOCABULARY), None, compiled("sums", VOCABULARY)]
    options = {"max_new_tokens": 30, "custom_generate": custom_generate, "threshold": 0.3}
    given = prompts(4, 9, 6)
    found = llama.generate(**given, constraint=constraints, **options)
    read = texts(found[[0, 2]], 9)
    assert KINDS["flat"].is_valid(read[0])
    assert KINDS["sums"].is_valid(read[1])
    alone = llama.generate(given["input_ids"][:1, 5:], constraint=constraints[0], **options)
    assert torch.equal(alone[0, 4:], found[0, 9:])


def test_samples_follow_the_seed(llama: Any) -> None:
    options = {
        "max_new_tokens": 30, "custom_generate": custom_generate, "constraint": compiled("flat", VOCABULARY),
        "do_sample": True, "top_k": 0, "temperature": 1.5, "threshold": 0.3,
    }  # fmt: skip
    given = prompts(4, 4)
    first, again = (llama.generate(**given, **options, seed=5) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, llama.generate(**given, **options, seed=6))
    output = llama.generate(**given, **options, seed=5, return_dict_in_generate=True)
    assert torch.equal(output.sequences, first)


def test_blocks_of_a_block_causal_model(qwen: Any) -> None:
    found = qwen.generate(
        **prompts(5), max_new_tokens=40, custom_generate=custom_generate, constraint=compiled("bounded", VOCABULARY),
        attention_block=8, steps=20,
    )  # fmt: skip
    assert KINDS["bounded"].is_valid(texts(found, 5)[0])


def test_wrong_use(llama: Any) -> None:
    constraint = compiled("flat", VOCABULARY)
    given = prompts(4)

    def run(**options: Any) -> Any:
        return llama.generate(
            **given, **({"max_new_tokens": 30, "custom_generate": custom_generate, "constraint": constraint} | options)
        )

    with pytest.raises(Infeasible, match="row 0: the shortest document needs"):
        run(max_new_tokens=4)
    with pytest.raises(InputError, match="beams"):
        run(num_beams=2)
    with pytest.raises(InputError, match="TopKLogitsWarper"):
        run(do_sample=True)
    with pytest.raises(InputError, match="1 rows and 2 constraints"):
        run(constraint=[constraint, constraint])
    with pytest.raises(InputError, match="no row has a constraint"):
        run(constraint=[None])
    with pytest.raises(InputError, match="token of text"):
        run(mask_id=FIRST + 65)
    with pytest.raises(InputError, match="logit_offset"):
        run(logit_offset=2)
    unmasked = Vocabulary(TOKENS, {PAD: "pad", EOS: "eos", MASK: "other"})
    with pytest.raises(InputError, match="no mask token"):
        run(constraint=compiled("flat", unmasked))
    with pytest.raises(InputError, match="size=262"):
        run(constraint=compiled("flat", Vocabulary(TOKENS[:-1], {PAD: "pad", EOS: "eos", MASK: "mask"})))
