"""A folder with a published checkpoint: its config, its tensors by name and shape, and the network they make."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from latticework.device_memory import memory_errors
from latticework.errors import LatticeworkError, ModelError
from latticework.models.families import Config, Family

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

_SHOWN = 10  # names in an error about tensors
_EXPERTS = (".experts.gate_up_proj", ".experts.down_proj")


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor of the checkpoint: the file it is in and its shape."""

    file: Path
    shape: tuple[int, ...]


def read_json(file: Path, missing_ok: bool = False) -> dict[str, Any]:
    """The object in a JSON file; empty when it may be missing and is. Raises ``ModelError``."""
    if missing_ok and not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{file} holds no JSON object")
    return content


def stored_tensors(folder: Path) -> dict[str, Stored]:
    """All tensors of a folder by name; only headers are read. Raises ``ModelError``: no safetensors file, one is
    missing, or its header cannot be read."""
    from safetensors import SafetensorError, safe_open

    index = folder / "model.safetensors.index.json"
    if index.is_file():
        names = read_json(index).get("weight_map")
        if not isinstance(names, dict):
            raise ModelError(f"{index} has no weight_map")
        files = sorted({folder / str(name) for name in names.values()})
    else:
        files = [folder / "model.safetensors"]
    found: dict[str, Stored] = {}
    for file in files:
        if not file.is_file():
            raise ModelError(f"{folder} has no {file.name}: weights are read from safetensors files only")
        try:
            with safe_open(file, framework="pt") as content:
                for name in content.keys():  # noqa: SIM118  (no mapping)
                    found[name] = Stored(file, tuple(content.get_slice(name).get_shape()))
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{file} cannot be read: {error}") from error
    return found


def build_network(
    folder: Path,
    family: Family,
    config: Config,
    dtype: torch.dtype | str,
    device: torch.device,
    quantization: Any = None,
) -> PreTrainedModel:
    """The network with the weights of a folder, in evaluation mode on ``device``.

    Names and shapes of all tensors are compared with those of the class before any weight is read.

    Raises:
        ModelError: tensors are missing, unexpected or of another shape; the class or a package for the quantization is
            missing; the device has not enough memory.
    """
    if config.get("quantization_config") is not None:
        raise ModelError(
            f"{folder} holds quantized weights, which are not supported: take the original checkpoint and give "
            "quantization=..."
        )
    import torch

    with config_errors(folder, family):
        network, stock = family.network(config)
        shapes, tied = expected_shapes(network, stock, family.experts_apart)
    stored = {name: own for name, own in stored_tensors(folder).items() if not family.is_unused(name)}
    check_tensors(folder, family, config, stored, shapes, tied)
    options: dict[str, Any] = {"dtype": dtype, "attn_implementation": "sdpa"}
    if quantization is not None:
        options |= {"quantization_config": quantization, "device_map": {"": device}}
    with quiet(), memory_errors(f"the weights of {folder.name} do not fit into the memory of {device}"):
        try:
            weights = _renamed(stored, family, config)
            model, info = cast("Any", network).from_pretrained(
                None, config=stock, state_dict=weights, output_loading_info=True, **options
            )
        except ImportError as error:
            raise ModelError(f"loading {folder} takes a package that is not installed: {error}") from error
        except (OSError, ValueError) as error:
            raise ModelError(f"{folder} cannot be loaded: {error}") from error
        except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
            if quantization is None or isinstance(error, torch.OutOfMemoryError):
                raise
            raise ModelError(_not_quantized(folder, device, error)) from error
        _confirm(folder, info)
        if quantization is None:
            model = model.to(device)
    model.eval()
    if quantization is not None:
        _try_quantized(folder, model, device)
    return model


def _try_quantized(folder: Path, model: PreTrainedModel, device: torch.device) -> None:
    """Run the first quantized layer once, as packages find out only then that they do not serve a device or a size.

    Raises ``ModelError`` when it does not run. Warns where most weights were left as they are.
    """
    import torch

    whole = [own for name, own in model.named_parameters() if name.endswith(_EXPERTS)]
    layers = [own for own in model.modules() if isinstance(own, torch.nn.Linear) and _is_quantized(own)]
    if not layers:
        raise ModelError(f"no layer of {folder} was quantized")
    try:
        for layer in {(own.in_features, own.out_features): own for own in layers}.values():
            with torch.inference_mode():
                layer(torch.zeros(1, 2, layer.in_features, dtype=model.dtype, device=device))
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        raise ModelError(_not_quantized(folder, device, error)) from error
    if any(own.is_floating_point() for own in whole):
        warnings.warn(
            f"{folder.name}: the routed experts, most of the weights, are one tensor, which the package does not "
            "quantize; only attention and dense layers take less memory",
            stacklevel=4,
        )


