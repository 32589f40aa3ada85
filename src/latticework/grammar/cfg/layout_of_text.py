"""How a text that may have gaps indents its blocks, read off the text."""

from __future__ import annotations

import io
import math
import tokenize
from collections import Counter
from itertools import pairwise

_MOST_STEPS = 3  # different widths of blocks that are told apart
_MOST_UNITS = 4  # of one block


def steps_of(text: str) -> tuple[str, tuple[int, ...]] | None:
    """The unit of indentation, and by how many of it blocks are indented, ascending; ``None`` where no block is seen.

    Where widths have no common unit that is large enough, the commonest one. Cost: a walk of Python's tokenizer over
    the text, up to the first place that it cannot read, then over what follows that line; where it finds no block, a
    look at the lines behind colons.
    """
    lines = text.splitlines(keepends=True)
    found = _of_blocks(lines) or _behind_colons(lines)
    widths = Counter(width for width in found if not width.strip(" \t"))  # no form feeds
    if not widths:
        return None
    blanks = {blank for width in widths for blank in width}
    if len(blanks) > 1:  # blanks in some blocks, tabs in others
        return widths.most_common(1)[0][0], (1,)
    sizes = sorted({len(width) for width in widths})
    unit = math.gcd(*sizes)
    steps = tuple(size // unit for size in sizes)
    if len(steps) > _MOST_STEPS or steps[-1] > _MOST_UNITS:
        return widths.most_common(1)[0][0], (1,)
    return blanks.pop() * unit, steps


def _of_blocks(lines: list[str]) -> list[str]:
    """What every block is indented by, beyond what is around it."""
    found: list[str] = []
    begin = 0
    while begin < len(lines):
        around, line = [""], begin
        try:
            for token in tokenize.generate_tokens(io.StringIO("".join(lines[begin:])).readline):
                line = begin + token.start[0]
                if token.type == tokenize.INDENT:
                    if token.string.startswith(around[-1]) and not (begin and len(around) == 1):
                        found.append(token.string[len(around[-1]) :])
                    around.append(token.string)
                elif token.type == tokenize.DEDENT:
                    around.pop()
        except (tokenize.TokenError, SyntaxError):
            begin = max(line, begin + 1)
            continue
        break
    return found


def _behind_colons(lines: list[str]) -> list[str]:
    """How much deeper lines are than lines before them that end in a colon."""
    written = [(line[: len(line) - len(line.lstrip())], line.strip()) for line in lines if line.strip()]
    return [
        own[len(before) :]
        for (before, first), (own, _) in pairwise(written)
        if first.endswith(":") and own.startswith(before) and own != before
    ]
