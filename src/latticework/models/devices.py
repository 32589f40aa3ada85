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
# Name: (package, class of transformers, its arguments).
_QUANTIZATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bitsandbytes-8bit": ("bitsandbytes", "BitsAndBytesConfig", {"load_in_8bit": True}),
    "bitsandbytes-4bit": ("bitsandbytes", "BitsAndBytesConfig", {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}),
    "torchao-int8": ("torchao", "TorchAoConfig", {"quant_type": "int8_weight_only"}),
    "torchao-int4": ("torchao", "TorchAoConfig", {"quant_type": "int4_weight_only"}),
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


def find_quantization(given: Any) -> Any:
    """A quantization config of transformers for one of four names; anything else is handed on as it is.

    Raises ``ModelError``: the name is unknown, or the package behind it (or accelerate) is not installed.
    """
    if not isinstance(given, str):
        return given
    if given not in _QUANTIZATIONS:
        raise ModelError(
            f"no quantization {given!r}: give {', '.join(map(repr, _QUANTIZATIONS))} "
            "or a quantization config of transformers"
        )
    package, name, arguments = _QUANTIZATIONS[given]
    missing = [needed for needed in (package, "accelerate") if find_spec(needed) is None]
    if missing:
        raise ModelError(
            f"quantization {given!r} takes packages that are not installed: pip install {' '.join(missing)}"
        )
    import transformers

    return getattr(transformers, name)(**arguments)
