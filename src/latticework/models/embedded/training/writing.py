"""Writes planned fields into a text: plain sentences, labelled lines, or a mail with everything around the facts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from latticework.models.embedded.training import generic, prose
from latticework.models.embedded.training.records import Planned
from latticework.models.embedded.training.values import Values

_JOINABLE = re.compile(r"(The|It|We|Its|As|For|This|They|Their|Our|There|You|Please|On|At|With|Your|In|From|To) ")
_SLOT = re.compile(r"\{(\w+)\}")
_SEPARATORS = (": ", ": ", ": ", " ", " - ", "\t", " | ")
_SEPARATORS_HELD_OUT = (" = ", " > ")
_NOISE_SENTENCES = ((1, 4), (4, 10), (10, 18))  # of a mail: short, medium, up to about 200 words
_BULLETS = ("", "", "", "- ", "* ", "• ")


class TextWriter:
    """Collects the text and notes in ``Planned.offsets`` where each value starts."""

    def __init__(self) -> None:
        self.text = ""

    def clause(self, clause: str, one: Planned | None = None, between: str = ", ", last: str = " and ") -> None:
        """Appends a clause; ``{v}`` becomes the values of ``one``."""
        before, slot, after = clause.partition("{v}")
        self.text += before
        if slot and one is not None:
            for index, value in enumerate(one.said):
                if index:
                    self.text += last if index == len(one.said) - 1 else between
                one.offsets.append(len(self.text))
                spelled = not value.copies and not clause.index("{v}") and not index  # "Three people ..."
                self.text += value.said.capitalize() if spelled else value.said
        self.text += after


def fill(template: str, values: Values) -> str:
    """A noise template with its slots drawn."""
    return _SLOT.sub(lambda slot: values.draw(slot.group(1)).said, template)


def write_text(
    fields: Sequence[Planned], openings: Sequence[str], values: Values, held_out: bool, unknown: Sequence[Planned]
) -> str:
    """The text of a record; ``fields`` are stated in random order, some of ``unknown`` are named as not known."""
    rng = values.rng
    stated = list(fields)
    rng.shuffle(stated)
    phrases = generic.UNKNOWN_HELD_OUT if held_out else generic.UNKNOWN
    lines: list[tuple[str, Planned | None]] = [(one.clause, one) for one in stated]
    for one in unknown:
        if rng.random() < 0.3:
            clause = rng.choice(phrases).replace("{k}", one.label).replace("{K}", one.label.capitalize())
            lines.insert(rng.randint(0, len(lines)), (clause, None))
    writer = TextWriter()
    x = rng.random()
    if x < 0.22:
        _labels(writer, lines, rng.choice(openings), values, held_out)
    elif x < 0.72:
        _sentences(writer, lines, rng.choice(openings), values)
    else:
        _mail(writer, lines, rng.choice(openings), values)
    return writer.text


def _labels(
    writer: TextWriter, lines: list[tuple[str, Planned | None]], opening: str, values: Values, held_out: bool
) -> None:
    """``Label: value`` lines, as in forms and key-value listings."""
    rng = values.rng
    separator = rng.choice(_SEPARATORS_HELD_OUT if held_out else _SEPARATORS)
    bullet, end = rng.choice(_BULLETS), rng.choice(["\n", "\n", "\n", "\n", ". ", "; "])
    style = rng.choice([str.capitalize, str.capitalize, str.title, str, str.upper])
    writer.text += opening
    for clause, one in lines:
        writer.text += end if writer.text else ""
        if one is None or (not one.said and one.letter == "b" and rng.random() < 0.5):
            writer.clause(clause)
        elif not one.said:
            said = {"true": rng.choice(["yes", "true"]), "false": rng.choice(["no", "false"])}.get(
                one.literal, one.literal
            )
            writer.clause(f"{bullet}{style(one.label)}{separator}{said if rng.random() < 0.7 else said.lower()}")
        elif one.many and len(one.said) > 1 and rng.random() < 0.3:
            writer.clause(f"{style(one.label)}:\n- {{v}}", one, between="\n- ", last="\n- ")
        else:
            last = rng.choice([" and ", ", ", ", "])
            writer.clause(f"{bullet}{style(one.label)}{separator}{{v}}", one, last=last)
    if rng.random() < 0.2:
        writer.text += end + fill(rng.choice(prose.NOISE), values)


def _sentences(
    writer: TextWriter, lines: list[tuple[str, Planned | None]], opening: str, values: Values, noise: int | None = None
) -> None:
    """Clauses one after another, some joined, with a little noise in between."""
    rng = values.rng
    items: list[tuple[str, Planned | None]] = list(lines)
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2]) if noise is None else noise):
        items.insert(rng.randint(0, len(items)), (fill(rng.choice(prose.NOISE), values), None))
    space = "\n" if rng.random() < 0.08 else " "
    paragraphs = noise is not None and rng.random() < 0.6
    wordy = rng.random() < 0.5
    ended = not opening  # whether the last clause ended with a full stop of its own
    writer.text += opening
    for clause, one in items:
        start = writer.text and not writer.text.endswith("\n")
        if start and ended and writer.text.endswith(".") and _JOINABLE.match(clause) and rng.random() < 0.15:
            writer.text = writer.text[:-1] + rng.choice([", and ", ", and ", " and ", "; ", ", but "])
            clause = clause[0].lower() + clause[1:]
        elif start:
            writer.text += "\n\n" if paragraphs and rng.random() < 0.2 else space
        ended = clause.endswith(".") and one is not None
        if ended and wordy:
            clause = _wrap(clause, values)
        last = rng.choice([" and ", " and ", ", ", ", and "])
        writer.clause(clause, one, last=last)


def _wrap(clause: str, values: Values) -> str:
    """Some clauses with a lead-in or an addition that says nothing about the value."""
    x = values.rng.random()
    if x < 0.15 and _JOINABLE.match(clause):
        clause = fill(values.rng.choice(prose.LEAD_INS), values) + clause[0].lower() + clause[1:]
    if 0.1 < x < 0.25:
        clause = clause[:-1] + fill(values.rng.choice(prose.ADDITIONS), values)
    return clause


def _mail(writer: TextWriter, lines: list[tuple[str, Planned | None]], opening: str, values: Values) -> None:
    """A letter or ticket: header, greeting, noisy body, closing and signature."""
    rng = values.rng
    if rng.random() < 0.35:
        writer.text += fill(rng.choice(prose.HEADERS), values) + "\n\n"
    if rng.random() < 0.7:
        writer.text += fill(rng.choice(prose.GREETINGS), values) + rng.choice(["\n\n", "\n", " "])
    shortest, longest = rng.choices(_NOISE_SENTENCES, weights=(65, 25, 10))[0]
    _sentences(writer, lines, opening, values, noise=rng.randint(shortest, longest))
    if rng.random() < 0.7:
        writer.text += rng.choice(["\n\n", "\n"]) + fill(rng.choice(prose.CLOSINGS), values)
        writer.text += "\n" + fill(rng.choice(prose.SIGNATURES), values)
