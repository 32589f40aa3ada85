"""The tokenizer of the embedded model: byte-level BPE in which a value has the same ids in prose and in JSON.

Copying is easy only if ``Acme`` is the same token after a space and after a quote. So every whitespace, digit and
punctuation mark stands alone, words are split at case changes, and the glue of compact JSON (``{"``, ``":``, ``,"``)
is one token each. The alphabet is plain ByteLevel: any reader of "bytes per token id" understands it.
"""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedTokenizerFast

PAD, BOS, EOS, MASK, FILLER = range(5)
SPECIAL_TOKENS = ("<pad>", "<bos>", "<eos>", "<mask>", "<filler>")  # in the order of their ids

SPLIT_PATTERN = (
    r"""\{"|":|,"|"|\}"""  # JSON glue, longest first
    r"""|[A-Z]?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{L}"""  # Word, UPPER, any other letter
    r"""|\p{N}|\s|[^\s\p{L}\p{N}]"""  # one digit, one space, one other mark
)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Reads ``tokenizer.json`` from a folder. Text that spells a special token is encoded as text."""
    pad, bos, eos, mask, filler = SPECIAL_TOKENS
    return PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"),
        pad_token=pad,
        bos_token=bos,
        eos_token=eos,
        mask_token=mask,
        additional_special_tokens=[filler],
        split_special_tokens=True,
        clean_up_tokenization_spaces=False,
    )