def _is_quantized(layer: torch.nn.Linear) -> bool:
    """Whether the weight has another type than plain parameters have; packages differ in how they tell."""
    import torch

    return type(layer.weight) is not torch.nn.Parameter or type(layer.weight.data) is not torch.Tensor


def _not_quantized(folder: Path, device: torch.device, error: Exception) -> str:
    return (
        f"{folder} cannot be quantized for {str(device)!r} ({type(error).__name__}: {error}); take another quantization"
    )


def expected_shapes(
    network: type[PreTrainedModel], stock: PretrainedConfig, experts_apart: bool
) -> tuple[dict[str, tuple[int, ...]], frozenset[str]]:
    """Shapes of the tensors of a class by name, routed experts one by one where checkpoints keep them so; and the names
    of those that are tied to others and need not be stored."""
    import torch

    with torch.device("meta"):
        model = network(stock)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, tensor in model.state_dict().items():
        shape = tuple(tensor.shape)
        if experts_apart and name.endswith(".experts.gate_up_proj"):
            for expert in range(shape[0]):
                for part in ("gate_proj", "up_proj"):
                    own = name.replace("gate_up_proj", f"{expert}.{part}.weight")
                    shapes[own] = (shape[1] // 2, shape[2])
        elif experts_apart and name.endswith(".experts.down_proj"):
            for expert in range(shape[0]):
                shapes[name.replace("down_proj", f"{expert}.down_proj.weight")] = shape[1:]
        else:
            shapes[name] = shape
    return shapes, frozenset(getattr(model, "all_tied_weights_keys", None) or ())


def check_tensors(
    folder: Path,
    family: Family,
    config: Config,
    stored: Mapping[str, Stored],
    expected: Mapping[str, tuple[int, ...]],
    tied: frozenset[str],
) -> None:
    """Raise ``ModelError`` unless the tensors are those of the class, with their shapes."""
    left = dict(expected)
    unexpected, misshapen = [], []
    for name, own in stored.items():
        parts = family.stock_names(name, config)
        shapes = [left.pop(stock, None) for stock, _ in parts]
        if any(shape is None for shape in shapes):
            unexpected.append(name)
            continue
        rows = sum(shape[0] for shape in shapes if shape) if len(parts) > 1 else None
        wanted = shapes[0] if rows is None else (rows, *(shapes[0] or ())[1:])
        if own.shape != wanted:
            misshapen.append(f"{name} {list(own.shape)}, expected {list(wanted or ())}")
    missing = [name for name in left if name not in tied]
    problems = [
        _listed("missing (by their names in transformers)", missing),
        _listed("unexpected", unexpected),
        _listed("of a wrong shape", misshapen),
    ]
    if any(problems):
        raise ModelError(
            f"the tensors in {folder} are not those of {family.name}: " + "; ".join(filter(None, problems))
        )


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)} {what}: {', '.join(sorted(names)[:_SHOWN])}{more}"


def _renamed(stored: Mapping[str, Stored], family: Family, config: Config) -> dict[str, torch.Tensor]:
    """Tensors under the names of transformers, in the order of the files."""
    from safetensors import safe_open

    weights: dict[str, torch.Tensor] = {}
    by_file: dict[Path, list[str]] = {}
    for name, own in stored.items():
        by_file.setdefault(own.file, []).append(name)
    for file, names in by_file.items():
        with safe_open(file, framework="pt") as content:
            for name in names:
                weights |= _parts(family.stock_names(name, config), content.get_tensor(name))
    return weights


def _parts(names: Iterable[tuple[str, int]], tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    parts, start = {}, 0
    for name, rows in names:
        parts[name] = tensor[start : start + rows].contiguous() if rows else tensor
        start += rows
    return parts


def _confirm(folder: Path, info: Mapping[str, Any]) -> None:
    """Raise ``ModelError`` when transformers left a tensor out after all."""
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if info.get(kind):
            raise ModelError(f"{folder} was not loaded whole: {_listed(kind, [str(name) for name in info[kind]])}")


@contextmanager
def config_errors(folder: Path, family: Family) -> Iterator[None]:
    """Turn what classes of transformers and torch raise for fields of a wrong kind or size into a ``ModelError``."""
    try:
        yield
    except LatticeworkError:
        raise
    except Exception as error:  # Config classes raise whatever their validators do.
        raise ModelError(
            f"the configs in {folder} describe no {family.name} network ({type(error).__name__}: {error})"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Loading says nothing unless it fails: transformers draws bars and reports for it."""
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
