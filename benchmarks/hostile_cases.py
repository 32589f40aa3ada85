"""Inputs that nobody would send on purpose, and some that somebody might, for ``hostile_input.py`` and the tests.

Each generator takes a ``random.Random``, whose seed decides, and returns one input. Most begin with something that is
right and damage it: what is wrong from the first character on tests no more than the first line of a parser.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GRAMMARS = sorted((ROOT / "grammars").glob("*.lark"))

HOSTILE_SCHEMAS: list[Any] = [
    {"type": "array", "items": {"enum": list(range(400))}, "minItems": 400, "uniqueItems": True},
    {"type": "string", "pattern": "^(a+)+$", "minLength": 3000},
    {"type": "string", "pattern": "(a|aa|aaa){40,4000}b"},
    {"allOf": [{"type": "string", "pattern": f"{letter}.*{letter}"} for letter in "abcdefghijklmnop"]},
    {"oneOf": [{"type": "object", "properties": {name: {"type": "string"}}} for name in "abcdefghijkl"]},
    {"$ref": "#"},
    {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    {"$defs": {"t": {"type": "object", "properties": {n: {"$ref": "#/$defs/t"} for n in "abc"}}}, "$ref": "#/$defs/t"},
    {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(2000)}},
    {"type": "integer", "multipleOf": 7919, "minimum": -(10**300), "maximum": 10**300},
    {"type": "number", "multipleOf": 1e-300, "minimum": 0.1},
    {"type": "string", "minLength": 10**9},
    {"type": "string", "maxLength": 10**18},
    {"type": "array", "items": {"type": "array", "items": {"type": "array", "maxItems": 900}, "maxItems": 900}},
    {"patternProperties": {f"^{letter}*b?$": {"type": "integer"} for letter in "acdefghi"}, "minProperties": 5},
    {"propertyNames": {"pattern": "^(x|y)*z$"}, "minProperties": 20, "maxProperties": 60},
    {"not": {"not": {"not": {"type": "object", "required": ["a"]}}}},
    {"anyOf": [{"not": {"enum": [["a"] * 40]}}, {"const": {"a": {"b": {"c": [1, 2, {"d": None}]}}}}]},
    {"if": {"required": ["a"]}, "then": {"minProperties": 3}, "else": {"unevaluatedProperties": False}},
    {"contains": {"type": "integer"}, "minContains": 50, "maxContains": 60},
    {"$id": "http://x/", "$dynamicRef": "#meta", "$dynamicAnchor": "meta"},
    {"enum": ["\ud800", "\u0000", "é" * 5000, 1e308, -0.0, 10**400]},
]
KEYWORDS: dict[str, list[Any]] = {
    "type": ["string", "integer", "object", ["array", "null"], "any", 3, []],
    "properties": [{"a": {"type": "string"}}, {"a": 1}, {"": True, "b": False}, []],
    "required": [["a"], ["a", "a"], "a", [1], ["zz"]],
    "items": [{"type": "integer"}, False, [{"const": 1}], 5],
    "prefixItems": [[{"const": 1}, True], [], {}],
    "enum": [[1, "a", None], [], "a", [[], {}]],
    "const": [None, "é", {"a": [1]}, 1.0, 10**30],
    "pattern": ["^a+$", "(", "[^", "a{5,2}", "\\p{L}{3}", "(?=a)b", "(a)\\1", ""],
    "format": ["date", "email", "uuid", "nonsense", 4],
    "minLength": [0, 3, -1, 1e3, "1", 10**12],
    "maxLength": [0, 3, 2.5, True, 10**12],
    "minimum": [0, -1e308, 10**40, "0", None],
    "exclusiveMaximum": [0, 1e-9, True],
    "multipleOf": [2, 0.1, 0, -3, 1e-12, 10**20],
    "minItems": [0, 2, 10**7, -2],
    "maxItems": [0, 3, 10**7],
    "uniqueItems": [True, "yes"],
    "minProperties": [1, 500],
    "maxProperties": [0, 2],
    "additionalProperties": [True, False, {"type": "integer"}, "no"],
    "patternProperties": [{"^a": {"type": "integer"}}, {"(": {}}, {"a*": False}],
    "propertyNames": [{"maxLength": 3}, False],
    "dependentRequired": [{"a": ["b"]}, {"a": "b"}],
    "dependentSchemas": [{"a": {"required": ["b"]}}],
    "unevaluatedItems": [False],
    "$ref": ["#", "#/$defs/x", "#/properties/a", "http://x.example/y", "#nowhere", 7],
    "$defs": [{"x": {"type": "boolean"}}, {"x": {"$ref": "#/$defs/x"}}],
    "$anchor": ["nowhere"],
    "title": ["a title", 4],
    "x-own": [1],
}
APPLICATORS = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "contains", "items", "additionalProperties"]

PATTERNS = [
    r"^\d{4}-\d{2}-\d{2}$",
    r"(a|b)*c{2,5}[^\n\t]?",
    r"(?:foo|ba[rz])+?\b",
    r"^(a+)+$",
    r"(x{0,50}y){0,50}z",
    r"[\w.]+@[\w-]+\.\p{L}{2,}",
    r"(?<n>a)|(?!b).(?<=c)",
    r"\u00e9[^\x00-\x7f]\cA[\d\D]",
    r"((((((((a?)?)?)?)?)?)?)?)?",
    r"(.*a){12}",
    r"[a-z]{1000}{1000}",
    r"(?i:straße)|\N{DIGIT ONE}",
]
LARK = [
    'start: "a" start "b" | "c"\n',
    'start: item ("," item)*\nitem: /[a-z]+/ | NUMBER\nNUMBER: /\\d+/\n%ignore " "\n',
    'start: start start | "a" |\n',
    "start: a\na: b\nb: a\n",
    'start: A~2..5\nA: ("x" | /[^y]*/)+\n',
    'start: "" ""\n%ignore /x*/\n',
    'start: _x{"a"}\n_x{p}: p | p _x{p}\n',
    "%import python\nstart: python\n",
    "%import common.NUMBER\nstart: NUMBER+\n",
    'start: expr\n?expr: expr "+" expr | "(" expr ")" | /\\w/\n',
    'start.2: /(?<!a)b/i "é"i\n%declare X\n%override start: "b"\n',
]
GBNF = [
    'root ::= "a" root "b" | "c"\n',
    'root ::= item ("," ws item)*\nitem ::= [a-z]+ | [0-9]{1,3}\nws ::= [ \\t\\n]*\n',
    'root ::= root root | "x"\n',
    "root ::= a\na ::= b\nb ::= a\n",
    'root ::= [^\\x00-\\x1f"\\\\]{2,} "\\u00e9" . # comment\n',
    "root ::= (((((((((x)))))))))\nx ::= [\\]]\n",
]
_ODD = ["\x00", "\ud800", "\u202e", "é", "😀", "\n", '"', "\\", "(", "[", "{", "}", "*", "+", "?", "|", "^", "$", "~",
        "%", "::=", "..", "{99999}", "{1,", "(?", "[^", "\\p{", "/", "-", ":", "//", "#", "start", "\\u", "\\x4",
        "%ignore", "%import"]  # fmt: skip


def damaged(text: str, others: list[str], rng: random.Random) -> str:
    """A text with up to six places changed: cut, repeated, replaced by odd characters or by a piece of another text."""
    for _ in range(rng.choice([0, 1, 1, 2, 3, 6])):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice([0, 1, 2, 8, 40]))
        kind = rng.randrange(4)
        if kind == 0:
            text = text[:start] + text[end:]
        elif kind == 1:
            text = text[:end] + text[start:end] * rng.choice([1, 2, 50]) + text[end:]
        elif kind == 2:
            text = text[:start] + rng.choice(_ODD) + text[end:]
        else:
            other = rng.choice(others)
            first = rng.randrange(len(other) + 1)
            text = text[:start] + other[first : first + 20] + text[end:]
    return text[:20_000]


def pattern(rng: random.Random) -> str:
    """A regular expression, or nearly one."""
    return damaged(rng.choice(PATTERNS), PATTERNS, rng)


def lark_text(rng: random.Random) -> str:
    """A grammar of Lark's language: a small one, or a part of a shipped one, damaged."""
    if rng.random() < 0.7:
        return damaged(rng.choice(LARK), LARK, rng)
    lines = rng.choice(GRAMMARS).read_text(encoding="utf-8").splitlines(keepends=True)
    start = rng.randrange(len(lines))
    return damaged("".join(lines[start : start + rng.choice([5, 30, 400])]), LARK, rng)


