"""Autoregressive helpers: small causal language models that guide a diffusion model or write its first draft."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError, ModelError
from latticework.models.prompting import PromptFormat

if TYPE_CHECKING:
    import torch

_PROMPTS_KEPT = 16


@dataclass(frozen=True, eq=False, slots=True)
class Context:
    """What a helper is told: the prompt as the user wrote it, and the schema of the answer, if it has one."""

    prompt: str
    schema: Mapping[str, Any] | None = None


class AutoregressiveModel:
    """A causal language model of transformers with a tokenizer of its own.

    Texts pass between the models, not tokens, so any tokenizer will do. Safe to share between threads, which then take
    turns.
    """

    def __init__(self, name: str, network: Any, tokenizer: Any, device: torch.device) -> None:
        self.name = name
        self.device = device
        self._network = network
        self._tokenizer = tokenizer
        self._prompts = PromptFormat(tokenizer)
        takes = signature(network.forward).parameters
        self._past = "cache" if "cache" in takes else "past_key_values"  # the name depends on transformers' version
        self._kept: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._lock = Lock()

    def agreement(self, context: Context, data: bytes) -> NDArray[np.bool_]:
        """[len(data)] bool: the bytes of those tokens of a text that are the likeliest after all before them.

        From where ``data`` is no UTF-8 on, nothing is agreed to. Cost: one forward over the text; prompts are kept.
        """
        found = np.zeros(len(data), dtype=np.bool_)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            text = data[: error.start].decode("utf-8")
        cut = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids, spans = cut["input_ids"], cut["offset_mapping"]
        if not ids:
            return found
        likeliest = self._likeliest(tuple(self._prompts.encode(context.prompt, context.schema)), ids)
        covered, agreed = np.zeros(len(text), dtype=np.bool_), np.ones(len(text), dtype=np.bool_)
        for (start, stop), own, best in zip(spans, ids, likeliest, strict=True):
            covered[start:stop] = True
            agreed[start:stop] &= own == best
        sizes = [len(character.encode()) for character in text]
        found[: sum(sizes)] = np.repeat(covered & agreed, sizes)
        return found

    def _likeliest(self, prompt: tuple[int, ...], ids: list[int]) -> list[int]:
        """The likeliest token at the place of each of ``ids``; -1 for the first one without a prompt."""
        import torch

        with self._lock, torch.inference_mode():
            if not prompt:
                rows = self._network(input_ids=torch.tensor([ids], device=self.device)).logits[0]
                return [-1, *rows[:-1].argmax(dim=-1).tolist()]
            past = self._before(prompt)
            rated = torch.tensor([[prompt[-1], *ids[:-1]]], device=self.device)
            return self._network(input_ids=rated, use_cache=True, **{self._past: past}).logits[0].argmax(-1).tolist()

    def _before(self, prompt: tuple[int, ...]) -> Any:
        """A cache of transformers with all of a prompt but its last token, whose row rates the first of the text."""
        import torch
        from transformers import DynamicCache

        past = DynamicCache(config=self._network.config)
        kept = self._kept.pop(prompt, None)
        if kept is None:
            if len(prompt) > 1:
                ids = torch.tensor([prompt[:-1]], device=self.device)
                self._network(input_ids=ids, use_cache=True, **{self._past: past})
            kept = [(layer.keys, layer.values) for layer in cast(Any, past).layers] if len(prompt) > 1 else []
        else:
            for index, (keys, values) in enumerate(kept):
                past.update(keys, values, index)
        self._kept[prompt] = kept
        while len(self._kept) > _PROMPTS_KEPT:
            self._kept.popitem(last=False)
        return past

    def write(self, context: Context, max_tokens: int) -> str:
        """The likeliest answer, token by token, up to its end or to ``max_tokens``."""
        import torch

        prompt = self._prompts.encode(context.prompt, context.schema)
        if not prompt:
            raise InputError(f"{self.name} cannot begin without a prompt")
        ids = torch.tensor([prompt], device=self.device)
        pad = self._tokenizer.pad_token_id
        with self._lock, torch.inference_mode():
            found = self._network.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=max_tokens,
                do_sample=False,
                pad_token_id=self._tokenizer.eos_token_id if pad is None else pad,
            )
        return self._tokenizer.decode(found[0, len(prompt) :], skip_special_tokens=True).strip()


def load_autoregressive(
    name: str | Path, *, device: str | torch.device = "cpu", dtype: str | torch.dtype = "auto"
) -> AutoregressiveModel:
    """Load a causal language model to help a diffusion model; no code of a checkpoint is run.

    Args:
        name: a folder with a checkpoint of a class of transformers, or an id of the hub.
        device, dtype: as of ``latticework.load``.

    Raises:
        ModelError: there is no such checkpoint, transformers has no causal language model of its type, or its files
            cannot be read.
    """
    from transformers import AutoModelForCausalLM

    from latticework.device_memory import memory_errors
    from latticework.models.checkpoint import quiet
    from latticework.models.devices import find_device, find_dtype
    from latticework.models.hub import checkpoint_folder
    from latticework.models.tokenizer_files import load_tokenizer

    folder, place, kind = checkpoint_folder(name), find_device(device), find_dtype(dtype)
    tokenizer = load_tokenizer(folder)
    try:
        with quiet(), memory_errors(f"the weights of {folder.name} do not fit into the memory of {place}"):
            network: Any = AutoModelForCausalLM.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=kind
            )
            network = network.to(place).eval()
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder} cannot be loaded as a causal language model: {error}") from error
    return AutoregressiveModel(str(name), network, tokenizer, place)


@lru_cache(maxsize=2)
def _by_name(name: str) -> AutoregressiveModel:
    return load_autoregressive(name)


def helper_of(given: str | Path | AutoregressiveModel) -> AutoregressiveModel:
    """The helper itself, or the one that is loaded from a name; the two loaded last stay in memory."""
    return given if isinstance(given, AutoregressiveModel) else _by_name(str(given))
