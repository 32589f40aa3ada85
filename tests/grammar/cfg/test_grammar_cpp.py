"""The C++ grammar against g++."""

from __future__ import annotations

import random
import re
import shutil
import subprocess

import pytest
from cpp_programs import ACCEPTED, REFUSED
from shipped import accepts, rows

COMPILER = shutil.which("g++")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="g++ is not installed")


def errors(text: str) -> list[str]:
    """What g++ finds wrong with a translation unit, its meaning included."""
    command = [COMPILER or "g++", "-std=c++17", "-fsyntax-only", "-w", "-fmax-errors=0", "-x", "c++", "-"]
    found = subprocess.run(command, input=text.encode(), capture_output=True, check=False, env={"LC_ALL": "C.UTF-8"})
    return re.findall(r"error: (.*)", found.stderr.decode(errors="replace"))


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str) -> None:
    assert accepts("cpp", text)


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    assert not accepts("cpp", text)


@needs_compiler
@pytest.mark.parametrize("text", ACCEPTED)
def test_the_compiler_accepts(text: str) -> None:
    assert errors(text) == []


@needs_compiler
@pytest.mark.parametrize("text", REFUSED)
def test_the_compiler_refuses(text: str) -> None:
    assert errors(text)


def test_every_program_of_the_data() -> None:
    refused = {row["id"] for row in rows("cpp") if not accepts("cpp", row["text"])}
    assert refused <= {row["id"] for row in rows("cpp") if not row["gxx_ok"]}


# Errors of syntax alone, in the words of g++: other errors may come from names that are not declared.
SYNTAX = re.compile(
    r"^(expected (?!.*(specifier|class-name|primary))|stray|missing terminating|unterminated|empty char)"
)


@needs_compiler
def test_damaged_programs() -> None:
    """What g++ calls an error of syntax is refused, but where only the meaning of names tells."""
    source = random.Random(0)
    seen = {True: 0, False: 0}
    wrongly_accepted = []
    for _ in range(150):
        words = re.findall(r"\w+|\s+|::|->|\+\+|--|<<|&&|\|\||[-+*/<>=!]=|.", source.choice(ACCEPTED), re.S)
        at, other = source.randrange(len(words)), source.randrange(len(words))
        if source.random() < 0.5:
            del words[at]
        else:
            words[at] = words[other]
        text = "".join(words)
        verdict = accepts("cpp", text)
        seen[verdict] += 1
        if verdict and any(SYNTAX.match(error) for error in errors(text)):
            wrongly_accepted.append(text)
    assert min(seen.values()) > 20
    assert len(wrongly_accepted) <= 6, wrongly_accepted
