"""``load``: from a name or a folder to a model that generates."""

from __future__ import annotations

import json
from pathlib import Path

from latticework.errors import ModelError
from latticework.models.base import DiffusionModel
from latticework.models.model import Model

_EMBEDDED_TYPE = "latticework_embedded"
_SUPPORTED = '"embedded" (comes with the package) and local folders with a model of its kind'


def load(name: str | Path = "embedded", *, device: str = "cpu") -> Model:
    """Load a diffusion language model.

    Args:
        name: ``"embedded"``, or a folder that holds a model of the embedded kind (``model_type`` of its
            ``config.json`` is ``latticework_embedded``).
        device: where forwards run, as torch names it.

    Raises:
        ModelError: the name is neither, the folder holds something else, or its files cannot be read. Nothing is
            ever downloaded.
    """
    if str(name) == "embedded":
        return Model(_embedded(None, device))
    folder = Path(name)
    config = folder / "config.json"
    if not folder.is_dir():
        raise ModelError(
            f'no model {str(name)!r}: tried the packaged name "embedded" and the folder {folder.absolute()}, '
            f"and models are not downloaded. Supported: {_SUPPORTED}"
        )
    kind = _model_type(config)
    if kind != _EMBEDDED_TYPE:
        raise ModelError(
            f"{config} describes a model of type {kind!r}, which is not supported yet. Supported: {_SUPPORTED}"
        )
    return Model(_embedded(folder, device))


def _model_type(config: Path) -> object:
    if not config.is_file():
        raise ModelError(f"{config.parent} is no model folder: it has no config.json. Supported: {_SUPPORTED}")
    try:
        settings = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{config} cannot be read: {error}") from error
    return settings.get("model_type") if isinstance(settings, dict) else None


def _embedded(folder: Path | None, device: str) -> DiffusionModel:
    from latticework.models.embedded_adapter import EmbeddedDiffusionModel

    return EmbeddedDiffusionModel(folder, device)
