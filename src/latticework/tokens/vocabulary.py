"""A vocabulary: the byte string and the role of every token id a model can emit.

A token is what it adds *in the middle* of a text. Ids with a role (end, pad, mask, ...) and ids no
token stands for have no bytes, so no document can contain them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError, ModelError
from latticework.tokens.trie import MAX_TOKEN_BYTES, Trie, build_trie

ROLES = ("mask", "eos", "pad", "bos", "filler", "other")
END_ROLES = ("eos", "pad")
MAX_TOKENS = 1 << 24

# Inside the class the name ``bytes`` is the method.
ByteString: TypeAlias = bytes


class Vocabulary:
    """Immutable map from token ids to bytes and roles; shareable between threads.

    Two vocabularies are equal when every id has the same bytes and the same role; ``digest`` (16 bytes)
    stands for that, and is the tokenizer's part of a compile-cache key.

    Roles: ``eos`` ends a document (there may be several), ``pad`` may fill the canvas after it, ``mask``
    marks a free slot, ``filler`` is a spare slot that leaves no text, ``bos`` starts a prompt, ``other``
    is any special id a document never contains.
    """

    def __init__(
        self, tokens: Sequence[ByteString], special: Mapping[int, str] | None = None, size: int | None = None
    ) -> None:
        """
        Args:
            tokens: byte string per id; ``b""`` for ids that stand for no text. Duplicates are allowed.
            special: role per special id; the bytes of these ids are dropped.
            size: width of the model's logits when wider than ``tokens``; ids beyond have no bytes.

        Raises:
            InputError: a role is unknown, an id is outside the vocabulary, or a token is no bytes.
        """
        special = dict(special or {})
        size = len(tokens) if size is None else size
        if size < len(tokens):
            raise InputError(f"size={size} is narrower than the {len(tokens)} tokens given")
        if size > MAX_TOKENS:
            raise InputError(f"size={size} exceeds the {MAX_TOKENS} token ids supported")
        for token_id, role in special.items():
            if not 0 <= token_id < size:
                raise InputError(f"special id {token_id} ({role}) is outside the vocabulary of {size} ids")
            if role not in ROLES:
                raise InputError(f"unknown role {role!r} for id {token_id}; use one of {', '.join(ROLES)}")
        for token_id, token in enumerate(tokens):
            if not isinstance(token, ByteString):
                raise InputError(f"token {token_id} is {type(token).__name__}, expected bytes")
            if len(token) > MAX_TOKEN_BYTES:
                raise InputError(f"token {token_id} has {len(token)} bytes; at most {MAX_TOKEN_BYTES} are supported")
        texts = list(tokens) + [b""] * (size - len(tokens))
        for token_id in special:
            texts[token_id] = b""
        self._tokens = tuple(texts)
        self._special = dict(sorted(special.items()))
        self._digest = _digest(self._tokens, self._special)

    @classmethod
    def from_tokenizer(
        cls,
        tokenizer: Any,
        *,
        size: int | None = None,
        special: Mapping[int, str] | None = None,
        end_ids: Iterable[int] = (),
    ) -> Vocabulary:
        """Read a Hugging Face fast tokenizer (or a ``tokenizers.Tokenizer``).

        What a token stands for follows from the tokenizer's decoder, as it acts in the middle of a text;
        what decoders do only at the edges of a text (dropping one leading space) is left out.

        Args:
            tokenizer: transformers fast tokenizer, or the ``tokenizers`` object behind it.
            size: logits width of the model when wider than the tokenizer.
            special: roles that the tokenizer does not tell (mask id, filler), by id; they win.
            end_ids: further ids that end a document, as in a model's generation config.

        Raises:
            ModelError: slow tokenizer, a decoder that is not understood, or ``size`` too small.
        """
        from latticework.tokens.tokenizers import read_tokenizer

        tokens, roles = read_tokenizer(tokenizer)
        roles |= {int(token_id): "eos" for token_id in end_ids}
        roles |= {int(token_id): role for token_id, role in (special or {}).items()}
        if size is not None and size < len(tokens):
            raise ModelError(f"the model scores {size} ids but the tokenizer has {len(tokens)}")
        return cls(tokens, roles, size)

    def __len__(self) -> int:
        """Number of ids, unreachable ones included: the width of the logits."""
        return len(self._tokens)

    @property
    def digest(self) -> ByteString:
        return self._digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        roles = ", ".join(f"{role}={list(self.ids(role))}" for role in ROLES[:-1] if self.ids(role))
        return f"Vocabulary({len(self)} ids{', ' + roles if roles else ''})"

    def bytes(self, token_id: int) -> ByteString:
        """What the token adds to a text; ``b""`` for special and unreachable ids."""
        return self._tokens[self._checked(token_id)]

    def pieces(self, ids: Iterable[int]) -> list[ByteString]:
        """As :meth:`bytes` of many; ``b""`` for ids outside of the vocabulary, too."""
        tokens, count = self._tokens, len(self._tokens)
        return [tokens[token_id] if 0 <= token_id < count else b"" for token_id in ids]

    def role(self, token_id: int) -> str | None:
        """Role of a special id, ``None`` for ordinary and unreachable ids."""
        return self._special.get(self._checked(token_id))

    def ids(self, role: str) -> tuple[int, ...]:
        """Ids with this role, ascending."""
        return tuple(token_id for token_id, own in self._special.items() if own == role)

    @cached_property
    def end_tokens(self) -> NDArray[np.int32]:
        """Ids that may stand after a document (roles eos and pad), ascending, int32."""
        ends = np.array([i for i, role in self._special.items() if role in END_ROLES], dtype=np.int32)
        ends.setflags(write=False)
        return ends

    @cached_property
    def filler(self) -> int:
        """The id that stands in a spare slot and leaves no text: the last of role filler, else the last end token;
        -1 if there is none."""
        ids = self.ids("filler") or self.end_tokens.tolist()
        return ids[-1] if ids else -1

    @cached_property
    def trie(self) -> Trie:
        """Byte trie of all tokens; built on first use (131k tokens: about 0.15 s)."""
        return build_trie(self._tokens)

    def with_roles(self, special: Mapping[int, str]) -> Vocabulary:
        """The same ids, some of them with another role and without their bytes. Raises what making one raises."""
        return Vocabulary(self._tokens, {**self._special, **special})

    def decode(self, ids: Iterable[int]) -> ByteString:
        """Bytes of a token sequence; special ids add nothing."""
        return b"".join([self._tokens[self._checked(int(token_id))] for token_id in ids])

    def encode(self, data: ByteString) -> list[int]:
        """Greedy longest-match segmentation; the lowest id wins among equal byte strings.

        For fixed text when no tokenizer is at hand: any segmentation spells the text, but a model may
        know it by another one.

        Raises:
            InputError: no token matches at some offset.
        """
        by_bytes, longest = self._segmenter
        ids = []
        offset = 0
        while offset < len(data):
            for stop in range(min(len(data), offset + longest), offset, -1):
                token_id = by_bytes.get(data[offset:stop])
                if token_id is not None:
                    break
            else:
                raise InputError(
                    f"no token of the vocabulary starts the text at byte {offset}: {data[offset : offset + 8]!r}"
                )
            ids.append(token_id)
            offset = stop
        return ids

    @cached_property
    def _segmenter(self) -> tuple[dict[ByteString, int], int]:
        by_bytes = {token: i for i, token in reversed(list(enumerate(self._tokens))) if token}
        return by_bytes, max(map(len, by_bytes), default=0)

    def _checked(self, token_id: int) -> int:
        if not 0 <= token_id < len(self._tokens):
            raise InputError(f"token id {token_id} is outside the vocabulary of {len(self._tokens)} ids")
        return token_id


def _digest(tokens: Sequence[bytes], special: Mapping[int, str]) -> bytes:
    digest = blake2b(digest_size=16)
    digest.update(np.array([len(tokens), *map(len, tokens)], dtype=np.int64).tobytes())
    digest.update(b"".join(tokens))
    digest.update(repr(sorted(special.items())).encode())
    return digest.digest()
