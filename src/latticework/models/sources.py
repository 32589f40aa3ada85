"""The text of a prompt as something to copy from, in the tokens of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from latticework.diffusion.weighting import ORDER, Source
from latticework.grammar import ir

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar
    from latticework.tokens.vocabulary import Vocabulary

_MOST_WORDS = 4096  # texts of a schema that are read
_ALWAYS = ("true", "false", "null")


def source_of(
    text: str, grammar: Grammar | None, vocabulary: Vocabulary, encode_text: Callable[[str], list[int]]
) -> Source:
    """Token runs of ``text`` and the tokens that are neither for nor against copying.

    The latter are those of the fixed text of ``grammar`` and all that have neither letters nor digits. Tokenizers that
    join a space to the word behind it write a word in another way behind a quote: such words count in both ways.
    Cost: O(text), a tokenizer call for each different word, and O(V) once for a vocabulary.
    """
    ids = encode_text(text)
    runs = [ids]
    bare: dict[int, list[int]] = {}
    for place, token in enumerate(ids):
        data = vocabulary.bytes(token)
        if data[:1] == b" " and len(data) > 1:
            if token not in bare:
                bare[token] = encode_text(data[1:].decode(errors="ignore"))
            runs.append([*bare[token], *ids[place + 1 : place + 1 + ORDER]])
    own = set(_plain(vocabulary))
    for data in (*_ALWAYS, *(() if grammar is None else _texts(grammar.node))):
        own.update(encode_text(data))
    return Source(runs, own)


@lru_cache(maxsize=8)
def _plain(vocabulary: Vocabulary) -> frozenset[int]:
    """Tokens without letters and digits, special ones included; bytes of other alphabets count as letters."""
    return frozenset(
        token
        for token in range(len(vocabulary))
        if not any(byte >= 128 or chr(byte).isalnum() for byte in vocabulary.bytes(token))
    )


def _texts(root: ir.Node) -> Iterator[str]:
    """Fixed texts inside ``root``, each place once."""
    waiting, seen, left = [root], set[bytes](), _MOST_WORDS
    while waiting and left > 0:
        node = waiting.pop()
        if node.digest in seen:
            continue
        seen.add(node.digest)
        words = node.words if isinstance(node, ir.Words) else (node.data,) if isinstance(node, ir.Literal) else ()
        for data in list(words)[:left]:
            left -= 1
            yield data.decode(errors="ignore")
        waiting += ir.children(node)
