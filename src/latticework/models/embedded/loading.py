"""Reads the packaged weights and builds prompts for them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast

from latticework.models.embedded.modeling import EmbeddedModel
from latticework.models.embedded.prompt import format_prompt, schema_leaves
from latticework.models.embedded.tokenizer import BOS, load_tokenizer

WEIGHTS = Path(__file__).parent / "weights"
CALIBRATION = "calibration.json"


def load_embedded(
    folder: Path | str | None = None, *, dtype: torch.dtype = torch.float32
) -> tuple[EmbeddedModel, PreTrainedTokenizerFast]:
    """The model in evaluation mode and its tokenizer; ``folder`` replaces the packaged weights by other ones."""
    source = WEIGHTS if folder is None else Path(folder)
    model = EmbeddedModel.from_pretrained(source, dtype=dtype)
    return model.eval(), _tokenizer(source)


def load_calibration(folder: Path | str | None = None) -> dict[str, float]:
    """Temperatures of the model's confidence in values, by kind of canvas; empty where none were fitted.

    They are fitted by ``benchmarks/calibration.py`` and stand beside the weights. Raises ``ValueError`` for a file that
    holds anything but positive numbers.
    """
    source = (WEIGHTS if folder is None else Path(folder)) / CALIBRATION
    if not source.exists():
        return {}
    found = json.loads(source.read_text(encoding="utf-8"))["temperatures"]
    temperatures = {str(kind): float(value) for kind, value in found.items()}
    if not all(0 < value < float("inf") for value in temperatures.values()):
        raise ValueError(f"{source.name} holds a temperature that is no positive number")
    return temperatures


def build_prompt(text: str, schema: Any = None, *, tokenizer: PreTrainedTokenizerFast | None = None) -> list[int]:
    """Token ids of the prompt for ``text`` and a JSON Schema (a dict; else no hint), ending with ``BOS``."""
    tokenizer = tokenizer or _tokenizer(WEIGHTS)
    prompt = format_prompt(schema_leaves(schema), text)
    return [*tokenizer.encode(prompt, add_special_tokens=False), BOS]


@lru_cache(maxsize=4)
def _tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    return load_tokenizer(folder)
