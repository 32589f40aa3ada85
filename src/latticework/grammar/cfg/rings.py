"""SMILES whose ring bonds pair up: each ring bond number that is opened is closed."""

from __future__ import annotations

from latticework.errors import InputError
from latticework.grammar import ir
from latticework.grammar.cfg.lark import lark
from latticework.grammar.combine import alt, seq
from latticework.grammar.grammar import Grammar
from latticework.grammar.regex import lowered

MOST_NUMBERS = 6


def smiles(ring_numbers: int = 5) -> Grammar:
    """SMILES, as of ``lark("smiles")``, with ring bonds that pair up.

    A number that opens a ring bond is closed by the next time it stands, as OpenSMILES 1.0, section 3.4 says; it may be
    used again then. Which numbers are open is a regular condition: it takes ``2 ** ring_numbers`` states, which is why
    larger numbers are left out. Not asked, because no regular condition can: that the bonds at both ends agree, that a
    ring bond joins two atoms that are not bound yet, valences, aromaticity.

    Args:
        ring_numbers: ring bonds have the numbers 1 (also written ``%01``) up to this, at most ``MOST_NUMBERS``.

    Raises:
        InputError: ``ring_numbers`` is out of range.
    """
    if not 0 <= ring_numbers <= MOST_NUMBERS:
        raise InputError(f"ring_numbers must be 0 to {MOST_NUMBERS}, got {ring_numbers}")
    found = lark("smiles") & Grammar(paired(ring_numbers), "paired rings")
    narrowing = f"ring bond numbers go up to {ring_numbers}"
    return Grammar(
        found.node,
        "smiles",
        found.context_free,
        options={"ring_numbers": ring_numbers},
        warnings=found.warnings,
        narrowings=(*found.narrowings, narrowing),
    )


def paired(count: int) -> ir.Node:
    """Texts of SMILES lexemes in which each of the first numbers stands an even number of times, and no other does."""
    other = lowered(r"[^0-9%\[\]]|\[[^\[\]]*\]")
    numbers = [alt([ir.Literal(b"%d" % number), ir.Literal(b"%%%02d" % number)]) for number in range(1, count + 1)]
    conditions = []
    for own in numbers:
        rest = ir.Repeat(alt([other, *(number for number in numbers if number is not own)]), 0, None)
        conditions.append(seq([rest, ir.Repeat(seq([own, rest, own, rest]), 0, None)]))
    return ir.Intersect(conditions) if conditions else ir.Repeat(other, 0, None)
