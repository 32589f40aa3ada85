"""Token bytes of a Hugging Face fast tokenizer, read from its serialised form (``tokenizer.json``).

A tokenizer's *decoder* says what a token stands for, so this module follows the decoder step by
step, as the ``tokenizers`` library (0.2x) defines it, for a token that has neighbours on both sides.
Left out, because they act on the edges of a whole text only: the leading space that ``Metaspace``,
``WordPiece`` and a ``Strip`` after ``Fuse`` drop, and the last space of ``BPEDecoder``. Hence a
document starts with a space exactly when its first token does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from latticework.errors import ModelError

Step = Callable[[str], str]

_BYTE_TOKEN = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_WORD_PIECE_CLEANUP = (
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
)  # fmt: skip


def read_tokenizer(tokenizer: Any) -> tuple[list[bytes], dict[int, str]]:
    """Bytes per id and role per special id.

    Unknown-token ids get the role ``other``: they stand for text that the tokenizer cannot spell.

    Args:
        tokenizer: transformers fast tokenizer or ``tokenizers.Tokenizer``.

    Raises:
        ModelError: no serialised form, or a model, decoder or added token that is not understood.
    """
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(backend, "to_str"):
        raise ModelError(
            f"{type(tokenizer).__name__} has no fast tokenizer behind it; "
            "give a fast tokenizer, or build Vocabulary(tokens, special) from its byte strings"
        )
    content = json.loads(backend.to_str())
    pieces = _pieces(content["model"])
    added = {token["id"]: token for token in content["added_tokens"]}
    ids = pieces.keys() | added.keys()
    to_bytes = _Decoder(content)
    tokens = [b""] * (max(ids, default=-1) + 1)
    for token_id, piece in pieces.items():
        if token_id not in added:
            tokens[token_id] = to_bytes(piece)
    roles = dict.fromkeys(_unknown_ids(content["model"], pieces), "other")
    for token_id, token in added.items():
        if token["special"]:
            roles[token_id] = "other"
        elif token_id not in roles:
            tokens[token_id] = to_bytes.added(token["content"])
    roles |= _named_roles(tokenizer, len(tokens))
    return tokens, roles


def _pieces(model: Mapping[str, Any]) -> dict[int, str]:
    """Piece string per id. Models without a ``type`` are from old files; the fields tell them apart."""
    vocab = model.get("vocab")
    if isinstance(vocab, list):
        return {i: entry[0] for i, entry in enumerate(vocab)}
    if isinstance(vocab, dict):
        return {i: piece for piece, i in vocab.items()}
    raise ModelError(f"tokenizer model {model.get('type')!r} has no vocabulary")


def _unknown_ids(model: Mapping[str, Any], pieces: Mapping[int, str]) -> Iterator[int]:
    if isinstance(model.get("unk_id"), int):
        yield model["unk_id"]
    unknown = model.get("unk_token")
    if unknown is not None:
        yield from (i for i, piece in pieces.items() if piece == unknown)


def _named_roles(tokenizer: Any, size: int) -> dict[int, str]:
    """Roles by the names transformers gives; an id with several names takes the last of bos, pad, eos, mask."""
    roles = {}
    for role in ("bos", "pad", "eos", "mask"):
        token_id = getattr(tokenizer, f"{role}_token_id", None)
        if token_id is not None and not 0 <= token_id < size:
            raise ModelError(f"the tokenizer's {role} id {token_id} is not one of its {size} ids")
        if token_id is not None:
            roles[token_id] = role
    return roles


class _Decoder:
    """The decoder of a tokenizer as a function from one piece to bytes."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._steps: list[Step] = []
        self._byte_level = False
        self._byte_fallback = False
        self._fused = False
        decoder, model = content["decoder"], content["model"]
        if decoder is None:
            self._refuse_raw_pieces(content)
            # Without a decoder the library joins the pieces with spaces.
            self._steps.append(lambda piece: " " + piece)
        else:
            self._add(decoder)
        if model.get("byte_fallback") and not self._byte_fallback:
            raise ModelError("the tokenizer falls back to bytes but its decoder does not read <0xNN> pieces")
        self._check_affixes(model, decoder)

    def __call__(self, piece: str) -> bytes:
        if self._byte_fallback and _BYTE_TOKEN.fullmatch(piece):
            return bytes([int(piece[3:5], 16)])
        for step in self._steps:
            piece = step(piece)
        if self._byte_level:
            return _byte_level_bytes(piece)
        return piece.encode("utf-8")

    def added(self, content: str) -> bytes:
        """Bytes of an added token that is not special: its content is matched before any byte alphabet applies."""
        if self._byte_level:
            return content.encode("utf-8")
        return self(content)

    def _add(self, decoder: Mapping[str, Any]) -> None:
        kind = decoder.get("type")
        if kind == "Sequence":
            for part in decoder["decoders"]:
                self._add(part)
            return
        if self._fused and kind not in ("Fuse", "Strip"):
            raise ModelError(f"tokenizer decoder {kind!r} after the tokens are joined is not supported")
        if self._byte_fallback and not self._fused and kind != "Fuse":
            raise ModelError(f"tokenizer decoder {kind!r} after 'ByteFallback' is not supported")
        if kind == "ByteLevel":
            self._byte_level = self._fused = True
        elif kind == "ByteFallback":
            self._byte_fallback = True
        elif kind == "Fuse":
            self._fused = True
        elif kind == "Strip" and self._fused:
            pass
        else:
            self._steps.append(_step(decoder))

    def _refuse_raw_pieces(self, content: Mapping[str, Any]) -> None:
        for part in _flatten(content["pre_tokenizer"], "pretokenizers"):
            if part["type"] in ("ByteLevel", "Metaspace"):
                raise ModelError(f"the tokenizer splits text with {part['type']!r} but has no decoder to undo it")

    def _check_affixes(self, model: Mapping[str, Any], decoder: Mapping[str, Any] | None) -> None:
        """Word marks of the model must be those its decoder removes; a text would show them otherwise."""
        parts = list(_flatten(decoder, "decoders"))
        prefix, suffix = model.get("continuing_subword_prefix"), model.get("end_of_word_suffix")
        if prefix and not any(p["type"] == "WordPiece" and p["prefix"] == prefix for p in parts):
            raise ModelError(f"the tokenizer marks word continuations with {prefix!r} but its decoder does not read it")
        if suffix and not any(p["type"] == "BPEDecoder" and p["suffix"] == suffix for p in parts):
            raise ModelError(f"the tokenizer marks word ends with {suffix!r} but its decoder does not read it")


