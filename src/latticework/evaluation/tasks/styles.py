"""Eight ways of writing the same statements down. Values stay as they are in all of them, damage by scanning included.

While a text is made, values stand between two private characters so that later steps can leave them alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from latticework.evaluation.tasks.drafts import Draft, Statement
from latticework.models.embedded.training import prose
from latticework.models.embedded.training.values import Values
from latticework.models.embedded.training.writing import fill

_OPEN, _CLOSE = "\ue000", "\ue001"
_VALUE = re.compile(f"{_OPEN}[^{_CLOSE}]*{_CLOSE}")
_LONG, _LONG_SHARE = (20, 32), 0.12  # sentences without facts in a long document, and how many documents are long
_CONFUSED = {"l": "1", "O": "0", "e": "c", "i": "l", "m": "rn", "S": "5", "B": "8", "h": "b"}
_DAMAGED, _DOUBLED = 0.035, 0.04  # shares of the confusable letters, and of the spaces, of a scan
_HESITATIONS = ("Uh, ", "Well, ", "Let me see. ", "Right, ", "Okay, so ", "")
_QUESTIONS = ("And the {k}?", "What about the {k}?", "Can you give me the {k}?", "{k}, please.", "Next, the {k}.")
_HEARTBEATS = ("heartbeat ok", "cache miss, retrying", "worker idle", "rotating log file", "connection reused")

Style = Callable[[Draft, Values], str]


def write(style: str, draft: Draft, values: Values) -> str:
    """The text of a draft in one of ``STYLES``."""
    return write_marked(style, draft, values)[0]


def write_marked(style: str, draft: Draft, values: Values) -> tuple[str, list[tuple[int, int]]]:
    """The text of a draft, and where in it values stand: first and past-last character, in order."""
    marked = STYLES[style](draft, values).strip()
    found: list[tuple[int, int]] = []
    for number, match in enumerate(_VALUE.finditer(marked)):
        start = match.start() - 2 * number
        found.append((start, start + len(match.group()) - 2))
    return marked.replace(_OPEN, "").replace(_CLOSE, ""), found


def _mail(draft: Draft, values: Values) -> str:
    rng = values.rng
    body = _with_noise(_sentences(draft, rng), values)
    paragraphs = _paragraphs(body, rng)
    head = fill(rng.choice(prose.HEADERS), values)
    ending = fill(rng.choice(prose.CLOSINGS), values) + "\n" + fill(rng.choice(prose.SIGNATURES), values)
    return "\n\n".join([head, fill(rng.choice(prose.GREETINGS), values), draft.opening, *paragraphs, ending])


def _chat(draft: Draft, values: Values) -> str:
    rng = values.rng
    people = [values.first(), values.first()]
    minute = rng.randrange(8 * 60, 18 * 60)
    lines = []
    for sentence in [draft.opening or "Hi!", *_with_noise(_sentences(draft, rng), values)]:
        minute += rng.choice([0, 0, 1, 1, 2, 5])
        lines.append(f"[{minute // 60:02d}:{minute % 60:02d}] {rng.choice(people)}: {sentence}")
        if rng.random() < 0.15:
            lines.append(
                f"[{minute // 60:02d}:{minute % 60:02d}] {rng.choice(people)}: {rng.choice(['ok', '👍', 'hm'])}"
            )
    return "\n".join(lines)


def _form(draft: Draft, values: Values) -> str:
    rng = values.rng
    mark, case = rng.choice([": ", ":  ", " = ", " .... "]), rng.choice([str.capitalize, str.title, str.upper])
    lines = [f"{case(one.label)}{mark}{_short(one)}" for one in _shuffled(draft.statements, rng)]
    for place, row in enumerate(draft.entries.rows if draft.entries else (), 1):
        lines.append(f"\n{draft.entries.title.capitalize() if draft.entries else ''} ({place})")
        lines += [f"  {case(one.label)}{mark}{_short(one)}" for one in row]
    notes = " ".join(_with_noise([], values))
    return "\n".join([draft.opening.upper(), "", *lines, *(["", f"Remarks{mark}{notes}"] if notes else [])])


def _log(draft: Draft, values: Values) -> str:
    rng = values.rng
    second = rng.randrange(86_000)
    day = values.draw("isodate").literal
    messages = [f'{one.label.replace(" ", "_")}="{_short(one)}"' for one in _shuffled(draft.statements, rng)]
    for place, row in enumerate(draft.entries.rows if draft.entries else (), 1):
        cells = " ".join(f'{one.label.replace(" ", "_")}="{_short(one)}"' for one in row)
        messages.append(f"{draft.entries.title if draft.entries else ''}[{place}] {cells}")
    lines = []
    for message in messages:
        for text, level in (
            *((rng.choice(_HEARTBEATS), "DEBUG") for _ in range(rng.choice([0, 0, 1]))),
            (message, "INFO"),
        ):
            second = min(86_399, second + rng.randint(0, 9))
            clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            lines.append(f"{day}T{clock}Z {level:5} {text}")
    return "\n".join(lines)


def _article(draft: Draft, values: Values) -> str:
    rng = values.rng
    body = [
        f"“{sentence}” said {values.person()}." if rng.random() < 0.12 else sentence
        for sentence in _with_noise(_sentences(draft, rng), values, least=3)
    ]
    headline = values.title().capitalize()
    return "\n\n".join([headline, f"{values.city()}. {draft.opening}".strip(), *_paragraphs(body, rng)])


def _table(draft: Draft, values: Values) -> str:
    rng = values.rng
    lines = ["| Field | Value |", "| --- | --- |"]
    lines += [f"| {one.label.capitalize()} | {_short(one)} |" for one in _shuffled(draft.statements, rng)]
    if draft.entries:
        head = [one.label.capitalize() for one in draft.entries.rows[0]]
        lines += ["", f"{draft.entries.title.capitalize()}:", ""]
        lines += ["| " + " | ".join(["#", *head]) + " |", "| " + " | ".join(["---"] * (len(head) + 1)) + " |"]
        rows = enumerate(draft.entries.rows, 1)
        lines += ["| " + " | ".join([str(place), *map(_short, row)]) + " |" for place, row in rows]
    notes = " ".join(_with_noise([], values))
    return "\n".join([part for part in (draft.opening, notes) if part] + ["", *lines])


def _ocr(draft: Draft, values: Values) -> str:
    """A scanned letter or form: confused letters, doubled spaces and lines broken anywhere, but not in values."""
    rng = values.rng
    text = rng.choice([_mail, _form])(draft, values)
    parts, at = [], 0
    for match in _VALUE.finditer(text):
        parts += [_damage(text[at : match.start()], rng), match.group()]
        at = match.end()
    return "".join([*parts, _damage(text[at:], rng)])


def _transcript(draft: Draft, values: Values) -> str:
    rng = values.rng
    clock = rng.randint(1, 20)
    lines: list[str] = []

    def say(who: str, what: str) -> None:
        nonlocal clock
        lines.append(f"[{clock // 60:02d}:{clock % 60:02d}] {who}: {what}")
        clock += rng.randint(2, 15)

    say("AGENT", fill(rng.choice(prose.GREETINGS), values))
    for one in _shuffled(draft.statements, rng):
        for noise in _with_noise([], values, most=1):
            say("CALLER", noise)
        if rng.random() < 0.6:
            asked = rng.choice(_QUESTIONS).replace("{k}", one.label)
            say("AGENT", asked[0].upper() + asked[1:])
        say("CALLER", rng.choice(_HESITATIONS) + _sentence(one))
    for sentence in _rows(draft):
        say("CALLER", rng.choice(_HESITATIONS) + sentence)
    say("AGENT", "Thank you, I have noted that.")
    return "\n".join(lines)


STYLES: dict[str, Style] = {
    "mail": _mail,
    "chat": _chat,
    "form": _form,
    "log": _log,
    "article": _article,
    "table": _table,
    "ocr": _ocr,
    "transcript": _transcript,
}


def _sentences(draft: Draft, rng: random.Random) -> list[str]:
    return [*(_sentence(one) for one in _shuffled(draft.statements, rng)), *_rows(draft)]


def _sentence(one: Statement) -> str:
    return one.clause.replace("{v}", _joined(one.said))


def _rows(draft: Draft) -> list[str]:
    """A sentence for each entry."""
    if draft.entries is None:
        return []
    return [
        f"{draft.entries.title.capitalize()}, number {place}: "
        + ", ".join(f"{one.label} {_joined(one.said)}" for one in row)
        + "."
        for place, row in enumerate(draft.entries.rows, 1)
    ]


def _short(one: Statement) -> str:
    return _joined(one.said, ", ") if one.said else one.short


def _joined(said: Sequence[str], last: str = " and ") -> str:
    kept = [f"{_OPEN}{value}{_CLOSE}" for value in said]
    return ", ".join([*kept[:-2], last.join(kept[-2:])])


def _shuffled(statements: Sequence[Statement], rng: random.Random) -> list[Statement]:
    return rng.sample(statements, len(statements))


def _with_noise(sentences: Sequence[str], values: Values, least: int = 0, most: int = 5) -> list[str]:
    """The sentences in order with others, which say nothing that is asked for, in between."""
    rng = values.rng
    count = rng.randint(least, most)
    if most > 1 and rng.random() < _LONG_SHARE:
        count = rng.randint(*_LONG)
    found = list(sentences)
    for _ in range(count):
        found.insert(rng.randint(0, len(found)), fill(rng.choice(prose.NOISE), values))
    return found


def _paragraphs(sentences: Sequence[str], rng: random.Random) -> list[str]:
    found: list[list[str]] = [[]]
    for sentence in sentences:
        if found[-1] and rng.random() < 0.25:
            found.append([])
        found[-1].append(sentence)
    return [" ".join(some) for some in found]


def _damage(text: str, rng: random.Random) -> str:
    found = []
    for char in text:
        if char in _CONFUSED and rng.random() < _DAMAGED:
            char = _CONFUSED[char]
        elif char == " " and rng.random() < _DOUBLED:
            char = rng.choice(["  ", "\n"])
        found.append(char)
    return "".join(found)
