"""Chooses the fields of a record: keys, values and clauses, from a family or from random words."""

from __future__ import annotations

import random
from collections.abc import Sequence

from latticework.models.embedded.training import generic
from latticework.models.embedded.training.families import Choose, Family, Field
from latticework.models.embedded.training.records import Planned
from latticework.models.embedded.training.values import INTEGER, NUMERIC, Value, Values, invented

_HELD_OUT_CLAUSES = 0.25  # the last quarter of every list of clauses
_FIELD_COUNTS = (2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10)
_CHOICE_WEIGHT = 1.6  # booleans, enumerations and lists are few in real families: they are asked more often


def clauses_of(clauses: Sequence[str], held_out: bool) -> Sequence[str]:
    """The trained or the held-out part of a list of clauses."""
    if len(clauses) < 3:
        return clauses
    cut = len(clauses) - max(1, round(len(clauses) * _HELD_OUT_CLAUSES))
    return clauses[cut:] if held_out else clauses[:cut]


def letter_of(kind: str) -> str:
    if kind in NUMERIC:
        return "i" if kind in INTEGER else "n"
    return "d" if kind == "isodate" else "s"


def sample_list(values: Values, kind: str) -> list[Value]:
    """One to five different values; short lists are the most frequent."""
    drawn: dict[str, Value] = {}
    for _ in range(values.rng.choice([1, 2, 2, 2, 3, 3, 3, 4, 5])):
        value = values.draw(kind)
        drawn[value.literal] = value
    return list(drawn.values())


def words_of(key: str) -> str:
    return key.replace("_", " ")


def plan_family(one: Family, values: Values, held_out_clauses: bool, all_clauses: bool) -> list[Planned]:
    """Some fields of a family; every held-out family uses all of its clauses."""
    rng = values.rng
    weights = [1.0 if isinstance(field, Field) and not field.many else _CHOICE_WEIGHT for field in one.fields]
    order = sorted(range(len(one.fields)), key=lambda i: rng.random() ** (1 / weights[i]), reverse=True)
    chosen = [one.fields[i] for i in order[: rng.choice(_FIELD_COUNTS)]]
    planned: list[Planned] = []
    for field in chosen:
        key = rng.choice(field.keys)
        label = words_of(rng.choice(field.keys))
        if isinstance(field, Choose):
            planned.append(_plan_choice(field, key, label, rng, all_clauses, held_out_clauses))
            continue
        clauses = field.clauses if all_clauses else clauses_of(field.clauses, held_out_clauses)
        said = sample_list(values, field.kind) if field.many else [values.draw(field.kind)]
        letter = said[0].letter
        if field.many:
            letter = "l" if letter == "s" else "l" + letter
        planned.append(Planned((key,), label, rng.choice(clauses), letter, said))
    return planned


def _plan_choice(
    field: Choose, key: str, label: str, rng: random.Random, all_clauses: bool, held_out_clauses: bool
) -> Planned:
    member = rng.choice(list(field.members))
    said = field.members[member]
    clause = rng.choice(said if all_clauses else clauses_of(said, held_out_clauses))
    if field.boolean:
        return Planned((key,), label, clause, "b", literal=member)
    respell = rng.choice([str, str, lambda name: name.replace("_", "-"), words_of, str.upper, words_title])
    options = [respell(name) for name in field.members]
    rng.shuffle(options)
    return Planned((key,), label, clause, "e", literal=respell(member), options=tuple(options))


def words_title(key: str) -> str:
    return " ".join(word.capitalize() for word in key.split("_"))


def plan_generic(words: Sequence[str], values: Values, held_out_clauses: bool) -> list[Planned]:
    """Fields under random keys of one or two words (some invented), in neutral phrases."""
    rng = values.rng
    count = rng.choice(_FIELD_COUNTS)
    keys: dict[str, None] = {}
    while len(keys) < count:
        first = invented(rng).lower() if rng.random() < 0.08 else rng.choice(words)
        keys[first if rng.random() < 0.5 else f"{first}_{rng.choice(words)}"] = None
    return [_plan_generic_field(key, words, values, held_out_clauses) for key in keys]


def _plan_generic_field(key: str, words: Sequence[str], values: Values, held_out: bool) -> Planned:
    rng = values.rng
    spoken = words_of(key)
    parts = key.split("_")
    if len(parts) > 1 and rng.random() < 0.2:
        spoken = rng.choice(parts)

    def phrase(trained: Sequence[str], kept_back: Sequence[str]) -> str:
        clause = rng.choice(kept_back if held_out else trained)
        return clause.replace("{k}", spoken).replace("{K}", spoken.capitalize())

    x = rng.random()
    if x < 0.11:
        truth = rng.random() < 0.5
        clause = phrase(generic.TRUE, generic.TRUE_HELD_OUT) if truth else phrase(generic.FALSE, generic.FALSE_HELD_OUT)
        return Planned((key,), spoken, clause, "b", literal="true" if truth else "false")
    if x < 0.25:
        options = list(dict.fromkeys(_option(rng, words) for _ in range(rng.randint(2, 5))))
        member = rng.choice(options)
        said = member.replace("_", " ").replace("-", " ")
        said = said if rng.random() < 0.5 else said.lower()
        clause = phrase(generic.SAYS, generic.SAYS_HELD_OUT).replace("{v}", said)
        return Planned((key,), spoken, clause, "e", literal=member, options=tuple(options))
    if x < 0.41:
        said_list = sample_list(values, rng.choice(generic.LIST_KINDS))
        letter = said_list[0].letter
        clause = phrase(generic.LISTS, generic.LISTS_HELD_OUT)
        return Planned((key,), spoken, clause, "l" if letter == "s" else "l" + letter, said_list)
    value = values.draw(rng.choice(generic.KINDS))
    return Planned((key,), spoken, phrase(generic.SAYS, generic.SAYS_HELD_OUT), value.letter, [value])


def _option(rng: random.Random, words: Sequence[str]) -> str:
    """A made-up enumeration member in one of the usual spellings."""
    word, second = rng.choice(words), rng.choice(words)
    spellings = [
        word,
        word,
        word,
        word.upper(),
        word.capitalize(),
        f"{word}_{second}",
        f"{word}-{second}",
        f"{word} {second}",
    ]
    return rng.choice(spellings)
