"""Token bytes against the ``tokenizers`` library itself: trained tokenizers, encoded and decoded there."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from latticework.errors import ModelError
from latticework.tokens.vocabulary import Vocabulary

CORPUS = [
    "The quick brown fox jumps over the lazy dog, again and again.",
    '{"name": "Ada", "tags": ["x", "yy"], "price": 12.50}',
    "def f(x):\n    return x + 1\n\n\nprint(f(2))  # done",
    "größe naïve 東京 🙂 été; the dogs don't mind the fox's tail",
] * 4

# Characters that the corpora know, that they do not know, and that have a meaning for some decoder.
TEXTS = st.text(alphabet="the quickdog {}[]\":,.\n\té漢🙂ĠÄ#<0x>'-12", max_size=24)
WORDS = st.lists(st.sampled_from(["the", "quick", "brown", "fox", "lazy", "dog", "and"]), min_size=1)


@cache
def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.add_special_tokens(["<|end|>", "<|mask|>"])
    tokenizer.add_tokens([AddedToken("<think>", normalized=False), AddedToken("\u00e9t\u00e9", normalized=False)])
    return tokenizer


@cache
def unigram_with_bytes(scheme: str) -> Tokenizer:
    """As converted from SentencePiece: Metaspace in front, byte pieces behind."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    trainer = trainers.UnigramTrainer(
        vocab_size=120, unk_token="<unk>", special_tokens=["<unk>", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    learned = [(piece, -float(i)) for i, piece in enumerate(tokenizer.get_vocab())]
    control = [("<unk>", 0.0), ("</s>", 0.0)]
    learned = [entry for entry in learned if entry[0] not in dict(control)]
    pieces = [*control, *((f"<0x{byte:02X}>", -100.0) for byte in range(256)), *learned]
    out = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    out.pre_tokenizer = tokenizer.pre_tokenizer
    strip = [] if scheme == "never" else [decoders.Strip(" ", 1, 0)]
    out.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip])
    out.add_special_tokens(["<unk>", "</s>"])
    return out


@cache
def metaspace_bpe() -> Tokenizer:
    """SentencePiece BPE whose decoder is Metaspace alone; it knows its training characters only."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>"], show_progress=False)
    )
    return tokenizer


@cache
def gemma_like() -> Tokenizer:
    """BPE with byte fallback, spaces replaced by the normalizer, no space in front."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=200, show_progress=False))
    content = json.loads(tokenizer.to_str())
    vocab = content["model"]["vocab"]
    for byte in range(256):
        vocab[f"<0x{byte:02X}>"] = len(vocab)
    content["model"]["byte_fallback"] = True
    out = Tokenizer.from_str(json.dumps(content))
    out.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return out


@cache
def word_piece(cleanup: bool = True) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(cleanup=cleanup)
    tokenizer.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=["[UNK]", "[SEP]"], show_progress=False)
    )
    return tokenizer


@cache
def word_level() -> Tokenizer:
    vocab = {word: i for i, word in enumerate(["[UNK]", "the", "fox", ",", "dog"])}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


