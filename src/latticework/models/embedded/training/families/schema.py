"""The words in which families are written down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """A value that the text states: any of ``keys``, values of ``kind``, said in one of ``clauses`` (``{v}``)."""

    kind: str
    keys: tuple[str, ...]
    clauses: tuple[str, ...]
    many: bool = False


@dataclass(frozen=True)
class Choose:
    """A boolean (``true`` / ``false``) or an enumeration: each member with the sentences that mean it."""

    keys: tuple[str, ...]
    members: dict[str, tuple[str, ...]]

    @property
    def boolean(self) -> bool:
        return set(self.members) == {"true", "false"}


@dataclass(frozen=True)
class Family:
    """A kind of document: its name, opening sentences and fields."""

    name: str
    openings: tuple[str, ...]
    fields: tuple[Field | Choose, ...]


def one(kind: str, keys: str, clauses: str) -> Field:
    """A field with one value; ``keys`` separated by spaces, ``clauses`` by ``|``."""
    return Field(kind, tuple(keys.split()), tuple(clauses.split("|")))


def many(kind: str, keys: str, clauses: str) -> Field:
    """A field with a list of values."""
    return Field(kind, tuple(keys.split()), tuple(clauses.split("|")), many=True)


def flag(keys: str, yes: str, no: str) -> Choose:
    """A boolean field."""
    return Choose(tuple(keys.split()), {"true": tuple(yes.split("|")), "false": tuple(no.split("|"))})


def enum(keys: str, **members: str) -> Choose:
    """An enumeration; a member written ``on_hold`` also stands for ``on-hold`` or ``on hold`` in the schema."""
    return Choose(tuple(keys.split()), {name: tuple(said.split("|")) for name, said in members.items()})


def family(name: str, openings: str, *fields: Field | Choose) -> Family:
    return Family(name, tuple(openings.split("|")), fields)
