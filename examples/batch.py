"""One call, several prompts, a grammar of its own for each: ``python examples/batch.py``."""

from __future__ import annotations

import latticework as lw

ADDRESS = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 30}, "city": {"type": "string", "maxLength": 30}},
    "required": ["name", "city"],
    "additionalProperties": False,
}
IMPOSSIBLE = {**ADDRESS, "properties": {**ADDRESS["properties"], "name": {"type": "string", "minLength": 1000}}}

rows = [
    ("My name is Clara Winter and I live in Uppsala.", lw.json_schema(ADDRESS)),
    ("The door code is 4711, please do not write it on the door.", lw.regex(r"[0-9]{4}")),
    ("Is the shop open on Sunday? Yes, from ten to four.", lw.choice(["yes", "no", "unknown"])),
    ("This row asks for more than its canvas holds.", lw.json_schema(IMPOSSIBLE)),
    ("A row without a grammar is plain masked-diffusion decoding.", None),
]

model = lw.load("embedded")
results = model.generate([text for text, _ in rows], [grammar for _, grammar in rows], max_tokens=32)
for (text, _), result in zip(rows, results, strict=True):
    answer = f"refused: {result.error}" if result.error else f"{result.text!r} ({result.forwards} forwards)"
    print(f"{text}\n  -> {answer}")
