"""The SMILES grammar against RDKit or partialsmiles where installed, and on molecules they have judged before."""

from __future__ import annotations

import random

import pytest
from shipped import accepts, rows

_ACCEPTED = """
C CC C=C C#N [Na+].[Cl-] c1ccccc1 C1CC1 C%12CC%12 C%01CC1 N[C@@H](C)C(=O)O F/C=C/F F/C=C\\F [13CH4] [2H]O[2H]
[Fe+2] [Fe++] [O-2] [O--] [nH]1cccc1 c1cc[nH]c1 [se]1cccc1 [as]1cccc1 [As](O)(O)=O [Md] * [*] [*:1]CC[CH3:2]
C(C)(C)C C(=O)(O)C C(.C)C [C@TH1](F)(Cl)(Br)I [C@AL2] [Pt@SP3](F)(Cl)(Br)I [As@TB20] [Co@OH30] [C@@] C$C
c1:c:c:c:c:c1 C-C C=1CCCCC=1 C=1CCCCC1 [238U] [12C] [1234567H] [Og] CSc1ccccc1 CCn1cccc1 [Sc] Clc1ccccc1Br BrBr
ClCl B(O)O Cn1cnc2c1c(=O)n(C)c(=O)n2C C(C)1CC1
"""
ACCEPTED = _ACCEPTED.split()

_REFUSED = """
1CC1 C( C) C() (C) C(C CC) C== =C C= C- [C [C]] [] [Xx] [c1] Xy C%1 C%1C [C@@@] [C@TB21] [C@OH31] [C@SP4]
[C@TH3] [CHH] [C+-] [C:] [:1] C.. .C C. [Cl C[ [H C/ $ C$ A R [cH5+++] [CH10] [C:a] [ba] [Na+ Cl] c1ccccc1) C=)C
%12 C(=)C C;C
"""
REFUSED = _REFUSED.split()


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str) -> None:
    assert accepts("smiles", text)


@pytest.mark.parametrize("text", [*REFUSED, "", " C", "C C"])
def test_refused(text: str) -> None:
    assert not accepts("smiles", text)


def test_every_molecule_of_the_data() -> None:
    assert [row["id"] for row in rows("smiles") if not accepts("smiles", row["text"])] == []


def test_what_partialsmiles_reads() -> None:
    """partialsmiles knows a subset of OpenSMILES (no ``*``, ``$``, chirality classes), and it pairs ring bonds."""
    reader = pytest.importorskip("partialsmiles")

    def reads(text: str) -> bool:
        try:
            reader.ParseSmiles(text, partial=False)
        except (reader.SMILESSyntaxError, IndexError):  # the latter for a text that ends within %12
            return False
        except (reader.ValenceError, reader.KekulizationFailure):
            return True
        return True

    compared = [text for text in ACCEPTED if not set("*$@") & set(text) and reads(text)]
    assert len(compared) > 30
    beyond = {"[cH5+++]", "[ba]"}  # which it goes on to refuse for their valence
    assert [text for text in [*REFUSED, "C C"] if reads(text) and text not in beyond] == []


def test_damaged_molecules_that_rdkit_reads() -> None:
    """RDKit does not accept what the grammar refuses; the converse fails for ring bonds, which must pair."""
    chemistry = pytest.importorskip("rdkit.Chem")
    logger = pytest.importorskip("rdkit.RDLogger")
    logger.DisableLog("rdApp.*")
    options = chemistry.SmilesParserParams()
    options.sanitize = False
    options.allowCXSMILES = False
    options.parseName = False
    source = random.Random(0)
    molecules = [row["text"] for row in rows("smiles") if len(row["text"]) < 50]
    read = 0
    for _ in range(600):
        text = source.choice(molecules)
        at = source.randrange(len(text))
        text = text[:at] + source.choice(["", *"()[]=#.1%+-@HCcNn/\\:"]) + text[at + source.randrange(2) :]
        if text and chemistry.MolFromSmiles(text, options) is not None:
            read += 1
            assert accepts("smiles", text), text
    assert read > 100