def _flatten(part: Mapping[str, Any] | None, children: str) -> Iterator[Mapping[str, Any]]:
    if part is None:
        return
    if part.get("type") == "Sequence":
        for child in part[children]:
            yield from _flatten(child, children)
    else:
        yield part


def _step(decoder: Mapping[str, Any]) -> Step:
    """A decoder that acts on each piece by itself."""
    kind = decoder.get("type")
    if kind == "Replace" and "String" in decoder["pattern"]:
        old, new = decoder["pattern"]["String"], decoder["content"]
        return lambda piece: piece.replace(old, new)
    if kind == "Metaspace":
        mark = decoder["replacement"]
        return lambda piece: piece.replace(mark, " ")
    if kind == "BPEDecoder":
        suffix = decoder["suffix"]
        return lambda piece: piece.replace(suffix, " ")
    if kind == "WordPiece":
        return _word_piece(decoder["prefix"], decoder["cleanup"])
    if kind == "Strip":
        return _strip(decoder["content"], decoder["start"], decoder["stop"])
    raise ModelError(f"tokenizer decoder {kind!r} is not supported: {json.dumps(decoder, ensure_ascii=False)}")


def _word_piece(prefix: str, cleanup: bool) -> Step:
    def decode(piece: str) -> str:
        piece = piece[len(prefix) :] if piece.startswith(prefix) else " " + piece
        for old, new in _WORD_PIECE_CLEANUP if cleanup else ():
            piece = piece.replace(old, new)
        return piece

    return decode


def _strip(content: str, start: int, stop: int) -> Step:
    def decode(piece: str) -> str:
        left = 0
        while left < min(start, len(piece)) and piece[left] == content:
            left += 1
        right = len(piece)
        while right > left and len(piece) - right < stop and piece[right - 1] == content:
            right -= 1
        return piece[left:right]

    return decode


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins: visible Latin-1 characters are themselves, the rest start at U+0100."""
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    alphabet = {chr(byte): byte for byte in visible}
    hidden = (byte for byte in range(256) if byte not in visible)
    return alphabet | {chr(0x100 + i): byte for i, byte in enumerate(hidden)}


_BYTE_ALPHABET = _byte_alphabet()


def _byte_level_bytes(piece: str) -> bytes:
    """A piece outside the alphabet stands for itself, as in the library."""
    try:
        return bytes([_BYTE_ALPHABET[char] for char in piece])
    except KeyError:
        return piece.encode("utf-8")
