"""Blocks by indentation, against Python's own parser and tokenizer on a piece of its grammar."""

from __future__ import annotations

import ast
import io
import re
import tokenize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recogniser import Recogniser

import latticework as lw

GRAMMAR = r"""
start: [block]
block: statement | block _NEWLINE statement
statement: simple | conditional
simple: items (";" items)* [";"]
conditional: "if" expression ":" suite [_NEWLINE "else" ":" suite]
suite: simple | _INDENT block _DEDENT
expression: NAME | expression "(" [items] ")" | expression "[" items "]" | "(" [items] ")" | "[" [items] "]"
          | "{" items "}"
items: expression ("," expression)* [","]
NAME: /[xyz]/
BLANKS: /[ \t]+/
COMMENT: /#[^\r\n]*/
%ignore BLANKS
%ignore COMMENT
%declare _NEWLINE _INDENT _DEDENT
"""
LAYOUT = lw.Indentation(levels=4)


def in_python(text: str, widths: tuple[int, ...] = (4,), most: int = 16) -> bool:
    """Whether Python reads the text, and every block is indented by one of so many blanks more, by ``most`` at most."""
    try:
        ast.parse(text)
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (SyntaxError, tokenize.TokenError):
        return False
    around = [0]
    for token in tokens:
        if token.type == tokenize.INDENT:
            width = len(token.string)
            if token.string.strip(" ") or width - around[-1] not in widths or width > most:
                return False
            around.append(width)
        elif token.type == tokenize.DEDENT:
            around.pop()
    return True


LINES = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 4, 4, 8, 2, 5]),
        st.sampled_from(
            ["x", "if x:", "if x: y", "else:", "x(", "y,", ")", "[x, y]", "x; y;", "", "# x", "(x) # y", "x \\", "\\"]
        ),
    ),
    max_size=7,
)
ENDS = st.sampled_from(["", "\n", "\n\n", "\n    ", "\n  # x", "  # x", "\n\n  \n"])


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser(lw.lark(GRAMMAR, indentation=LAYOUT))


@settings(max_examples=500, deadline=None)
@given(LINES, ENDS)
@example([(0, "if x:"), (4, "if y:"), (8, "x"), (0, "else:"), (4, "y")], "\n")
@example([(0, "x("), (5, "y,"), (0, "# x"), (0, ")")], "")
@example([(0, ""), (0, "# x"), (2, "x")], "")
@example([(0, "# x"), (2, "x")], "")
@example([(0, "# x"), (0, "\\"), (4, "x")], "")
@example([(0, "x"), (0, "\\"), (0, "")], "")
def test_accepts_what_python_accepts(recogniser: Recogniser, lines: list[tuple[int, str]], end: str) -> None:
    text = "\n".join(" " * width + line for width, line in lines) + end
    last = text.rpartition("\n")[2]
    if last.isspace() and not re.search(r"^\s*[^\s#]", text, re.MULTILINE):
        return  # no statement, and blanks without a line break at the end: left out
    found, wanted = recogniser.accepts(text), in_python(text)
    if re.search(r"^[ \t]*\\$", text, re.MULTILINE):
        assert not found or wanted, recogniser.describe(text)  # no joint at the beginning of a line: left out
    else:
        assert found == wanted, recogniser.describe(text)


@pytest.fixture(scope="module")
def uneven() -> Recogniser:
    return Recogniser(lw.lark(GRAMMAR, indentation=lw.Indentation(unit=" ", steps=(2, 3), levels=7)))


