"""What tells one family of published checkpoints from another."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from latticework.errors import ModelError
from latticework.models.base import Traits

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

Config = Mapping[str, Any]


class Family(ABC):
    """Checkpoints that load into the same class of transformers. No code of a checkpoint is ever run.

    Attributes:
        name: what the authors call it.
        model_types: ``model_type`` of its ``config.json``.
        mask_tokens: how its tokenizers write the mask token, for checkpoints whose config does not tell the id.
        turn_ends: special tokens that end a turn of a chat, and with it an answer.
        block_length: blocks in which its authors decode it, where its attention has none; ``None`` for whole canvases.
        experts_apart: whether checkpoints keep routed experts one by one where the class has one tensor of them all.
        unused: regular expression of tensor names that hold no weights.
    """

    name: ClassVar[str]
    model_types: ClassVar[tuple[str, ...]]
    mask_tokens: ClassVar[tuple[str, ...]] = ()
    turn_ends: ClassVar[tuple[str, ...]] = ("<|im_end|>",)
    block_length: ClassVar[int | None] = None
    experts_apart: ClassVar[bool] = True
    unused: ClassVar[str] = r"rotary_emb\.inv_freq$"

    @abstractmethod
    def network(self, config: Config) -> tuple[type[PreTrainedModel], PretrainedConfig]:
        """The class of transformers and its config. Raises ``ModelError`` naming a field it cannot honour."""

    @abstractmethod
    def traits(self, config: Config, name: str) -> Traits:
        """How checkpoints with this config were trained; ``name`` is the id or folder, lower case."""

    def stock_names(self, tensor: str, config: Config) -> list[tuple[str, int]]:
        """Names in the class of transformers for a tensor of the checkpoint, with the rows (dimension 0) that each
        takes, in order; 0 for all rows."""
        return [(tensor, 0)]

    def is_unused(self, tensor: str) -> bool:
        return re.search(self.unused, tensor) is not None


def required(config: Config, family: str, *fields: str) -> list[Any]:
    """Values of fields that must be there. Raises ``ModelError`` naming those that are not."""
    missing = [field for field in fields if config.get(field) is None]
    if missing:
        raise ModelError(f"config.json of this {family} checkpoint lacks {', '.join(missing)}")
    return [config[field] for field in fields]


def refuse_other(config: Config, family: str, **expected: tuple[Any, ...]) -> None:
    """Raise ``ModelError`` when a field of the config has a value that changes the network and is not among those
    expected; a field that is absent is as expected."""
    for field, values in expected.items():
        if field in config and config[field] not in values:
            raise ModelError(
                f"this {family} checkpoint has {field}={config[field]!r}, which is not supported; "
                f"supported: {', '.join(map(repr, values))}"
            )


def rope(config: Config, default_theta: float) -> dict[str, Any]:
    """Rotary embedding as transformers 5 wants it, from the fields of any version."""
    if isinstance(config.get("rope_parameters"), Mapping):
        return dict(config["rope_parameters"])
    scaling = dict(config.get("rope_scaling") or {})
    kind = scaling.pop("type", None)
    return {"rope_type": kind or "default", "rope_theta": config.get("rope_theta") or default_theta, **scaling}
