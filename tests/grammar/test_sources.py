"""Python types as schemas: a random text of the grammar reads back into the type."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import ipaddress
import json
import pathlib
import typing
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from ir_matcher import decoded, matches
from jsonschema import Draft202012Validator
from pydantic import (
    UUID4,
    UUID7,
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    Base64UrlBytes,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyAddress,
    NaiveDatetime,
    PostgresDsn,
    SecretStr,
    TypeAdapter,
    UrlConstraints,
    condecimal,
)
from typing_extensions import TypedDict
from words import Sampler

from latticework.errors import InputError, SchemaError
from latticework.grammar import json_schema


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    street: str = Field(min_length=1, max_length=40)
    postcode: str = Field(pattern=r"^\d{5}$")
    country: Literal["DE", "FR"] | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = Field(max_length=3)


class Person(BaseModel):
    """A person."""

    model_config = ConfigDict(title="Human")

    name: str
    age: int | None = None
    height: float = Field(gt=0, lt=3)
    born: datetime.date
    seen: datetime.datetime | None = None
    favourite: Colour = Colour.RED
    addresses: list[Address] = Field(default_factory=list, max_length=2)
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    scores: dict[str, float] = {}
    id: uuid.UUID
    amount: Decimal
    point: tuple[int, int]
    anything: Any = None
    wait: datetime.timedelta = datetime.timedelta()
    host: ipaddress.IPv4Address | ipaddress.IPv6Address
    flag: Literal[1, True, "x"] = 1
    alias: int = Field(alias="aliasName")


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0
    tags: list[str] = dataclasses.field(default_factory=list)


class Movie(TypedDict, total=False):
    title: typing.Required[str]
    year: int


TYPES = [Person, Address, Point, Movie, list[Address], int | None, Colour, dict[str, Point], tuple[int, str], Cat | Dog]


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_every_text_reads_back_into_the_type(kind: Any) -> None:
    grammar = json_schema(kind)
    adapter = TypeAdapter(kind)
    validator = Draft202012Validator(adapter.json_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    sampler = Sampler(grammar.node, seed=3)
    for most in range(20, 600, 12):
        data = sampler.text(most)
        value = grammar.parse(data.decode())
        assert value == adapter.validate_json(data)
        validator.validate(decoded(data))


def test_models_become_models() -> None:
    grammar = json_schema(Address)
    text = '{"street":"Am Markt 1","postcode":"12345"}'
    assert matches(grammar.node, text.encode())
    assert grammar.parse(text) == Address(street="Am Markt 1", postcode="12345")
    assert isinstance(json_schema(Point).parse('{"x":1}'), Point)
    assert grammar.schema == Address.model_json_schema()


def test_what_a_model_writes_is_in_its_grammar() -> None:
    address = Address(street='Straße "7"', postcode="04109", country="FR")
    dog = Dog(kind="dog", tricks=["sit", "roll\n"])
    for value in (address, dog):
        assert matches(json_schema(type(value)).node, value.model_dump_json().encode())


TIGHTENED = [
    Decimal,
    condecimal(max_digits=5, decimal_places=2),
    condecimal(decimal_places=2),
    condecimal(max_digits=3),
    condecimal(max_digits=2, decimal_places=2),
    condecimal(gt=0, le=10),
    Annotated[AnyUrl, UrlConstraints(allowed_schemes=["http", "https"], max_length=60)],
    AnyUrl,
    PostgresDsn,
    UUID4,
    UUID7,
    IPvAnyAddress,
    ipaddress.IPv4Network,
    ipaddress.IPv6Interface,
    NaiveDatetime,
    AwareDatetime,
    Base64Bytes,
    Base64UrlBytes,
    set[int],
    Annotated[frozenset[str], Field(min_length=1)],
    bytes,
    pathlib.Path,
    SecretStr,
]


@pytest.mark.parametrize("kind", TIGHTENED, ids=str)
def test_schemas_are_as_strict_as_the_type(kind: Any) -> None:
    grammar = json_schema(kind)
    sampler = Sampler(grammar.node, seed=5)
    for most in range(2, 300, 3):
        grammar.parse(sampler.text(most % 75).decode())


def test_a_set_of_at_least_two_needs_unique_items() -> None:
    with pytest.raises(SchemaError, match="uniqueItems"):
        json_schema(Annotated[set[int], Field(min_length=2)])


def test_lookahead_patterns_are_enforced() -> None:
    node = json_schema({"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"}).node
    for text in ('"1.5"', '"-0003."', '".5"'):
        assert matches(node, text.encode())
    for text in ('"."', '""', '"-"', '"1e5"'):
        assert not matches(node, text.encode())


@pytest.mark.parametrize("source", [None, 3, 2.5, object(), ["type"], lambda: 1])
def test_what_is_no_schema_is_an_input_error(source: Any) -> None:
    with pytest.raises(InputError):
        json_schema(source)


def test_a_type_without_json_schema_is_a_schema_error() -> None:
    class Opaque:
        pass

    with pytest.raises(SchemaError, match="pydantic"):
        json_schema(Opaque)


def test_plain_schemas_read_as_plain_json() -> None:
    grammar = json_schema({"type": "array", "items": {"type": "number"}})
    assert grammar.parse("[1,2.5]") == [1, 2.5]
    with pytest.raises(InputError, match="no JSON"):
        grammar.parse("[1,")
    assert json.loads(json.dumps(grammar.schema)) == grammar.schema
