from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latticework.errors import InputError
from latticework.tokens.vocabulary import Vocabulary

TOKENS = [b"a", b"ab", b"b", b"abc", b"a", b"", b"\x00", b"<end>", b"<pad>"]
ROLES = {7: "eos", 8: "pad"}


def test_bytes_roles_and_lengths() -> None:
    own = Vocabulary(TOKENS, ROLES, size=12)
    assert len(own) == 12
    assert [own.bytes(i) for i in range(12)] == [*TOKENS[:7], b"", b"", b"", b"", b""]
    assert [own.role(i) for i in (0, 5, 7, 8, 11)] == [None, None, "eos", "pad", None]
    assert own.ids("eos") == (7,)
    assert own.ids("mask") == ()
    assert own.end_tokens.tolist() == [7, 8]
    assert own.end_tokens.dtype == "int32"


def test_digest_tells_tokens_roles_and_size_apart() -> None:
    own = Vocabulary(TOKENS, ROLES)
    assert own == Vocabulary(list(TOKENS), dict(reversed(ROLES.items())))
    assert hash(own) == hash(Vocabulary(TOKENS, ROLES))
    others = [
        Vocabulary(TOKENS, {7: "eos"}),
        Vocabulary(TOKENS, {7: "eos", 8: "eos"}),
        Vocabulary(TOKENS, ROLES, size=12),
        Vocabulary([b"aa", b"b", *TOKENS[2:]], ROLES),
    ]
    assert len({own, *others}) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([b"a"], {0: "stop"}), "unknown role 'stop'"),
        (([b"a"], {1: "eos"}), "outside the vocabulary"),
        (([b"a"], {}, 0), "narrower"),
        ((["a"],), "is str, expected bytes"),
        (([b"a" * 20_000],), "20000 bytes"),
    ],
)
def test_wrong_arguments_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Vocabulary(*arguments)


@pytest.mark.parametrize("token_id", [-1, 9])
def test_ids_outside_the_vocabulary_are_refused(token_id: int) -> None:
    own = Vocabulary(TOKENS, ROLES)
    for question in (own.bytes, own.role, lambda i: own.decode([i])):
        with pytest.raises(InputError, match="outside the vocabulary of 9"):
            question(token_id)


def test_encode_takes_the_longest_token_and_the_lowest_id() -> None:
    own = Vocabulary(TOKENS, ROLES)
    assert own.encode(b"abcab\x00a") == [3, 1, 6, 0]
    with pytest.raises(InputError, match="byte 1"):
        own.encode(b"a?")


@given(st.binary(max_size=40), st.lists(st.binary(min_size=1, max_size=4), max_size=20))
def test_encode_then_decode_is_the_text(data: bytes, words: list[bytes]) -> None:
    own = Vocabulary([*(bytes([byte]) for byte in range(256)), *words])
    assert own.decode(own.encode(data)) == data


def test_decode_skips_special_ids() -> None:
    assert Vocabulary(TOKENS, ROLES).decode([0, 7, 2, 8, 5]) == b"ab"