def gbnf_text(rng: random.Random) -> str:
    """A grammar in GBNF, damaged."""
    return damaged(rng.choice(GBNF), GBNF, rng)


def schema(rng: random.Random, depth: int = 3) -> Any:
    """A JSON Schema of right and wrong keywords; sometimes a hostile one, or one nested very deeply."""
    kind = rng.random()
    if depth == 3 and kind < 0.03:
        return copy.deepcopy(rng.choice(HOSTILE_SCHEMAS))
    if depth == 3 and kind < 0.04:
        found: Any = {"type": "integer"}
        for _ in range(rng.choice([30, 63, 64, 65, 300, 2000])):
            found = rng.choice([{"items": found}, {"anyOf": [found]}, {"properties": {"a": found}}])
        return found
    if kind < 0.08:
        return rng.choice([True, False, None, 3, "string", []])
    made: dict[str, Any] = {}
    for name in rng.sample(list(KEYWORDS), rng.choice([1, 2, 3, 5])):
        # The first value of each keyword is right: schemas in which everything is wrong are all refused alike.
        values = KEYWORDS[name]
        made[name] = copy.deepcopy(values[0] if rng.random() < 0.6 else rng.choice(values))
    if depth and rng.random() < 0.6:
        name = rng.choice(APPLICATORS)
        inner = [schema(rng, depth - 1) for _ in range(rng.choice([1, 2, 4]))]
        made[name] = inner if name.endswith("Of") else inner[0]
    if depth and rng.random() < 0.5:
        made["properties"] = {rng.choice(["a", "b", "", "é", "__proto__"]): schema(rng, depth - 1) for _ in range(2)}
    return made


