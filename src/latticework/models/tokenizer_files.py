"""A checkpoint's tokenizer, read by the classes of transformers whatever class its config names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latticework.errors import ModelError
from latticework.models.checkpoint import quiet


def load_tokenizer(folder: Path) -> Any:
    """A fast tokenizer from ``tokenizer.json``, or from ``vocab.json`` and ``merges.txt`` as Qwen's, which Dream keeps
    under a class of its own. Raises ``ModelError`` when there is neither, or they cannot be read."""
    from transformers import PreTrainedTokenizerFast, Qwen2Tokenizer

    if (folder / "tokenizer.json").is_file():
        kind: Any = PreTrainedTokenizerFast
    elif (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        kind = Qwen2Tokenizer
    else:
        raise ModelError(f"{folder} has no tokenizer: neither tokenizer.json nor vocab.json and merges.txt")
    try:
        with quiet():
            return kind.from_pretrained(str(folder), local_files_only=True)
    except (AttributeError, IndexError, KeyError, TypeError) as error:  # What transformers trips over says no more.
        raise ModelError(
            f"the tokenizer in {folder} cannot be read: its files lack a value, or have one of a wrong type"
        ) from error
    except Exception as error:  # The tokenizers library raises plain exceptions.
        raise ModelError(f"the tokenizer in {folder} cannot be read: {error}") from error
