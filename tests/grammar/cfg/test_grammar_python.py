"""The Python grammar against ``ast.parse``."""

from __future__ import annotations

import ast
import inspect
import random
import re
import sys
import textwrap
import types
import warnings

import pytest
from shipped import accepts, rows

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the grammar is that of Python 3.11")


def is_python(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            return False
    return True


ACCEPTED = [
    "",
    "\n\n# only a comment\n",
    "x",
    "x = 1; y = 2;\n",
    "a, *b = c = *d, e\n(x) = [y, (z, *w)] = f().g[0]\n[] = () = x\n",
    "x: int\nx: int = 3\n(y): str = 'a'\na.b: int = yield\na[0]: int\n",
    "x += 1; x -= y, z; x @= m; x **= 2; x //= 3; x >>= 1; x <<= 1; x &= 1; x ^= 1; x |= 1; x %= 2\n",
    "del a, b.c, d[0], (e, [f])\nglobal x, y\nassert x, 'm'\nraise\n",
    "raise E from None\nraise E(1)\npass\nimport a.b.c as d, e\nfrom . import x\nfrom .. import x\n",
    "from ... import x\nfrom .... import (a as b, c,)\nfrom ....a.b import *\n",
    "if a:\n    pass\nelif b:\n    pass\nelse:\n    pass\nif x: y = 1; z = 2\nelse: pass\n",
    "while x := f():\n    break\nelse:\n    continue\nfor a, *b in c, *d:\n    pass\nelse: pass\n",
    "try:\n    a\nexcept (A, B) as e:\n    b\nexcept:\n    c\nelse:\n    d\nfinally:\n    e\n",
    "try:\n    a\nexcept* A as e:\n    b\nexcept* B:\n    c\ntry: a\nfinally: b\n",
    "with a as b, c as (d, e), f:\n    pass\nwith (a as b, c,):\n    pass\nwith (a, b): pass\nwith (yield): pass\n",
    "def f(a, b: int = 1, /, c=2, *d: *T, e, f=3, **g: int) -> int:\n    '''doc'''\n    return *a, b\n",
    "def f(*, a): pass\ndef f(a, /): pass\ndef f(a=1, /, b=2): pass\ndef f(**k,): pass\ndef f(*a, b=1, c): pass\n",
    "async def f():\n    async with a as b: await c\n    async for x in y: yield x\n    return [x async for x in y]\n",
    "@a\n@b.c(1)\n# comment\n@(lambda f: f)\nclass C(B, metaclass=M, *a, **k):\n    x = 1\n    def f(self): ...\n",
    "lambda: 0\nlambda a, *b, c=1, **d: (yield)\nlambda *, a: a\nlambda a, /, b: a if b else lambda: c\n",
    "f(a, *b, c=1, *d, **e, f=2, **g)\nf(x for x in y)\nf(a := 1, b)\nf()(1)[2].g\n",
    "x[1:2, ::3, ...]; x[:]; x[a:=1]; x[*a]; x[*a, b:c]; x[()]; x[1:2:3]; x[lambda: 1]\n",
    "not a and b or c if d else e\na < b <= c != d is not e not in f in g is h == i > j >= k\n",
    "-x ** -y; ~a + +b; a @ b // c % d << 1 >> 2 & 3 | 4 ^ 5; await_ = 1; not not a\n",
    "{**a, 'b': 1, c: d}; {*a, b}; {1}; {}; {a: b for a in c if d if e}; {a for b in c}\n",
    "[*a, b]; []; [a for b, in c for d in e if f]; (a,); (a, b,); (*a,); (a for b in c); (yield); ()\n",
    "match x:\n    case 1 | -2.5 | 'a' 'b' | None | True: pass\n    case -1 + 2j: pass\n    case a.b.C(): pass\n",
    "match x, y:\n    case [a, *_, 1] if a > 1:\n        pass\n    case (b, *c) | (): pass\n    case _: pass\n",
    "match x:\n    case {'a': 1, B.c: d, **rest}: pass\n    case C(1, a, k=2, m=_,): pass\n    case (a as b): pass\n",
    "match *a, b:\n    case a, *b: pass\n    case a,: pass\nmatch (x):\n    case {}: pass\n",
    "match = case = _ = type = 1\nmatch(x)\nmatch[x]\nprint(match, case)\nmatch.case(_)\nmatch * x\n",
    "0; 00_0; 1_000; 0xFf_f; 0o17; 0b1_0; 1.; .5; 1e5; 1_0.0_1e+1_0; 1j; 1.5J; 07.5; 1 .real; 0if 1 else 2\n",
    "'a\\n\\x41\\u00e9\\U0001F600\\N{DIGIT ONE}\\q\\\n b' \"it's\" '' \"\" r'\\''\n",
    "b'\\xff\\u' Rb'\\d' bR\"x\" b'''a\nb'''\n",
    "'''a 'quoted' \\''' text\nover lines''' \"\"\"x\"y\"\"z\\\"\"\"\"\nu'x' R'''x\\' '''\n",
    'f"{a}" F\'{b!r:>{w}.2f}\' fr"\\d{x}" f"{{}} {x=} {a.b[0].c(d, e=1)}" \'plain\'\n',
    "f'{len(x.split())} {d[\"k\"]} {a + b * 2:,} {x if y else z}' f'''{a}\n'b' {c:>3}'''\n",
    "x = (1 +\n     2)  # c\ny = [\n\n    1, # one\n  2,\n]\nz = f(a,\nb)\n",
    "x = 1 + \\\n    2\nassert x, \\\n  y\nif a and \\\n   b:\n    pass\n",
    "if a:\n\n    # deeper comment\n# outer comment\n    b\n  # odd comment\n    c\n\nd\n",
    "def f():\n    if a:\n        if b:\n            if c:\n                pass\n    return 1",
    "größe = π = Δx = имя = 名前 = 1\n",
    "nonlocal_ = 1\ndef f():\n    nonlocal x\n    yield\n    yield from a\n    x = yield a, b\n    x = await y\n",
    "return 1\nbreak\nawait x\n",
]

REFUSED = [
    "x = 1 # \0\n",
    "x =",
    "x = = 1",
    "f() = 1",
    "f() += 1",
    "(a, b) += 1",
    "a + b = c",
    "1 = x",
    "None = 1",
    "x = yield = 1",
    "[a, b]: int",
    "a, b: int",
    "*a: int",
    "del f()",
    "del *a",
    "del a + b",
    "for f() in x: pass",
    "for x y in z: pass",
    "with a as f(): pass",
    "import a.b as c.d",
    "import .a",
    "from a import",
    "from a import (b",
    "from a import (*)",
    "from a import b,",
    "def f(a=1, b): pass",
    "def f(*): pass",
    "def f(*, **k): pass",
    "def f(**k, a): pass",
    "def f(a, /, b, /): pass",
    "def f(/): pass",
    "def f(*a, *b): pass",
    "def f(a b): pass",
    "def f(a.b): pass",
    "def f()\n    pass",
    "def f():",
    "def f():\npass",
    "class C(a b): pass",
    "class: pass",
    "lambda x: int: 1",
    "lambda (a): a",
    "f(a=1, b)",
    "f(**a, b)",
    "f(**a, *b)",
    "f(a b)",
    "f(a.b=1)",
    "f(x for x in y, 1)",
    "f(1, x for x in y)",
    "[*a for a in b]",
    "{**a for a in b}",
    "{a: b, c}",
    "{a, b: c}",
    "[x for x in a, b]",
    "[for x in y]",
    "(x for x)",
    "a if b",
    "a not b",
    "a + not b",
    "a is is b",
    "a <> b",
    "a ++",
    "a && b",
    "!a",
    "a = b := c",
    "a := 1",
    "*a or b",
    "x[]",
    "x.1",
    "x.class",
    "x..y",
    "if a:\n    b\n  c",
    "if a:\n    b\n      c",
    "  a",
    "if a:\nb",
    "else: pass",
    "if a: if b: pass",
    "if a = 1: pass",
    "while: pass",
    "try:\n    a\n",
    "try:\n    a\nexcept A:\n    b\nexcept* B:\n    c\n",
    "try:\n    a\nexcept*:\n    b\n",
    "try:\n    a\nelse:\n    b\n",
    "match x:\n    pass",
    "match x:\n    case a.b as c.d: pass",
    "match x:\n    case a + 1: pass",
    "match x:\n    case 1 + 1: pass",
    "match x:\n    case f(a)(b): pass",
    "match x:\n    case C(a=1, b): pass",
    "match x:\n    case {**a, 'b': 1}: pass",
    "match x:\n    case {a: 1}: pass",
    "match x:\n    case a as _: pass",
    "match x:\ncase 1: pass",
    "print 'a'",
    "exec 'a'",
    "01",
    "1__0",
    "0x",
    "1_",
    "0b12",
    "1.e",
    "1a",
    "'a",
    "'a\nb'",
    "'\\x4'",
    "'\\u12'",
    "'\\N{}'",
    "b'é'",
    "b'a' 'b'",
    "'''a",
    "f'{}'",
    "f'{a'",
    "f'}'",
    "f'{a b}'",
    "f'{a!x}'",
    "f'{1.real}'",
    "x = (1, 2",
    "x = 1)",
    "x = [1, 2)",
    "x \\ y",
    "x = $",
    "x?",
    "“a”",
    "async x",
    "async def f(): pass; async",
    "global x.y",
    "raise a, b",
    "return = 1",
    "assert",
    "pass pass",
    "pass x",
    ";",
    "x;;y",
    "@a",
    "@a\nx = 1",
    "\\",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str) -> None:
    assert is_python(text)
    assert accepts("python", text)


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    assert not is_python(text)
    assert not accepts("python", text)


@pytest.mark.parametrize(
    "text",
    ["if a:\n  b\n", "if a:\n\tb\n", "f'{a or b}'", "f'{f(g(h(1)))}'", "1else", "ʹ"],
)
def test_narrowings(text: str) -> None:
    """What the head of the grammar leaves out; texts that are no Python at all are refused, of course."""
    assert not accepts("python", text)


def test_every_function_of_the_data() -> None:
    sample = rows("python")[::4]
    refused = [row["id"] for row in sample if not accepts("python", row["text"])]
    assert len(refused) <= len(sample) // 200, refused


@pytest.mark.parametrize("module", [ast, inspect, random, re, textwrap, types, warnings])
def test_functions_of_the_standard_library(module: types.ModuleType) -> None:
    source = inspect.getsource(module)
    lines = source.split("\n")
    refused = []
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and (node.end_lineno or 0) - node.lineno < 60:
            text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            if not accepts("python", text):
                refused.append(node.name)
    assert len(refused) <= 1, refused


WORDS = """
and as def else except for from if import in is lambda not return try while with yield None match case x 1
( ) [ ] { } , : ; = := == -> . ... * ** @ + - ~ += 's' b's' f'{x}' #
"""
INSERTED = [*WORDS.split(), "\n", "\n    ", " ", "\\"]


def damaged(text: str, source: random.Random) -> str:
    """The text with one of its words left out, replaced, doubled or put elsewhere."""
    words = re.findall(r"\w+|\s+|.", text, re.S)
    at, other = source.randrange(len(words)), source.randrange(len(words))
    match source.randrange(5):
        case 0:
            del words[at]
        case 1:
            words.insert(at, source.choice(INSERTED))
        case 2:
            words[at] = source.choice(INSERTED)
        case 3:
            words[at], words[other] = words[other], words[at]
        case _:
            words[at] = words[other]
    return "".join(words)


def test_damaged_functions() -> None:
    """Nothing that ``ast.parse`` refuses is accepted; the rest of the damage that goes unnoticed is accepted."""
    source = random.Random(0)
    functions = [row["text"] for row in rows("python") if len(row["text"]) < 700]
    wrongly_refused = 0
    for _ in range(400):
        text = damaged(source.choice(functions), source)
        if accepts("python", text):
            assert is_python(text), text
        elif is_python(text):
            wrongly_refused += 1
    assert wrongly_refused <= 8
