from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.tokens.trie import Trie, build_trie

TOKENS = st.lists(st.binary(max_size=5).map(lambda data: bytes(byte % 3 for byte in data)), max_size=40)


def prefixes_in_preorder(tokens: list[bytes]) -> list[bytes]:
    return sorted({token[: i + 1] for token in tokens for i in range(len(token))})


def spelled(trie: Trie) -> list[bytes]:
    """Prefix per node, from depth and byte alone."""
    path = bytearray()
    out = []
    for byte, depth in zip(trie.byte.tolist(), trie.depth.tolist(), strict=True):
        del path[depth:]
        path.append(byte)
        out.append(bytes(path))
    return out


@given(TOKENS)
@settings(max_examples=200, deadline=None)
def test_nodes_are_the_prefixes_of_the_tokens_in_order(tokens: list[bytes]) -> None:
    trie = build_trie(tokens)
    nodes = prefixes_in_preorder(tokens)
    assert spelled(trie) == nodes
    assert trie.max_depth == max(map(len, tokens), default=0)
    for token, node in zip(tokens, trie.node_of_token.tolist(), strict=True):
        assert nodes[node] == token if token else node == -1


@given(TOKENS)
@settings(max_examples=200, deadline=None)
def test_skip_leads_behind_the_subtree(tokens: list[bytes]) -> None:
    trie = build_trie(tokens)
    nodes = prefixes_in_preorder(tokens)
    for node, (prefix, skip) in enumerate(zip(nodes, trie.skip.tolist(), strict=True)):
        below = [i for i, other in enumerate(nodes) if other.startswith(prefix)]
        assert below == list(range(node, skip))
