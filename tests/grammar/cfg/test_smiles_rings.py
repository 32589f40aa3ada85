"""SMILES with ring bonds that pair, against partialsmiles and RDKit."""

from __future__ import annotations

import random
import re
from functools import cache

import numpy as np
import pytest
from shipped import accepts as without_pairs
from shipped import rows

import latticework as lw
from latticework.errors import InputError

BYTES = lw.Vocabulary([*[bytes([byte]) for byte in range(256)], b""], {256: "eos"})


@cache
def constraint() -> lw.ContextFreeConstraint:
    found = lw.compile(lw.smiles(), BYTES)
    assert isinstance(found, lw.ContextFreeConstraint)
    return found


def ring_numbers(text: str) -> list[int]:
    return [int(number.strip("%")) for number in re.findall(r"%\d\d|\d", re.sub(r"\[[^\]]*\]", "*", text))]


def pairs(text: str) -> bool:
    numbers = ring_numbers(text)
    return all(1 <= number <= 5 and numbers.count(number) % 2 == 0 for number in numbers)


def damaged(count: int) -> list[str]:
    source = random.Random(1)
    molecules = [row["text"] for row in rows("smiles") if len(row["text"]) < 40 and ring_numbers(row["text"])]
    found = []
    for _ in range(count):
        text = source.choice(molecules)
        for _ in range(source.randint(1, 2)):
            at = source.randrange(len(text) + 1)
            text = text[:at] + source.choice(["", *"12345%()=C"]) + text[at + source.randrange(2) :]
        found.append(text)
    return [text for text in found if text]


def test_molecules_of_the_data():
    for row in rows("smiles"):
        assert constraint().accepts(row["text"]) == pairs(row["text"]), row["text"]


def test_damaged_molecules():
    texts = damaged(1500)
    verdicts = [constraint().accepts(text) for text in texts]
    assert verdicts == [pairs(text) and without_pairs("smiles", text) for text in texts]
    assert 200 < sum(verdicts) < len(texts) - 200


def test_what_partialsmiles_says_of_rings():
    reader = pytest.importorskip("partialsmiles")
    judged = 0
    for text in damaged(600):
        try:
            reader.ParseSmiles(text, partial=False)
        except (reader.ValenceError, reader.KekulizationFailure):
            pass
        except (reader.SMILESSyntaxError, IndexError) as error:
            if "ring" in str(error) and "closed" in str(error):
                judged += 1
                assert not constraint().accepts(text), text
            continue
        if max(ring_numbers(text), default=1) <= 5 and 0 not in ring_numbers(text):
            judged += 1
            assert constraint().accepts(text), text
    assert judged > 100


def test_holes_are_filled_with_rings_that_close():
    texts = [row["text"] for row in rows("smiles") if pairs(row["text"]) and 8 < len(row["text"]) < 24][:5]
    source = np.random.default_rng(0)
    closed = 0
    for text in texts:
        tokens = np.frombuffer(text.encode(), np.uint8).astype(np.int64)
        free = source.random(len(tokens)) < 0.4
        session = constraint().session(tokens, free, tail=False)
        filled = bytes(session.best(source.normal(0, 4, (len(tokens), 257))).tokens.tolist()).decode()
        assert pairs(filled), filled
        assert without_pairs("smiles", filled)
        closed += len(ring_numbers(filled)) > 0
    assert closed > 1


@pytest.mark.parametrize("numbers", [-1, 7])
def test_how_many_numbers(numbers):
    with pytest.raises(InputError, match="ring_numbers"):
        lw.smiles(numbers)
    grammar = lw.smiles(1)
    assert grammar.narrowings[-1] == "ring bond numbers go up to 1"
    found = lw.compile(grammar, BYTES)
    assert [found.accepts(text) for text in ("C1CC1C1CC1", "C2CC2", "CC", "C%01CC1", "[13CH4]")] == [
        *(True, False, True, True, True)
    ]