def structural_tag(rng: random.Random) -> Any:
    """A structural tag, parts of it replaced."""
    made = rng.choice(
        [
            {"structures": [{"begin": "<a>", "schema": schema(rng, 1), "end": "</a>"}], "triggers": ["<a"]},
            {
                "format": {
                    "type": "sequence",
                    "elements": [{"type": "const_string", "value": "x"}, {"type": "any_text"}],
                }
            },
            {
                "format": {
                    "type": "tag",
                    "begin": "<",
                    "content": {"type": "regex", "pattern": pattern(rng)},
                    "end": ">",
                }
            },
            {"format": {"type": "or", "elements": [{"type": "json_schema", "json_schema": schema(rng, 1)}]}},
        ]
    )
    return replaced(made, rng) if rng.random() < 0.5 else made


def value(rng: random.Random, depth: int = 2) -> Any:
    """Any JSON value."""
    if depth and rng.random() < 0.3:
        inner = [value(rng, depth - 1) for _ in range(rng.choice([0, 1, 3]))]
        return inner if rng.random() < 0.5 else dict(zip(["type", "name", "x"], inner, strict=False))
    return rng.choice(
        [None, True, False, 0, -1, 1, 2**63, 10**30, 0.5, 1e308, "", "a", "auto", "text", "\u0000", "é" * 9]
    )


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to everything inside a JSON value."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, own in inner for found in ((*path, key), *places(own, (*path, key)))]


def replaced(node: Any, rng: random.Random, most: int = 2) -> Any:
    """A JSON value of which up to ``most`` places hold something else, or nothing, or were given another name."""
    try:
        node = copy.deepcopy(node)
    except RecursionError:  # nested very deeply, which is damage enough
        return node
    for _ in range(rng.randint(1, most)):
        found = places(node)
        if not found:
            break
        *path, last = rng.choice(found)
        inner = node
        for key in path:
            inner = inner[key]
        kind = rng.randrange(4)
        if kind < 2 or not isinstance(inner, dict):
            inner[last] = value(rng)
        elif kind == 2:
            del inner[last]
        else:
            inner[rng.choice(["type", "model", "xx", "é", ""])] = inner.pop(last)
    return node


def constraint(rng: random.Random) -> dict[str, Any]:
    """The fields of a request that ask for a constraint."""
    kind = rng.randrange(9)
    if kind < 3:
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema(rng)}}
        return {"response_format": form}
    inner: dict[str, Any] = {
        3: lambda: {"json": schema(rng)},
        4: lambda: {"regex": pattern(rng)},
        5: lambda: {"choice": [damaged("yes", PATTERNS, rng) for _ in range(rng.choice([0, 1, 3, 200]))]},
        6: lambda: {"grammar": lark_text(rng)},
        7: lambda: {"grammar": gbnf_text(rng)},
        8: lambda: {"structural_tag": structural_tag(rng)},
    }[kind]()
    return {"structured_outputs": inner}


def _tool(rng: random.Random, *, flat: bool) -> dict[str, Any]:
    function = {"name": rng.choice(["f", "g", "é", ""]), "parameters": schema(rng, 2)}
    return {"type": "function", **function} if flat else {"type": "function", "function": function}


def simple(rng: random.Random) -> dict[str, Any]:
    """The fields of a request that ask for a constraint, a harmless one."""
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "integer", "maximum": 99}}}
    inner = rng.choice([{"regex": "[ab]{3}"}, {"choice": ["yes", "no"]}, {"json": {"enum": [1, "a"]}},
                        {"grammar": 'start: "a"+'}, {"json_object": True}])  # fmt: skip
    return rng.choice([{"response_format": form}, {"structured_outputs": inner}])


def wrong_fields(rng: random.Random, model: str) -> tuple[str, Any]:
    """The path and the body of a request with a harmless constraint, of which up to three places are wrong."""
    path, body = request(rng, model, simple)
    for name in ("tools", "text"):
        body.pop(name, None)
    return path, replaced(body | {"steps": 2}, rng, most=3) if path != "/tokenize" else body


