"""Latticework in ``generate`` of Hugging Face transformers: see ``docs/transformers.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latticework.integrations.transformers_canvases import LatticeworkLogitsProcessor
from latticework.integrations.transformers_dream import DreamHooks
from latticework.integrations.transformers_masked import custom_generate
from latticework.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DreamHooks", "LatticeworkLogitsProcessor", "custom_generate", "vocabulary_of"]


def vocabulary_of(tokenizer: Any, model: Any, special: Mapping[int, str] | None = None) -> Vocabulary:
    """The vocabulary of a model: the tokens of its tokenizer, as many ids as it scores, and all ids it stops at.

    Args:
        tokenizer: a fast tokenizer.
        model: a transformers model; its configuration has the number of ids, its generation configuration the stops.
        special: further roles by id, such as ``{id: "mask"}``; they win.

    Raises:
        ModelError: what :meth:`latticework.Vocabulary.from_tokenizer` raises.
    """
    stops = getattr(model.generation_config, "eos_token_id", None)
    ends = [] if stops is None else [stops] if isinstance(stops, int) else list(stops)
    size = model.config.get_text_config(decoder=True).vocab_size
    return Vocabulary.from_tokenizer(tokenizer, size=size, special=special, end_ids=ends)
