"""Pydantic types: whatever the constraint writes validates, and what examples dump the constraint accepts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import ipaddress
import pathlib
import uuid
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypeVar

import annotated_types
import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    AnyHttpUrl,
    AnyUrl,
    AwareDatetime,
    BaseModel,
    ByteSize,
    ConfigDict,
    Discriminator,
    Field,
    IPvAnyNetwork,
    Json,
    NegativeInt,
    NonNegativeFloat,
    PlainSerializer,
    RootModel,
    SecretBytes,
    SecretStr,
    StrictInt,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
    computed_field,
    conint,
    conlist,
    constr,
)
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict
from words import Sampler

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import SchemaError
from latticework.grammar import json_schema

T = TypeVar("T")


Amount = Annotated[Decimal, PlainSerializer(float)]  # pydantic dumps a Decimal as text, the constraint wants numbers


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Flag(enum.StrEnum):
    ON = "on"
    OFF = "off"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: conint(ge=1, le=9)  # pyright: ignore[reportInvalidTypeForm]


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: constr(pattern=r"^[A-Z][a-z]+$", max_length=12)  # pyright: ignore[reportInvalidTypeForm]


class Bird(BaseModel):
    kind: Literal[Flag.ON, Flag.OFF]
    wings: int = 2


class Fish(BaseModel):
    kind: Literal[Colour.RED]


class Owner(BaseModel):
    pet: Annotated[Cat | Dog | Bird, Field(discriminator="kind")]
    others: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = []


def kind_of(value: Any) -> str:
    return "number" if isinstance(value, int) else "text"


class Called(BaseModel):
    either: Annotated[Annotated[int, Tag("number")] | Annotated[str, Tag("text")], Discriminator(kind_of)]


class Times(BaseModel):
    day: dt.date
    moment: dt.datetime
    aware: AwareDatetime
    clock: dt.time
    wait: dt.timedelta


class Odd(BaseModel):
    id: uuid.UUID
    data: bytes
    secret: SecretStr
    secret_bytes: SecretBytes
    path: pathlib.Path
    url: AnyUrl
    four: ipaddress.IPv4Address
    six: ipaddress.IPv6Address
    size: ByteSize
    amount: Amount


class Enums(BaseModel):
    colour: Colour
    level: Level
    flag: Flag = Flag.ON
    literal: Literal["a", 1, True, None]


class Constrained(BaseModel):
    step: Annotated[int, Field(multiple_of=5, ge=0, lt=50)]
    quarter: Annotated[float, annotated_types.MultipleOf(0.25), annotated_types.Interval(ge=0, le=2)]
    few: conlist(int, min_length=1, max_length=3)  # pyright: ignore[reportInvalidTypeForm]
    short: Annotated[str, annotated_types.Len(1, 4)]
    lower: Annotated[str, StringConstraints(pattern="^[a-z]*$", min_length=2, max_length=5)]
    negative: NegativeInt
    share: NonNegativeFloat
    strict: StrictInt
    positive: Annotated[Amount, Field(gt=0, max_digits=6, decimal_places=2)]
    digits: Annotated[Decimal, Field(max_digits=6, decimal_places=2)] = Decimal(1)
    many: Annotated[Amount, Field(ge=0, max_digits=5)] = Decimal(1)


class Tree(BaseModel):
    value: int
    left: Tree | None = None
    children: list[Tree] = []


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = None


class Aliased(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    first_name: str
    last_name: str = Field(alias="surname")
    zip_code: str = Field("x", validation_alias=AliasChoices("zip", "postcode"))
    deep: int = Field(0, validation_alias=AliasPath("deep", 0))


class ByName(BaseModel):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    first_name: str = Field(alias="firstName")


class Computed(BaseModel):
    width: int
    height: int = 1

    @computed_field
    @property
    def area(self) -> int:
        return self.width * self.height


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Nested(BaseModel):
    point: Point
    movie: Movie
    pair: Pair


class Containers(BaseModel):
    fixed: tuple[int, str]
    many: tuple[int, ...]
    empty: tuple[()] = ()
    colours: set[Colour]
    words: frozenset[str] = frozenset()
    queue: deque[int] = deque()
    sequence: Sequence[bool] = ()
    by_name: dict[str, int]
    by_number: dict[int, str]
    by_colour: dict[Colour, float]
    by_level: dict[Level, None] = {}
    by_date: dict[dt.date, bool] = {}
    by_pattern: dict[Annotated[str, Field(pattern="^[a-z]+$", max_length=4)], int] = {}
    by_flag: dict[bool, int] = {}
    by_literal: dict[Literal["a", 1], int] = {}
    by_either: dict[int | Colour, int] = {}
    by_small: dict[Annotated[int, Field(ge=-1, lt=3)], int] = {}
    by_natural: dict[Annotated[int, Field(ge=0)], int] = {}
    by_float: dict[float, int] = {}


class Loose(BaseModel):
    any: Any
    nothing: None
    maybe: int | str | None
    default: int | None = 3
    mixed: list[int | list[str]] = []
    object: dict[str, Any] = {}


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    a: int


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    a: int
    __pydantic_extra__: dict[str, int] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]


class Text(BaseModel):
    model_config = ConfigDict(str_max_length=5, str_strip_whitespace=True, regex_engine="rust-regex")

    a: str
    b: Annotated[str, Field(pattern=r"^\d+(?:\.\d\d)?$")]


class Numbers(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    a: float
    b: Annotated[float, Field(gt=-1.5, lt=1e6)]


class Ids(RootModel[list[uuid.UUID]]):
    pass


class Frozen(BaseModel, frozen=True):
    a: int = Field(1, examples=[2], description="d", deprecated=True)
    b: Annotated[str, AfterValidator(str.upper)] = "B"


NOW = dt.datetime(2024, 2, 29, 12, 30, 1, 500, tzinfo=dt.UTC)
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
EXAMPLES: list[tuple[Any, list[Any]]] = [
    (Owner, [Owner(pet=Cat(kind="cat", lives=3), others=[Dog(name="Rex")]), Owner(pet=Bird(kind=Flag.ON))]),
    (Called, [Called(either=3), Called(either="x")]),
    (
        Times,
        [
            Times(
                day=NOW.date(), moment=NOW, aware=NOW, clock=dt.time(1, 2, 3, tzinfo=dt.UTC), wait=dt.timedelta(hours=1)
            )
        ],
    ),
    (
        Odd,
        [
            Odd(
                id=ID,
                data=b"ab",
                secret=SecretStr("s"),
                secret_bytes=SecretBytes(b"s"),
                path=pathlib.Path("a/b"),
                url=AnyUrl("https://example.org/a?b=c"),
                four=ipaddress.IPv4Address("127.0.0.1"),
                six=ipaddress.IPv6Address("::1"),
                size=ByteSize(12),
                amount=Decimal("1.5"),
            )
        ],
    ),
    (
        Enums,
        [
            Enums(colour=Colour.RED, level=Level.HIGH, literal=None),
            Enums(colour=Colour.BLUE, level=Level.LOW, literal=1),
        ],
    ),
    (
        Constrained,
        [
            Constrained(
                step=45,
                quarter=1.75,
                few=[1, 2],
                short="abcd",
                lower="ab",
                negative=-3,
                share=0.5,
                strict=7,
                positive=Decimal("12.50"),
            )
        ],
    ),
    (Tree, [Tree(value=1, left=Tree(value=2), children=[Tree(value=3)])]),
    (Page[Cat], [Page[Cat](items=[Cat(kind="cat", lives=1)], next="n")]),
    (Page[int | None], [Page[int | None](items=[1, None])]),
    (Aliased, []),  # its aliases for validation are not those for serialisation
    (ByName, [ByName.model_validate({"first_name": "a"})]),
    (Computed, [Computed(width=2)]),
    (Nested, [Nested(point=Point(1.0), movie={"title": "t", "year": 1999}, pair=Pair(1))]),
    (
        Containers,
        [
            Containers(
                fixed=(1, "a"),
                many=(1, 2),
                colours={Colour.RED},
                by_name={"a": 1},
                by_number={7: "x", -12: "y"},
                by_colour={Colour.BLUE: 0.5},
                by_level={Level.LOW: None},
                by_date={NOW.date(): True},
                by_pattern={"ab": 1},
                by_flag={True: 1},
                by_literal={"a": 1},
                by_either={5: 1, Colour.RED: 2},
                by_small={-1: 1},
                by_natural={0: 1, 12: 2},
                by_float={1.5: 1},
            )
        ],
    ),
    (Loose, [Loose(any={"a": [1, "b", None]}, nothing=None, maybe="x", mixed=[1, ["a"]], object={"k": 1.5})]),
    (Closed, [Closed(a=1)]),
    (Open, [Open.model_validate({"a": 1, "b": 2})]),
    (Text, [Text(a="abcde", b="12.50")]),
    (Numbers, [Numbers(a=1.5, b=-1.25)]),
    (Ids, [Ids([ID])]),
    (Frozen, [Frozen(a=1)]),
    (Point, [Point(1.5, 2.5)]),
    (Movie, [{"title": "t"}]),
    (Pair, [Pair(1, "x")]),
    (Colour, [Colour.RED]),
    (Cat | None, [None, Cat(kind="cat", lives=2)]),
    (dict[Colour, list[Point]], [{Colour.RED: [Point(1.0, 2.0)]}]),
    (AnyHttpUrl, [AnyHttpUrl("https://example.com/x")]),
    (IPvAnyNetwork, []),
    (int, [5]),
    (Annotated[str, Field(min_length=2)], ["ab"]),
    (Annotated[set[Colour], Field(min_length=2)], [{Colour.RED, Colour.BLUE}]),
]
LENGTHS = range(0, 420, 12)


def name_of(case: Any) -> str:
    return getattr(case, "__name__", str(case)) if not isinstance(case, list) else ""


@pytest.mark.parametrize(("kind", "examples"), EXAMPLES, ids=name_of)
def test_what_is_written_validates(kind: Any, examples: list[Any]) -> None:
    adapter = TypeAdapter(kind)
    grammar = json_schema(kind)
    sampler = Sampler(grammar.node, seed=7)
    for most in LENGTHS:
        data = sampler.text(most)
        assert adapter.validate_json(data) == grammar.parse(data.decode())


@pytest.mark.parametrize(("kind", "examples"), EXAMPLES, ids=name_of)
def test_what_is_dumped_is_accepted(kind: Any, examples: list[Any]) -> None:
    adapter = TypeAdapter(kind)
    automaton = build_automaton(json_schema(kind).node)
    for example in examples:
        data = adapter.dump_json(example, round_trip=True, by_alias=True)
        assert run.accepts(automaton, data), data


@pytest.mark.parametrize(
    "kind",
    [Json[list[int]], dict[tuple[int, int], int], dict[Annotated[int, Field(gt=5)], int], dict[Literal[1], int]],
    ids=str,
)
def test_what_has_no_text_is_refused(kind: Any) -> None:
    with pytest.raises(SchemaError, match="pydantic has no JSON Schema"):
        json_schema(kind)


def test_tags_that_are_never_found_leave_their_branch_out() -> None:
    union = Annotated[Cat | Fish, Field(discriminator="kind")]
    automaton = build_automaton(json_schema(union).node)
    assert run.accepts(automaton, b'{"kind":"cat","lives":1}')
    assert not run.accepts(automaton, b'{"kind":"red"}')
    with pytest.raises(ValidationError):
        TypeAdapter(union).validate_json(b'{"kind":"red"}')


def test_the_tag_of_a_union_is_written_even_where_it_has_a_default() -> None:
    automaton = build_automaton(json_schema(Owner).node)
    assert run.accepts(automaton, b'{"pet":{"kind":"dog","name":"Rex"}}')
    assert not run.accepts(automaton, b'{"pet":{"name":"Rex"}}')


def test_keys_stay_bound_where_objects_are_open() -> None:
    grammar = json_schema(dict[Annotated[str, Field(pattern="^a+$")], int], open_objects=True)
    automaton = build_automaton(grammar.node)
    assert run.accepts(automaton, b'{"aa":1}')
    assert not run.accepts(automaton, b'{"b":1}')