def request(
    rng: random.Random, model: str, constraint: Callable[[random.Random], dict[str, Any]] = constraint
) -> tuple[str, Any]:
    """The path and the body of a request: mostly right, with a hostile constraint, wrong fields, or both."""
    path = rng.choice(["/v1/chat/completions"] * 4 + ["/v1/completions"] * 3 + ["/v1/responses"] * 2 + ["/tokenize"])
    body: dict[str, Any] = {"model": model}
    said = damaged("Invoice from Miller Ltd., total 120.50, not paid.", LARK, rng)
    if path == "/v1/chat/completions":
        body |= {"messages": [{"role": "user", "content": said}], "max_tokens": rng.choice([8, 24, 60])}
        body |= constraint(rng) if rng.random() < 0.7 else {}
        if rng.random() < 0.3:
            body["tools"] = [_tool(rng, flat=False) for _ in range(rng.choice([1, 2, 9]))]
            body["tool_choice"] = rng.choice(
                ["auto", "none", "required", {"type": "function", "function": {"name": "f"}}]
            )
    elif path == "/v1/completions":
        body |= {"prompt": rng.choice([said, [said, "x"]]), "max_tokens": rng.choice([8, 24, 60])}
        body |= constraint(rng) if rng.random() < 0.7 else {}
        if rng.random() < 0.3:
            body["suffix"] = damaged('"}', LARK, rng)
        elif rng.random() < 0.2:
            del body["max_tokens"]
            body |= {"prompt": "", "parts": ['{"a": [', {"hole": 6}, damaged('], "b": ', LARK, rng), {"hole": 4}, "}"]}
    elif path == "/v1/responses":
        body |= {"input": said, "max_output_tokens": rng.choice([8, 24, 60])}
        if rng.random() < 0.6:
            body["text"] = {"format": {"type": "json_schema", "name": "x", "schema": schema(rng)}}
        if rng.random() < 0.3:
            body["tools"] = [_tool(rng, flat=True)]
    else:
        return path, replaced({"model": model, "prompt": said, "return_token_strs": True}, rng)
    body |= rng.choice([{}, {"temperature": 1, "seed": 3}, {"n": 2}, {"steps": 2}, {"logprobs": True}, {"stop": ["a"]}])
    if rng.random() < 0.2:
        body |= {"stream": True}
    return path, replaced(body, rng) if rng.random() < 0.4 else body


def raw_body(rng: random.Random, body: Any) -> tuple[bytes, dict[str, str]]:
    """The bytes of a body and its headers; now and then damaged after all."""
    try:
        data = json.dumps(body).encode()
    except RecursionError:
        data = b'{"messages":' * 5000
    headers = {"content-type": "application/json"}
    kind = rng.random()
    if kind < 0.03:
        place = rng.randrange(len(data) + 1)
        data = data[:place] + rng.choice([b"", b"\x00", b"\xff\xfe", b"NaN", b"[" * 9000]) + data[place + 1 :]
    elif kind < 0.04:
        headers = {"content-type": rng.choice(["text/plain", "", "application/json; charset=latin-1", "x" * 3000])}
    return data, headers


def tokenizers() -> list[dict[str, Any]]:
    """Small tokenizer files of the kinds that are read: byte-level BPE, WordPiece, Unigram with byte fallback."""
    alphabet = {"a": 0, "b": 1, "ab": 2, "Ġ": 3, "Ġa": 4, "Ã": 5, "©": 6, "<s>": 7, "[MASK]": 8}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    base = {"version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None}
    added = [{"id": 7, "content": "<s>", **special}, {"id": 8, "content": "[MASK]", **special}]
    bpe = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
           "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
           "vocab": alphabet, "merges": [["a", "b"], ["Ġ", "a"]]}  # fmt: skip
    word = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "##b": 2}}  # fmt: skip
    bytes_ = [[f"<0x{byte:02X}>", 0.0] for byte in range(256)]
    unigram = {"type": "Unigram", "unk_id": 0, "byte_fallback": True, "vocab": [["<unk>", 0.0], *bytes_, ["▁a", -1.0]]}
    fallback = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}  # fmt: skip
    return [
        {**base, "added_tokens": added, "pre_tokenizer": level, "decoder": level, "model": bpe},
        {**base, "added_tokens": [], "pre_tokenizer": {"type": "BertPreTokenizer"},
         "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True}, "model": word},
        {**base, "added_tokens": [], "pre_tokenizer": None, "decoder": fallback, "model": unigram},
    ]  # fmt: skip


def tokenizer_file(rng: random.Random) -> bytes:
    """The bytes of a ``tokenizer.json`` with other values in it, sometimes cut short."""
    data = json.dumps(replaced(rng.choice(tokenizers()), rng, most=3)).encode()
    return data[: rng.randrange(len(data))] if rng.random() < 0.1 else data
