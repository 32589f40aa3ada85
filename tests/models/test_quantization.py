"""Quantized weights: what a refusal names, and, where the packages are installed, that layers are near the original."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch
from tiny_checkpoints import FAMILIES, llada

import latticework as lw
from latticework.models import devices

# Relative error of one layer that its bits allow: 8 bits keep about 1 part in 127 of the largest weight of a row.
ROUNDING = {"int8": 0.02, "torchao-int8": 0.02, "bitsandbytes-8bit": 0.03, "int4": 0.15, "bitsandbytes-4bit": 0.15}
PACKAGE = {"torchao-int8": "torchao", "bitsandbytes-8bit": "bitsandbytes", "bitsandbytes-4bit": "bitsandbytes"}


def needs(name: str) -> None:
    pytest.importorskip("accelerate")
    package = PACKAGE.get(name)
    if package is None:
        wanted = [own for own, kinds in devices._QUANTIZATIONS[name] if "cpu" in kinds]
        if not any(find_spec(own) for own in wanted):
            pytest.skip(f"none of {wanted} is installed")
    else:
        pytest.importorskip(package)


@pytest.fixture
def installed(monkeypatch):
    """Makes packages look installed, or not."""

    def set_packages(*names: str) -> None:
        monkeypatch.setattr("latticework.models.devices.find_spec", lambda name: name if name in names else None)

    return set_packages


@pytest.mark.parametrize(
    ("name", "packages", "message"),
    [
        ("int8", (), r"just torchao accelerate \(bitsandbytes will do in place of torchao\)"),
        ("int8", ("torchao",), r"pip install 'latticework\[quantization\]', or just accelerate$"),
        ("int4", ("accelerate", "torchao"), r"just bitsandbytes$"),
        ("bitsandbytes-4bit", (), r"just bitsandbytes accelerate"),
        (
            "torchao-int4",
            ("torchao", "accelerate"),
            r"on cuda devices, not on 'cpu'; torchao has no 4-bit layout for CPUs",
        ),
        ("awq", ("torchao", "accelerate"), r"no quantization 'awq': give 'int8', 'int4', "),
    ],
)
def test_what_is_missing_is_named(tmp_path, installed, name, packages, message):
    llada(tmp_path)
    installed(*packages)
    with pytest.raises(lw.ModelError, match=message):
        lw.load(tmp_path, quantization=name)


def test_the_first_package_that_serves_the_device_is_taken(installed, monkeypatch):
    monkeypatch.setattr(devices, "_torchao", lambda bits: ("torchao", bits))
    monkeypatch.setattr(devices, "_bitsandbytes", lambda bits: ("bitsandbytes", bits))
    cpu, cuda = torch.device("cpu"), torch.device("cuda", 1)
    installed("accelerate", "torchao", "bitsandbytes")
    assert devices.find_quantization("int8", cpu) == ("torchao", 8)
    assert devices.find_quantization("int4", cuda) == ("bitsandbytes", 4)
    installed("accelerate", "bitsandbytes")
    assert devices.find_quantization("int8", cuda) == ("bitsandbytes", 8)
    installed("accelerate", "torchao")
    assert devices.find_quantization("int4", cuda) == ("torchao", 4)
    with pytest.raises(lw.ModelError, match="not on 'mps'"):
        devices.find_quantization("int8", torch.device("mps"))
    assert devices.find_quantization(None, cpu) is None


@pytest.mark.skipif(find_spec("bitsandbytes") is not None, reason="bitsandbytes is installed")
def test_a_config_of_transformers_whose_package_is_missing(tmp_path):
    from transformers import BitsAndBytesConfig

    with pytest.raises(lw.ModelError, match=r"accelerate|bitsandbytes"):
        lw.load(llada(tmp_path), quantization=BitsAndBytesConfig(load_in_8bit=True))


@pytest.mark.parametrize("name", sorted(ROUNDING))
def test_layers_are_near_the_original_and_generate(tmp_path, name):
    needs(name)
    llada(tmp_path, d=128, ffn=256)
    plain, found = lw.load(tmp_path), lw.load(tmp_path, quantization=name)
    given = torch.randn(1, 6, 128, generator=torch.Generator().manual_seed(0))
    for part in ("self_attn.q_proj", "mlp.gate_proj"):
        exact, near = (
            model.backend._network.get_submodule(f"model.layers.1.{part}")(given)  # pyright: ignore
            for model in (plain, found)
        )
        assert not torch.equal(exact, near)
        assert (exact - near.float()).norm() <= ROUNDING[name] * exact.norm()
    assert len(found.generate("hello", lw.regex("[ab]{3}")).text) == 3


def test_experts_that_stay_as_they_are_are_told(tmp_path):
    needs("int8")
    FAMILIES["llada-moe"](tmp_path)
    with pytest.warns(UserWarning, match="routed experts"):
        model = lw.load(tmp_path, quantization="int8")
    assert len(model.generate("hello", lw.regex("[ab]{3}")).text) == 3


def test_sizes_that_a_package_does_not_serve_are_a_model_error(tmp_path):
    needs("bitsandbytes-4bit")
    with pytest.raises(lw.ModelError, match="cannot be quantized for 'cpu'"):
        lw.load(FAMILIES["llada-moe"](tmp_path), quantization="bitsandbytes-4bit")


def test_four_bits_of_torchao_are_laid_out_for_torchs_own_kernel():
    pytest.importorskip("torchao")
    pytest.importorskip("accelerate")
    found = devices.find_quantization("torchao-int4", torch.device("cuda")).quant_type
    assert found.int4_packing_format == "tile_packed_to_4d"
    assert found.group_size == 128
