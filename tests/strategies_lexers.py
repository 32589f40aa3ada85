"""Small context-free grammars by hand, and a strategy of random ones, for tests of lexers and what is built on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from hypothesis import strategies as st

from latticework.grammar import ir
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Production, Terminal
from latticework.grammar.regex import regex

SOURCES: dict[ir.Node, str] = {}  # regular expressions of patterns


def pattern(name: str, text: str, **options: object) -> Terminal:
    """A terminal by its regular expression."""
    node = regex(text).node
    SOURCES[node] = text
    return Terminal(name, node, **options)  # pyright: ignore[reportArgumentType]


def literal(text: str, **options: object) -> Terminal:
    """A terminal that is one text."""
    return Terminal(text, ir.Literal(text.encode()), is_literal=True, **options)  # pyright: ignore[reportArgumentType]


def grammar_of(terminals: Sequence[Terminal], rules: Mapping[str, Iterable[str]], ignored: Iterable[str] = ()):
    """Rules as lists of right sides, names separated by spaces; the first left side is the start."""
    names = [terminal.name for terminal in terminals]
    nonterminals = list(rules)
    number = {name: index for index, name in enumerate([*names, *nonterminals])}
    return ContextFreeGrammar(
        terminals=tuple(terminals),
        nonterminals=tuple(nonterminals),
        productions=tuple(
            Production(number[left], tuple(number[symbol] for symbol in right.split()))
            for left, options in rules.items()
            for right in options
        ),
        start=len(names),
        ignored=tuple(number[name] for name in ignored),
    )


SPACE = pattern("WS", "[ \n]+")


@cache
def calls() -> ContextFreeGrammar:
    return grammar_of(
        [
            *map(literal, ["if", "(", ")", ",", "<", "<=", "/"]),
            pattern("NAME", "[a-z]+"),
            pattern("NUMBER", "[0-9]+(\\.[0-9]+)?"),
            SPACE,
            pattern("COMMENT", "//[^\n]*\n|/\\*([^*]|\\*+[^*/])*\\*+/"),
        ],
        {
            "start": ["term", "if term start"],
            "term": ["NAME", "NUMBER", "NAME ( list )", "term < term", "term <= term", "term / term"],
            "list": ["", "term", "term , list"],
        },
        ["WS", "COMMENT"],
    )


@cache
def indented() -> ContextFreeGrammar:
    """Line breaks of a known indentation are lexemes; any other one is a terminal of no rule."""
    return grammar_of(
        [
            pattern("NL0", "( *\n)+", priority=1),
            pattern("NL1", "( *\n)+  ", priority=1),
            pattern("NLX", "( *\n)+ *"),
            pattern("NAME", "[a-z]+"),
            literal(":"),
            pattern("WS", " +"),
        ],
        {
            "start": ["line", "line NL0 start"],
            "line": ["NAME", "NAME : block"],
            "block": ["NL1 NAME", "block NL1 NAME"],
        },
        ["WS"],
    )


@cache
def ambiguous() -> ContextFreeGrammar:
    """Two terminals of the same texts, and one that a priority hides."""
    return grammar_of(
        [
            pattern("A", "[ab]+"),
            pattern("B", "[bc]+"),
            pattern("C", "b[ab]*", priority=-1),
            pattern("D", "cc", priority=2),
            literal("ab"),
        ],
        {"start": ["A", "B start", "D A", "C start A", "ab B"]},
    )


@cache
def unmunched() -> ContextFreeGrammar:
    """Lexemes that may end anywhere."""
    return grammar_of(
        [
            pattern("WORD", "[ab]+", munch=False),
            pattern("A", "a", munch=False),
            pattern("LONG", "ab+c"),
            pattern("WS", " +"),
        ],
        {"start": ["WORD A", "A start", "WORD LONG start"]},
        ["WS"],
    )


@cache
def modes() -> ContextFreeGrammar:
    """Two languages side by side: each has terminals of its own, and ignores what the other does not."""
    return grammar_of(
        [
            pattern("TEXT", "[^<]+"),
            literal("<"),
            pattern("NAME", "[a-z]+", mode=1),
            literal(">", mode=1),
            pattern("WS", " +", mode=1),
        ],
        {"start": ["text", "text < inside > start"], "text": ["", "TEXT"], "inside": ["NAME", "NAME inside"]},
        ["WS"],
    )


GRAMMARS = {f.__name__: f for f in (calls, indented, ambiguous, unmunched, modes)}
LETTERS = {
    "calls": b"if(x<=/* \n1.",
    "indented": b"a: \nb",
    "ambiguous": b"abc",
    "unmunched": b"abc ",
    "modes": b"<a> b\n",
}


POOL = ["a", "b", "ab", "aa*b", "[ab]+", "b+", "(ab)+", "a?b", "ba*", "c", "[bc]+", "a(bc)*", "c+"]


@st.composite
def grammars(draw: st.DrawFn) -> ContextFreeGrammar:
    """Up to five terminals that overlap, of up to two modes, in up to three rules."""
    count = draw(st.integers(1, 5))
    terminals = [
        pattern(
            f"T{index}",
            draw(st.sampled_from(POOL)),
            priority=draw(st.sampled_from([0, 0, 0, 1])),
            is_literal=draw(st.booleans()),
            munch=draw(st.sampled_from([True, True, False])),
            mode=draw(st.sampled_from([0, 0, 1])),
        )
        for index in range(count)
    ]
    ignored = [f"T{count - 1}"] if count > 1 and draw(st.booleans()) else []
    symbols = [f"T{index}" for index in range(count - len(ignored))] + ["x", "y"]
    sides = st.lists(st.lists(st.sampled_from(symbols), max_size=3).map(" ".join), min_size=1, max_size=3)
    return grammar_of(terminals, {name: draw(sides) for name in ("x", "y")}, ignored)


@cache
def json_like() -> ContextFreeGrammar:
    """JSON, after RFC 8259."""
    return grammar_of(
        [
            *map(literal, ["{", "}", "[", "]", ",", ":", "true", "false", "null"]),
            pattern("STRING", r'"([^"\\\x00-\x1f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'),
            pattern("NUMBER", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?"),
            pattern("WS", "[ \t\n\r]+"),
        ],
        {
            "value": ["{ }", "{ members }", "[ ]", "[ items ]", "true", "false", "null", "STRING", "NUMBER"],
            "members": ["STRING : value", "STRING : value , members"],
            "items": ["value", "value , items"],
        },
        ["WS"],
    )


@cache
def cpp_like() -> ContextFreeGrammar:
    """Statements of a language like C++: keywords, operators that begin like others, strings, comments."""
    keywords = "for if while return else break continue include using namespace typedef switch case default const int"
    operators = "# { } [ ] ( ) , = ; : < > - ! . + & * / ? | <= >= == != ++ -- && || << >> += -= *= /= -> ::"
    signs = "+ - * / & < > <= >= == != && || << >> = += -= *= /="
    return grammar_of(
        [
            *map(literal, keywords.split()),
            *map(literal, operators.split()),
            pattern("WORD", "and|or|xor", is_literal=True),
            pattern("OPERATOR", "[-+*/%<>&|=^]"),
            pattern("STRING", r'"([^"\\\n]|\\[^\n])*"'),
            pattern("CHARACTER", r"'([^'\\\n]|\\[^\n])'"),
            pattern("NUMBER", r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|\.[0-9]+"),
            pattern("NAME", "[A-Za-z_][A-Za-z0-9_]*"),
            pattern("LINE", "//[^\n]*"),
            pattern("COMMENT", r"/\*([^*]|\*+[^*/])*\*+/"),
            pattern("WS", "[ \t\r\n]+"),
        ],
        {
            "text": ["", "statement text"],
            "statement": [
                *["maybe ;", "{ text }", "if ( maybe ) statement", "if ( maybe ) statement else statement"],
                *["while ( maybe ) statement", "for ( maybe ; maybe ; maybe ) statement", "return maybe ;"],
                *["break ;", "continue ;", "# include < NAME . NAME >", "# include STRING", "using namespace NAME ;"],
                *["typedef type NAME ;", "switch ( maybe ) { cases }", "type names ;", "type NAME ( names ) { text }"],
            ],
            "cases": ["", "case sum : text cases", "default : text cases"],
            "maybe": ["", "sum"],
            "names": ["name", "name , names"],
            "name": ["NAME", "NAME = sum", "NAME [ sum ]", "* NAME", "& NAME", "type NAME"],
            "type": ["NAME", "int", "const type", "NAME :: NAME", "NAME < type >", "type *", "type &"],
            "sum": ["part", "part OPERATOR sum", "part WORD sum", "part ? sum : sum", "part , sum"]
            + [f"part {sign} sum" for sign in signs.split()],
            "part": [
                "NAME",
                "NUMBER",
                "STRING",
                "CHARACTER",
                "( sum )",
                "part ( maybe )",
                "part [ sum ]",
                "part . NAME",
            ]
            + ["part -> NAME", "part ++", "part --", "NAME :: part"]
            + [f"{sign} part" for sign in ["-", "!", "*", "&", "++", "--"]],
        },
        ["WS", "LINE", "COMMENT"],
    )


def python_like(levels: int = 3) -> ContextFreeGrammar:
    """Blocks by indentation: a terminal per depth, which any other depth loses against."""
    breaks = r"(([ \t]*(#[^\n]*)?)\n)+"
    words = "= pass return if while def in : ( ) , . + =="
    depths = range(levels + 1)
    rules: dict[str, list[str]] = {
        "text": ["block0", "NL0 block0"],
        **{f"block{k}": [f"line{k}", f"line{k} NL{k} block{k}", f"line{k} block{k}"] for k in depths},
        **{f"line{k}": ["simple", f"compound : NL{k + 1} block{k + 1}"] if k < levels else ["simple"] for k in depths},
        "simple": ["sum", "NAME = sum", "pass", "return sum"],
        "compound": ["if sum", "while sum", "def NAME ( names )"],
        "names": ["", "NAME", "NAME , names"],
        "sum": ["part", "part + sum", "part == sum", "part in sum"],
        "part": ["NAME", "NUMBER", "STRING", "part . NAME", "part ( sum )", "( sum )"],
    }
    return grammar_of(
        [
            *[pattern(f"NL{k}", breaks + " " * (4 * k), priority=1) for k in depths],
            pattern("NLX", breaks + "[ \t]*"),
            *map(literal, words.split()),
            pattern("NAME", "[A-Za-z_][A-Za-z0-9_]*"),
            pattern("NUMBER", r"[0-9]+(\.[0-9]+)?"),
            pattern("STRING", r"""[rb]?('([^'\\\n]|\\[^\n])*'|"([^"\\\n]|\\[^\n])*")"""),
            pattern("WS", "[ \t]+"),
            pattern("COMMENT", "#[^\n]*"),
        ],
        rules,
        ["WS", "COMMENT"],
    )
