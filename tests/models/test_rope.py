"""Scaled rotary bases: the factors that were published, the frequencies of the definition, positions and refusals."""

from __future__ import annotations

import json
import math

import pytest
import tiny_checkpoints
import torch

import latticework as lw
from latticework.models.rope import factor_for, reach_of

MASKED = tiny_checkpoints.MASKED


@pytest.mark.parametrize(("positions", "published"), [(8192, 4), (16384, 14), (24576, 31)])
def test_factors_of_llada_are_those_of_the_paper(positions, published):
    """LLaDA-8B: base 500,000, trained with 4096 tokens, heads of 128."""
    assert math.ceil(factor_for(positions, 500_000, 4096, 128)) == published
    assert reach_of(factor_for(positions, 500_000, 4096, 128), 500_000, 4096, 128) == pytest.approx(positions)


def frequencies(model: lw.Model) -> torch.Tensor:
    return model.backend._network.model.rotary_emb.inv_freq


@pytest.mark.parametrize("family", ["llada", "dream", "a2d", "sdar", "llada-moe", "llada2"])
def test_frequencies_are_those_of_a_larger_base(family, tmp_path):
    folder = MASKED[family](tmp_path)
    config = json.loads((folder / "config.json").read_text())
    plain, stretched = lw.load(folder), lw.load(folder, rope_scaling=14)
    count = len(frequencies(plain))
    expected = [(14 * config["rope_theta"]) ** (-i / count) for i in range(count)]
    assert torch.allclose(frequencies(stretched), torch.tensor(expected), rtol=1e-5)
    assert stretched.backend.max_positions >= plain.backend.max_positions
    assert json.loads(stretched.generate("x", {"enum": [True, 12]}, max_tokens=4).text) in (True, 12)


def test_logits_are_those_of_a_checkpoint_with_that_base(tmp_path):
    folder = MASKED["llada"](tmp_path)
    stretched = lw.load(folder, rope_scaling={"factor": 4}, dtype="fp32")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "rope_theta": 4 * config["rope_theta"]}))
    other = lw.load(folder, dtype="fp32")
    ids = torch.arange(40, 60)[None]
    everything = torch.ones_like(ids, dtype=torch.bool)
    assert torch.equal(stretched.backend.forward(ids, everything, 20), other.backend.forward(ids, everything, 20))


def test_positions_are_as_many_as_asked_for(tmp_path):
    folder = MASKED["dream"](tmp_path)
    assert lw.load(folder, rope_scaling={"positions": 2048}).backend.max_positions == 2048
    assert lw.load(folder, rope_scaling={"positions": 16}).backend.max_positions == 512
    assert torch.equal(frequencies(lw.load(folder, rope_scaling=1)), frequencies(lw.load(folder)))


@pytest.mark.parametrize(
    "wish", [0, 0.5, True, math.inf, math.nan, "14", {}, {"type": "ntk"}, {"positions": 2.5}, {"factor": "4"}]
)
def test_wishes_that_make_no_sense_are_refused(wish, tmp_path):
    with pytest.raises(lw.ModelError, match="rope_scaling"):
        lw.load(MASKED["llada"](tmp_path), rope_scaling=wish)


def test_checkpoints_that_are_scaled_already_and_other_kinds_are_refused(tmp_path):
    folder = MASKED["dream"](tmp_path)
    config = json.loads((folder / "config.json").read_text())
    yarn = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512}
    (folder / "config.json").write_text(json.dumps({**config, "rope_scaling": yarn}))
    with pytest.raises(lw.ModelError, match="yarn"):
        lw.load(folder, rope_scaling=4)
    with pytest.raises(lw.ModelError, match="device alone"):
        lw.load("embedded", rope_scaling=4)
    other = tmp_path / "gemma"
    other.mkdir()
    with pytest.raises(lw.ModelError, match="rope_scaling"):
        lw.load(tiny_checkpoints.FAMILIES["diffusion-gemma"](other), rope_scaling=4)