@settings(max_examples=300, deadline=None)
@given(LINES.map(lambda lines: [(width // 4 * 2 + width % 4, line) for width, line in lines]), ENDS)
@example([(0, "if x:"), (2, "if y:"), (5, "if z:"), (7, "x"), (5, "y"), (2, "z")], "\n")
@example([(0, "if x:"), (3, "if y:"), (5, "if z:"), (8, "x")], "\n")
@example([(0, "if x:"), (3, "if y:"), (5, "x"), (2, "y")], "\n")
def test_blocks_of_several_widths(uneven: Recogniser, lines: list[tuple[int, str]], end: str) -> None:
    text = "\n".join(" " * width + line for width, line in lines) + end
    last = text.rpartition("\n")[2]
    if (last.isspace() and not re.search(r"^\s*[^\s#]", text, re.MULTILINE)) or "\\" in text:
        return  # see above
    assert uneven.accepts(text) == in_python(text, widths=(2, 3), most=7), uneven.describe(text)


@pytest.mark.parametrize(
    ("text", "unit", "steps"),
    [
        ("x = 1\n", "    ", (1,)),
        ("if x:\n  y\n  if z:\n    x\n", "  ", (1,)),
        ("if x:\n\ty\n", "\t", (1,)),
        ("if x:\n  if y:\n      z\n", "  ", (1, 2)),
        ('def f():\n    """Doc:\n\n    Args:\n      x: y\n    """\n    return [\n  1,\n]\n', "    ", (1,)),
        ("    x = _\n    if x:\n        y\n", "    ", (1,)),
        ("x = ('_\nif x:\n  y\n", "  ", (1,)),
        ("else:\n   x\n", "   ", (1,)),
        ("if x:\n\ty\nif x:\n  y\nif x:\n  y\n", "  ", (1,)),
        ("".join(f"if x:\n{' ' * width}y\n" for width in (1, 2, 3, 4, 5, 4)), "    ", (1,)),
    ],
)
def test_a_layout_like_that_of_a_text(text: str, unit: str, steps: tuple[int, ...]) -> None:
    found = lw.Indentation.like(text)
    assert (found.unit, found.steps, found.levels) == (unit, steps, 8 * steps[-1])


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_a_program_is_accepted_with_a_layout_like_its_own(lines: list[tuple[int, str]]) -> None:
    text = "\n".join(" " * width + line for width, line in lines) + "\n"
    found = lw.Indentation.like(text)
    widths = tuple(len(found.unit) * step for step in found.steps)
    if "\\" in text or not in_python(text, widths, len(found.unit) * found.levels) or not text.strip():
        return
    assert Recogniser(lw.lark(GRAMMAR, indentation=found)).accepts(text)


def test_programs(recogniser: Recogniser) -> None:
    program = "if x:\n    if y(\n  z, # why\n\n        x):\n        [y,\n]\n\n    else:\n        # so\n        z\nx\n"
    assert in_python(program)
    assert recogniser.accepts(program)
    assert recogniser.accepts(program.replace("\n", "\r\n"))
    assert not recogniser.accepts(program.replace("        z", "       z"))


def test_blocks_nest_as_deep_as_there_are_levels(recogniser: Recogniser) -> None:
    def nested(depth: int) -> str:
        return "\n".join("    " * level + "if x:" for level in range(depth)) + "\n" + "    " * depth + "y"

    assert [depth for depth in range(7) if recogniser.accepts(nested(depth).lstrip("\n"))] == [0, 1, 2, 3, 4]


def test_tabs_as_units() -> None:
    recogniser = Recogniser(lw.lark(GRAMMAR, indentation=lw.Indentation(unit="\t", levels=2)))
    assert recogniser.accepts("if x:\n\ty\n\tif z:\n\t\tx\ny")
    assert not recogniser.accepts("if x:\n    y")


def test_lines_that_are_joined(recogniser: Recogniser) -> None:
    for text in ("x \\\n(y)", "x(\\\n\n  y \\\n)", "if x: \\\n  y", "x \\\n# y\nz", "x \\\n\ny", "x \\\n  "):
        assert in_python(text)
        assert recogniser.accepts(text), text
    for text in ("x \\\n", "x \\\ny", "\\\n  x", "x\n\\\n    y", "  \\\nx"):
        assert not in_python(text)
        assert not recogniser.accepts(text), text
    plain = Recogniser(lw.lark(GRAMMAR, indentation=lw.Indentation(joint=None)))
    assert plain.accepts("x\n(y)")
    assert not plain.accepts("x \\\n(y)")


def test_what_is_left_out_is_reported() -> None:
    assert lw.lark(GRAMMAR, indentation=LAYOUT).narrowings == (
        "blocks nest up to 4 deep, each indented by '    ' (choose by lw.Indentation)",
    )


def test_the_grammar_grows_with_the_levels_by_what_holds_blocks() -> None:
    sizes = []
    for levels in (2, 3, 4):
        found = lw.lark(GRAMMAR, indentation=lw.Indentation(levels=levels)).context_free
        assert found is not None
        sizes.append(len(found.productions))
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] < 16


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("_INDENT start", "_DEDENT is missing in start"),
        ("_DEDENT start _INDENT", "_DEDENT stands before _INDENT in start"),
        ('"(" start', "a closing bracket is missing in start"),
        ('start ")" "("', '")" closes what was not opened in start'),
        ("_NEWLINE _INDENT start _DEDENT", "no newline before it in start"),
    ],
)
def test_blocks_and_brackets_end_where_they_begin(rule: str, message: str) -> None:
    text = f'start: "x" | {rule}\n%declare _NEWLINE _INDENT _DEDENT'
    with pytest.raises(lw.GrammarError, match=re.escape(message)) as caught:
        lw.lark(text, indentation=LAYOUT)
    assert (caught.value.line, caught.value.column) == (1, 1)


def test_units_are_blanks() -> None:
    with pytest.raises(lw.InputError, match="blanks or tabs"):
        lw.Indentation(unit="--")
    with pytest.raises(lw.InputError, match="at least one unit"):
        lw.Indentation(steps=(0, 1))
