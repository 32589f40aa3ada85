"""The embedded model as a transformers model: what samplers rely on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from latticework.models.embedded import BOS, EOS, FILLER, MASK, PAD
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
@pytest.mark.parametrize("masked", [False, True])
def test_early_slots_see_late_ones(model: EmbeddedModel, attention: str, masked: bool) -> None:
    model.set_attn_implementation(attention)
    (row,) = rows(12)
    changed = row.clone()
    changed[-1] = 7 if row[-1] != 7 else 8
    mask = torch.ones(1, 12, dtype=torch.long) if masked else None
    before, after = (model.encode(ids[None], mask) for ids in (row, changed))
    model.set_attn_implementation("sdpa")
    assert not torch.allclose(before[0, 0], after[0, 0])


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
    ids = torch.tensor([[BOS, 9, MASK, 10, PAD]])
    mask = torch.tensor([[1, 1, 1, 1, 0]])
    assert model.readable(ids, mask).tolist() == [[True, True, False, True, False]]
    hidden = model.encode(ids, mask)
    attention = model.pointer.scores(hidden, hidden, model.readable(ids, mask)).softmax(-1)
    assert float(attention[..., [2, 4]].max().detach()) == 0.0


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