@cache
def clip_like() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    trainer = trainers.BpeTrainer(vocab_size=500, end_of_word_suffix="</w>", show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


ALL = {
    "byte level BPE": byte_level,
    "Unigram with bytes, space first": lambda: unigram_with_bytes("always"),
    "Unigram with bytes, no space": lambda: unigram_with_bytes("never"),
    "BPE with Metaspace": metaspace_bpe,
    "BPE with bytes, Gemma's way": gemma_like,
    "WordPiece": word_piece,
    "WordPiece without cleanup": lambda: word_piece(cleanup=False),
    "WordLevel": word_level,
    "BPE with word ends": clip_like,
}


@cache
def vocabulary(name: str) -> Vocabulary:
    return Vocabulary.from_tokenizer(ALL[name]())


def spelled(name: str, text: str) -> bytes:
    """Concatenated token bytes of the library's own segmentation."""
    return vocabulary(name).decode(ALL[name]().encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("name", ["byte level BPE", "Unigram with bytes, no space", "BPE with bytes, Gemma's way"])
@given(text=TEXTS)
@settings(max_examples=80, deadline=None)
def test_tokens_of_any_text_spell_the_text(name: str, text: str) -> None:
    assert spelled(name, text) == text.encode()


@given(text=TEXTS)
@settings(max_examples=80, deadline=None)
def test_a_space_first_tokenizer_spells_the_text_behind_one_space(text: str) -> None:
    # Metaspace adds the space unless the text brings one, and never to an empty text.
    expected = text if text.startswith(" ") or not text else " " + text
    assert spelled("Unigram with bytes, space first", text) == expected.encode()


@given(words=WORDS)
@settings(max_examples=40, deadline=None)
def test_word_tokenizers_spell_words_behind_or_before_one_space(words: list[str]) -> None:
    text = " ".join(words)
    assert spelled("WordPiece", text) == f" {text}".encode()
    assert spelled("BPE with Metaspace", text) == f" {text}".encode()
    assert spelled("BPE with word ends", text) == f"{text} ".encode()


@pytest.mark.parametrize("name", sorted(ALL))
def test_each_token_adds_between_its_neighbours_what_the_library_decodes(name: str) -> None:
    tokenizer, own = ALL[name](), vocabulary(name)
    anchor = next(i for i in range(len(own)) if own.bytes(i).strip().isalpha() and own.role(i) is None)
    around = tokenizer.decode([anchor, anchor], skip_special_tokens=False)
    checked = 0
    for token_id in range(len(own)):
        mine = own.bytes(token_id)
        if own.role(token_id) or not _is_text(mine) or tokenizer.id_to_token(token_id) == "\u00e9t\u00e9":
            continue
        text = tokenizer.decode([anchor, token_id, anchor], skip_special_tokens=False)
        left, right = tokenizer.decode([anchor]), around[len(tokenizer.decode([anchor])) :]
        if name == "BPE with word ends":
            left, right = around[: len(around) - len(left)], left
        assert text == left + mine.decode() + right, tokenizer.id_to_token(token_id)
        checked += 1
    assert checked >= 4


def _is_text(data: bytes) -> bool:
    try:
        return data.decode().isprintable() or data.decode().isspace()
    except UnicodeDecodeError:
        return False


def test_byte_pieces_reach_every_byte() -> None:
    for name in ("byte level BPE", "Unigram with bytes, no space", "BPE with bytes, Gemma's way"):
        own = vocabulary(name)
        singles = {own.bytes(i) for i in range(len(own)) if len(own.bytes(i)) == 1}
        assert singles == {bytes([byte]) for byte in range(256)}, name


def test_added_tokens_stand_for_their_content_and_special_ones_for_nothing() -> None:
    tokenizer, own = byte_level(), vocabulary("byte level BPE")
    think, mask = tokenizer.token_to_id("<think>"), tokenizer.token_to_id("<|mask|>")
    assert own.bytes(think) == b"<think>"
    assert own.role(think) is None
    # "été" is made of stand-ins of the byte alphabet, but the text it was matched in has these characters.
    assert own.bytes(tokenizer.token_to_id("\u00e9t\u00e9")) == "\u00e9t\u00e9".encode()
    assert own.bytes(mask) == b""
    assert own.role(mask) == "other"


def test_unknown_tokens_are_never_text() -> None:
    for name, unknown in (("BPE with Metaspace", "<unk>"), ("WordPiece", "[UNK]"), ("WordLevel", "[UNK]")):
        token_id = ALL[name]().token_to_id(unknown)
        assert vocabulary(name).bytes(token_id) == b""
        assert vocabulary(name).role(token_id) == "other"


def test_roles_of_a_transformers_tokenizer_and_of_the_caller() -> None:
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=byte_level(), eos_token="<|end|>", pad_token="<|end|>", bos_token="<|end|>"
    )
    end, mask, think = (byte_level().token_to_id(token) for token in ("<|end|>", "<|mask|>", "<think>"))
    size = len(wrapped) + 7
    own = Vocabulary.from_tokenizer(wrapped, size=size, special={mask: "mask"}, end_ids=[think])
    assert len(own) == size
    assert own.ids("eos") == tuple(sorted((end, think)))
    assert own.ids("mask") == (mask,)
    assert own.end_tokens.tolist() == sorted((end, think))
    assert own.bytes(size - 1) == own.bytes(think) == b""
    assert own.role(size - 1) is None


def test_a_model_that_scores_fewer_ids_than_the_tokenizer_has_is_refused() -> None:
    with pytest.raises(ModelError, match="scores 5 ids"):
        Vocabulary.from_tokenizer(byte_level(), size=5)


def test_an_object_that_is_no_fast_tokenizer_is_refused() -> None:
    with pytest.raises(ModelError, match="no fast tokenizer"):
        Vocabulary.from_tokenizer(object())


def with_decoder(decoder: decoders.Decoder | None, model: models.Model | None = None) -> Tokenizer:
    tokenizer = Tokenizer(model or models.BPE({"a": 0, "▁b": 1}, []))
    if decoder is not None:
        tokenizer.decoder = decoder
    return tokenizer


@pytest.mark.parametrize(
    ("tokenizer", "message"),
    [
        (lambda: with_decoder(decoders.CTC()), "CTC"),
        (
            lambda: with_decoder(decoders.Sequence([decoders.Fuse(), decoders.Replace("a", "b")])),
            "after the tokens are joined",
        ),
        (
            lambda: with_decoder(decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])),
            "after 'ByteFallback'",
        ),
        (
            lambda: with_decoder(decoders.Metaspace(), models.BPE({"a": 0}, [], byte_fallback=True)),
            "falls back to bytes",
        ),
        (lambda: with_decoder(decoders.Metaspace(), models.BPE({"a": 0}, [], end_of_word_suffix="</w>")), "word ends"),
        (
            lambda: with_decoder(decoders.ByteLevel(), models.WordPiece({"a": 0, "[UNK]": 1}, unk_token="[UNK]")),
            "word continuations",
        ),
    ],
)
def test_what_cannot_be_mapped_is_refused(tokenizer, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Vocabulary.from_tokenizer(tokenizer())


def test_a_split_without_a_decoder_to_undo_it_is_refused() -> None:
    tokenizer = with_decoder(None)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(), pre_tokenizers.ByteLevel()])
    with pytest.raises(ModelError, match="no decoder to undo"):
        Vocabulary.from_tokenizer(tokenizer)


def test_strip_acts_on_pieces_before_they_are_joined_and_on_text_edges_after() -> None:
    model = models.BPE({"▁a": 0, "▁▁▁a▁": 1}, [])
    replace = decoders.Replace("▁", " ")
    before = Vocabulary.from_tokenizer(with_decoder(decoders.Sequence([replace, decoders.Strip(" ", 2, 1)]), model))
    after = Vocabulary.from_tokenizer(
        with_decoder(decoders.Sequence([replace, decoders.Fuse(), decoders.Strip(" ", 2, 1)]), model)
    )
    assert [before.bytes(i) for i in (0, 1)] == [b"a", b" a"]
    assert [after.bytes(i) for i in (0, 1)] == [b" a", b"   a "]
