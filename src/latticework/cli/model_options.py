"""Which model a command runs, and where: the same options for every command that loads one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latticework.cli.expanding import with_options

if TYPE_CHECKING:
    from latticework.models.model import Model

ModelName = Annotated[str, typer.Option("--model", help='"embedded", a folder with a checkpoint, or an id of the hub.')]


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What ``load`` is asked for."""

    name: str
    device: str
    dtype: str
    quantization: str | None
    rope_scaling: float | None

    def load(self) -> Model:
        """The model, with a core left for the constraint. Raises ``ModelError`` as ``latticework.load`` does."""
        from latticework.diffusion.threads import leave_a_core
        from latticework.models.loading import load

        leave_a_core()
        return load(
            self.name,
            device=self.device,
            dtype=self.dtype,
            quantization=self.quantization,
            rope_scaling=self.rope_scaling,
        )


_OPTIONS: dict[str, tuple[Any, Any]] = {
    "model": (ModelName, "embedded"),
    "device": (Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps, or auto.")], "cpu"),
    "dtype": (Annotated[str, typer.Option(help="Of the weights: auto (as stored), bf16, fp16 or fp32.")], "auto"),
    "quantization": (
        Annotated[str | None, typer.Option(help="int8, int4, or the name of a package's own; see the documentation.")],
        None,
    ),
    "rope_scaling": (
        Annotated[float | None, typer.Option(help="Factor of the rotary base, for longer texts than trained with.")],
        None,
    ),
}


def with_model_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with options for the model; its parameter ``model`` gets a ``ModelChoice``."""
    return with_options(
        command,
        "model",
        _OPTIONS,
        lambda found: ModelChoice(
            found["model"], found["device"], found["dtype"], found["quantization"], found["rope_scaling"]
        ),
    )
