"""The embedded model as a transformers model: what samplers rely on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from latticework.models.embedded import BOS, EOS, FILLER, MASK, PAD, CachedEmbedded
from latticework.models.embedded.modeling import EmbeddedConfig, EmbeddedModel

VOCAB = 61


@pytest.fixture(scope="module")
def model() -> EmbeddedModel:
    torch.manual_seed(0)
    config = EmbeddedConfig(
        vocab_size=VOCAB,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
        mask_token_id=MASK,
        filler_token_id=FILLER,
        initializer_range=0.3,
    )
    return EmbeddedModel(config).eval()


def rows(*lengths: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    out = [torch.randint(5, VOCAB, (length,), generator=generator) for length in lengths]
    for row in out:
        row[len(row) // 2 - 1] = BOS
        row[len(row) // 2 :: 2] = MASK
    return out


@torch.no_grad()
def logits(model: EmbeddedModel, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    output = model(input_ids=ids, attention_mask=mask).logits
    assert isinstance(output, torch.Tensor)
    return output


def test_logits_are_log_probabilities(model: EmbeddedModel) -> None:
    (row,) = rows(17)
    out = logits(model, row[None])
    assert out.dtype == torch.float32
    assert out.shape == (1, 17, VOCAB)
    torch.testing.assert_close(out.exp().sum(-1), torch.ones(1, 17))


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("padded", [False, True])
def test_who_sees_whom(model: EmbeddedModel, attention: str, padded: bool) -> None:
    model.set_attn_implementation(attention)
    row = torch.tensor([9, 10, BOS, 11, MASK, 12, MASK])
    mask = torch.ones(1, len(row), dtype=torch.long) if padded else None

    def readers(changed: int) -> list[int]:
        """Positions whose hidden state depends on the token at ``changed``."""
        hidden = []
        for token in (20, 21):
            ids = row.clone()[None]
            layout = model.layout(ids, mask)
            ids[0, changed] = token
            hidden.append(model.encode(ids, *layout)[0].detach())
        return ((hidden[0] - hidden[1]).abs().amax(-1) > 1e-6).nonzero()[:, 0].tolist()

    seen = [readers(position) for position in range(len(row))]
    model.set_attn_implementation("sdpa")
    assert seen[0] == seen[1] == [0, 1, 2, 3, 4, 5, 6]  # the prompt: everybody
    assert seen[3] == [3, 4, 5, 6]  # a visible slot: itself, visible slots to its right, masked slots
    assert seen[5] == [4, 5, 6]  # also masked slots to its left
    assert seen[4] == [4]  # a masked slot: nobody else
    assert seen[6] == [6]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_padded_batch_equals_its_rows(model: EmbeddedModel, side: str) -> None:
    texts = rows(9, 14, 5)
    width = 14
    ids = torch.full((3, width), PAD)
    mask = torch.zeros(3, width, dtype=torch.long)
    for i, row in enumerate(texts):
        where = slice(width - len(row), width) if side == "left" else slice(0, len(row))
        ids[i, where] = row
        mask[i, where] = 1
    out = logits(model, ids, mask)
    for i, row in enumerate(texts):
        torch.testing.assert_close(out[i, mask[i].bool()], logits(model, row[None])[0], rtol=1e-4, atol=1e-4)


def test_the_pointer_reads_visible_tokens_only(model: EmbeddedModel) -> None:
    ids = torch.tensor([[9, BOS, MASK, 10, PAD]])
    sees, positions = model.layout(ids, torch.tensor([[1, 1, 1, 1, 0]]))
    readable = model.readable(ids, sees)
    assert readable[0, 0].tolist() == [True, True, False, False, False]  # a prompt token
    assert readable[0, 2].tolist() == [True, True, False, True, False]  # a slot of the canvas
    assert readable[0, 3].tolist() == [True, True, False, True, False]
    hidden = model.encode(ids, sees, positions)
    attention = model.pointer.scores(hidden, hidden, readable).softmax(-1)
    assert float(attention[~readable].max().detach()) == 0.0


def test_only_the_slots_asked_for(model: EmbeddedModel) -> None:
    (row,) = rows(11)
    full = logits(model, row[None])
    with torch.no_grad():
        tail = model(input_ids=row[None], logits_to_keep=4).logits
        some = model(input_ids=row[None], logits_to_keep=torch.tensor([2, 7])).logits
    torch.testing.assert_close(tail, full[:, -4:])
    torch.testing.assert_close(some, full[:, [2, 7]])


def test_save_and_reload(model: EmbeddedModel, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    again = EmbeddedModel.from_pretrained(tmp_path).eval()
    (row,) = rows(13)
    assert torch.equal(logits(model, row[None]), logits(again, row[None]))
    assert again.config.mask_token_id == MASK


def test_a_cached_prompt_changes_nothing(model: EmbeddedModel) -> None:
    """Rows with prompts and canvases of different lengths, left-padded; asked twice, the second time from the cache."""
    prompts, canvases = rows(6, 3, 6), rows(4, 9, 7)
    width, keep = 15, 9
    ids, attention = torch.full((3, width), MASK), torch.zeros(3, width, dtype=torch.bool)
    for i, (prompt, canvas) in enumerate(zip(prompts, canvases, strict=True)):
        prompt = prompt.masked_fill(prompt == BOS, 7)
        prompt[-1] = BOS
        row = torch.cat([prompt, canvas.masked_fill(canvas == BOS, 8)])
        ids[i, width - len(row) :], attention[i, width - len(row) :] = row, True
    plain = logits(model, ids, attention)[:, -keep:]
    cached = CachedEmbedded(model, prompts_kept=2)
    for _ in range(2):
        out = cached.log_probs(ids, attention, keep)
        assert out.shape == plain.shape
        for i, canvas in enumerate(canvases):
            torch.testing.assert_close(out[i, -len(canvas) :], plain[i, -len(canvas) :], rtol=1e-4, atol=1e-4)
