"""The report as one self-contained page: figures, reliability diagrams, the worst cases with their texts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from latticework.evaluation.alignment import MISSING, leaves
from latticework.evaluation.calibration import reliability
from latticework.evaluation.running import Scored
from latticework.evaluation.summary import (
    HEADER,
    SCALING_HEADER,
    Line,
    grouped,
    rated,
    scaling_rows,
    scalings,
    worst,
)

MOST_TEXT = 6000  # characters of a text that are shown
CASES = 12  # worst cases of each method

_STYLE = """
:root { --paper: #fbfaf7; --ink: #22252a; --faint: #6d727b; --line: #dcd8cf; --card: #fff; --good: #2b7a2f;
  --good-bg: #def3d9; --bad: #b42318; --bad-bg: #fde4df; --mark: #fff1b8; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e6e4df; --faint: #9aa0a9; --line: #34383f;
  --card: #1d2025; --good: #8bd98a; --good-bg: #1c3d1f; --bad: #ff9d8f; --bad-bg: #4a211c; --mark: #4d4215; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
.note { color: var(--faint); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0;
  padding: .5rem .8rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace;
  margin: .5rem 0; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 0 1rem; }
mark { background: var(--mark); color: inherit; border-radius: .2rem; }
.bad { background: var(--bad-bg); color: var(--bad); } .good { background: var(--good-bg); color: var(--good); }
svg { width: 14rem; max-width: 100%; height: auto; color: var(--ink); } figure { display: inline-block; margin: .5rem; }
"""


def page(lines: Sequence[Line], scored: Sequence[Scored], title: str, note: str) -> str:
    """The page; dark or light as the reader's device is, and readable on a phone. Nothing is loaded from elsewhere."""
    parts = [_table(HEADER, [line.cells() for line in lines])]
    found = scalings(scored)
    if found:
        parts += ["<h2>Temperature scaling</h2>", _table(SCALING_HEADER, scaling_rows(found))]
    figures = [
        f"<figure>{reliability_svg(pairs)}<figcaption>{_text(method)}: {len(pairs)} values</figcaption></figure>"
        for _, method, some in grouped(scored, lambda one: "")
        if (pairs := rated(some))
    ]
    if figures:
        parts += ["<h2>Reliability: share of right values over their confidence</h2>", *figures]
    for _, method, some in grouped(scored, lambda one: ""):
        cases = worst(some, CASES)
        parts.append(f"<h2>{_text(method)}: worst cases</h2>")
        parts += [_case(one) for one in cases] or ["<p>None: all answers equal their gold values.</p>"]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{_STYLE}</style></head>\n'
        f'<body><main><h1>{_text(title)}</h1><p class="note">{_text(note)}</p>\n'
        + "\n".join(parts)
        + "</main></body>\n"
        "</html>\n"
    )


def reliability_svg(pairs: Sequence[tuple[float, bool]]) -> str:
    """A reliability diagram: the area of a point is its share of the values, the line is perfect calibration."""
    points = [
        f'<circle cx="{10 + 100 * one.confidence:.1f}" cy="{110 - 100 * one.accuracy:.1f}" '
        f'r="{1 + 8 * (one.count / len(pairs)) ** 0.5:.1f}"><title>{one.count} values of confidence '
        f"{one.confidence:.2f}: {one.accuracy:.2f} right</title></circle>"
        for one in reliability(pairs)
    ]
    return (
        '<svg viewBox="0 0 120 120" role="img" fill="currentColor"><rect x="10" y="10" width="100" height="100" '
        'fill="none" stroke="currentColor" stroke-width=".5"/><path d="M10 110 110 10" stroke="currentColor" '
        'stroke-width=".5" stroke-dasharray="3"/><g fill-opacity=".6">' + "".join(points) + "</g></svg>"
    )


def _case(one: Scored) -> str:
    task, answer, found = one.task, one.answer, one.score
    where = ", ".join(part for part in (task.id, task.family, task.style, task.split) if part)
    what = [] if found.valid else ["invalid"]
    for name, count in (
        ("hallucinated", len(found.hallucinated)),
        ("wrong", len(found.wrong)),
        ("omitted", len(found.missed)),
    ):
        what += [f"{count} {name}"] if count else []
    shown = task.text if len(task.text) <= MOST_TEXT else task.text[:MOST_TEXT] + " […]"
    written = answer.error or (answer.text if one.output is MISSING else _pretty(one.output))
    return (
        f"<details><summary>{_text(where)}: {_text(', '.join(what))}</summary>"
        f"<pre>{_marked(shown, _texts(task.gold), 'good')}</pre>"
        '<p class="note">Marked in the text: gold values. Marked in the output: wrong values.</p>'
        f'<div class="sides"><div><b>Gold</b><pre>{_text(_pretty(task.gold))}</pre></div><div><b>Output</b>'
        f"<pre>{_marked(written, _wrong(one), 'bad')}</pre></div></div></details>"
    )


def _wrong(one: Scored) -> list[str]:
    """The wrong values as the output writes them."""
    if one.output is MISSING:
        return []
    wrong = set(one.score.wrong)
    return [json.dumps(value, ensure_ascii=False) for pointer, value in leaves(one.output) if pointer in wrong]


def _texts(gold: Any) -> list[str]:
    plain = (value for _, value in leaves(gold) if value is not None and not isinstance(value, bool))
    return [value if isinstance(value, str) else json.dumps(value) for value in plain]


def _marked(text: str, values: Iterable[str], kind: str) -> str:
    """``text`` for a page, with every occurrence of the values, whatever their case, marked; the longest first."""
    wanted = sorted({value for value in values if value.strip()}, key=len, reverse=True)
    if not wanted:
        return _text(text)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in wanted), re.IGNORECASE)
    parts, at = [], 0
    for match in pattern.finditer(text):
        parts += [_text(text[at : match.start()]), f'<mark class="{kind}">{_text(match.group())}</mark>']
        at = match.end()
    return "".join([*parts, _text(text[at:])])


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _text(text: str) -> str:
    return html.escape(text)
