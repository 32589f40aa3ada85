from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.tokens.trie import MAX_TOKEN_BYTES, build_trie

TOKENS = st.lists(st.binary(max_size=5).map(lambda data: bytes(byte % 3 for byte in data)), max_size=40)


@given(TOKENS)
@settings(max_examples=300, deadline=None)
def test_nodes_are_the_prefixes_of_the_tokens_by_length_then_order(tokens: list[bytes]) -> None:
    trie = build_trie(tokens)
    prefixes = {token[:stop] for token in tokens for stop in range(len(token) + 1)} | {b""}
    spelled = [b""]
    for byte, parent in zip(trie.byte.tolist()[1:], trie.parent.tolist()[1:], strict=True):
        spelled.append(spelled[parent] + bytes([byte]))
    assert spelled == sorted(prefixes, key=lambda prefix: (len(prefix), prefix))
    assert [spelled[node] for node in trie.node_of_token.tolist()] == tokens


def test_a_token_of_any_supported_length_has_its_chain() -> None:
    longest = b"ab" * (MAX_TOKEN_BYTES // 2)
    trie = build_trie([longest, longest[:-1]])
    assert trie.nodes == MAX_TOKEN_BYTES + 1
    assert trie.node_of_token.tolist() == [MAX_TOKEN_BYTES, MAX_TOKEN_BYTES - 1]
    with pytest.raises(ValueError, match="at most"):
        build_trie([longest + b"c"])
