"""What a user writes for a device, a dtype or a quantization, and what torch and transformers take."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from latticework.errors import ModelError

if TYPE_CHECKING:
    import torch

_DTYPES = {
    "bf16": "bfloat16",
    "bfloat16": "bfloat16",
    "fp16": "float16",
    "float16": "float16",
    "fp32": "float32",
    "float32": "float32",
}
# What each name can be done by, best first: (package, devices it serves there).
_QUANTIZATIONS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "int8": (("torchao", ("cpu", "cuda")), ("bitsandbytes", ("cpu", "cuda"))),
    "int4": (("bitsandbytes", ("cpu", "cuda")), ("torchao", ("cuda",))),
    "torchao-int8": (("torchao", ("cpu", "cuda")),),
    "torchao-int4": (("torchao", ("cuda",)),),
    "bitsandbytes-8bit": (("bitsandbytes", ("cpu", "cuda")),),
    "bitsandbytes-4bit": (("bitsandbytes", ("cpu", "cuda")),),
}


def find_device(name: str | torch.device) -> torch.device:
    """The device; ``"auto"`` is a CUDA device, else Apple's, else the CPU. Raises ``ModelError`` when torch has none of
    the kind asked for."""
    import torch

    mps = torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"no device {name!r}: give 'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        seen = torch.cuda.device_count()
        raise ModelError(f"no device {name!r}: torch sees {seen} CUDA devices; use device='cpu', or a build with CUDA")
    if device.type == "mps" and not mps:
        raise ModelError(f"no device {name!r}: this torch or machine has no MPS; use device='cpu'")
    return device


def find_dtype(name: str | torch.dtype) -> torch.dtype | str:
    """The dtype; ``"auto"`` stays, and means that of the checkpoint. Raises ``ModelError`` for an unknown name."""
    import torch

    if isinstance(name, torch.dtype) or name == "auto":
        return name
    if name not in _DTYPES:
        raise ModelError(f"no dtype {name!r}: give 'auto', 'bf16', 'fp16' or 'fp32'")
    return getattr(torch, _DTYPES[name])


def find_quantization(given: Any, device: torch.device) -> Any:
    """A quantization config of transformers for a name; anything else is handed on as it is.

    ``"int8"`` and ``"int4"`` take the first package that is installed and serves the device.

    Raises ``ModelError``: the name is unknown, no package for it serves the device, or none of them (or accelerate) is
    installed.
    """
    if not isinstance(given, str):
        return given
    if given not in _QUANTIZATIONS:
        raise ModelError(
            f"no quantization {given!r}: give {', '.join(map(repr, _QUANTIZATIONS))} "
            "or a quantization config of transformers"
        )
    served = [package for package, kinds in _QUANTIZATIONS[given] if device.type in kinds]
    if not served:
        kinds = sorted({kind for _, kinds in _QUANTIZATIONS[given] for kind in kinds})
        other = "; torchao has no 4-bit layout for CPUs, give 'bitsandbytes-4bit'" if device.type == "cpu" else ""
        raise ModelError(f"quantization {given!r} runs on {' and '.join(kinds)} devices, not on {str(device)!r}{other}")
    package = next((name for name in served if find_spec(name) is not None), None)
    missing = [needed for needed in (package or served[0], "accelerate") if find_spec(needed) is None]
    if missing:
        raise ModelError(
            f"quantization {given!r} takes packages that are not installed: pip install 'latticework[quantization]', "
            f"or just {' '.join(missing)}"
            + (f" ({served[1]} will do in place of {served[0]})" if package is None and len(served) > 1 else "")
        )
    bits = 8 if "8" in given else 4
    return _torchao(bits) if package == "torchao" else _bitsandbytes(bits)


def _bitsandbytes(bits: int) -> Any:
    """Int8 with outliers apart (Dettmers et al., arXiv 2208.07339), or 4-bit normal floats (arXiv 2305.14314)."""
    from transformers import BitsAndBytesConfig

    if bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")


def _torchao(bits: int) -> Any:
    """Weights alone: symmetric with one scale per row, or 4 bits with scale and offset per 128 weights of a row, laid
    out for the kernel that torch itself has (bfloat16 weights; torchao's default layout takes a package more)."""
    import importlib

    from transformers import TorchAoConfig

    kinds = importlib.import_module("torchao.quantization")
    if bits == 8:
        return TorchAoConfig(kinds.Int8WeightOnlyConfig())
    return TorchAoConfig(kinds.Int4WeightOnlyConfig(group_size=128, int4_packing_format="tile_packed_to_4d"))
