"""What the bodies of several endpoints share, field by field; what is not listed is refused by name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of all bodies: JSON types as they are, no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Schema = dict[str, Any]


class TextFormat(Part):
    """Any text."""

    type: Literal["text"]


class JsonObjectFormat(Part):
    """Any JSON object."""

    type: Literal["json_object"]


class NamedSchema(Part):
    """A JSON Schema with a name."""

    name: Name
    schema_: Annotated[Schema, Field(alias="schema")]
    description: str | None = None
    strict: Annotated[bool | None, Field(description="Always enforced, whatever is said here.")] = None


class JsonSchemaFormat(Part):
    """A JSON document that satisfies a schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


ResponseFormat = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")]


class StructuredOutputs(Part):
    """A constraint: one of ``json``, ``regex``, ``choice``, ``grammar``, ``json_object``, ``structural_tag``."""

    json_: Annotated[Any, Field(alias="json", description="JSON Schema, as an object, a boolean or JSON text.")] = None
    regex: Annotated[str | None, Field(description="Regular expression for the whole text.")] = None
    choice: Annotated[list[str] | None, Field(min_length=1, description="Texts to choose from.")] = None
    grammar: Annotated[
        str | None, Field(description="Context-free grammar: Lark, GBNF, or the name of a shipped one.")
    ] = None
    json_object: Annotated[bool | None, Field(description="Any JSON object.")] = None
    structural_tag: Annotated[Any, Field(description="Structural tag, as an object or JSON text.")] = None
    whitespace: Annotated[
        Literal["compact", "spaced", "pretty", "any"] | None, Field(description="Blanks of JSON; compact.")
    ] = None
    disable_any_whitespace: Annotated[
        bool | None, Field(description="true asks for compact JSON, which is the default.")
    ] = None
    disable_additional_properties: Annotated[
        bool | None, Field(description="false opens objects as JSON Schema has it; they are closed by default.")
    ] = None


class StreamOptions(Part):
    """What a stream brings beside the text."""

    include_usage: Annotated[bool, Field(description="A last chunk with the usage.")] = False
    include_fields: Annotated[bool, Field(description="Chunks with JSON values once they are final.")] = False
    include_drafts: Annotated[bool, Field(description="Chunks with the current completion, which may change.")] = False
    include_obfuscation: Annotated[bool | None, Field(description="Nothing is padded here; false is fine.")] = None


class Sampling(Part):
    """What all generating endpoints share."""

    model: Annotated[str, Field(description="Id of the served model.")]
    seed: Annotated[int | None, Field(ge=-(2**63), lt=2**63, description="Reproduces a sample.")] = None
    temperature: Annotated[
        float | None, Field(ge=0, le=2, allow_inf_nan=False, description="0, the default: the likeliest text.")
    ] = None
    stream: bool | None = None
    structured_outputs: StructuredOutputs | None = None
    policy: Annotated[str | None, Field(max_length=80, description="Which slots to commit after a forward.")] = None
    policy_options: Annotated[
        dict[str, bool | int | float | str] | None, Field(max_length=20, description="Options of the policy, by name.")
    ] = None
    threshold: Annotated[float | None, Field(ge=0, le=1, description="Short for the option of this name.")] = None
    steps: Annotated[int | None, Field(ge=1, le=100_000, description="Short for the option of this name.")] = None
    gamma: Annotated[
        float | None, Field(ge=0, allow_inf_nan=False, description="Short for the option of this name.")
    ] = None
    block_length: Annotated[int | None, Field(ge=1, le=100_000, description="Decode in blocks of this many slots.")] = (
        None
    )
    user: Annotated[str | None, Field(description="Accepted, not used.")] = None
    metadata: Annotated[dict[str, Any] | None, Field(description="Accepted; the Responses API returns it.")] = None
    service_tier: Annotated[str | None, Field(description="Accepted, not used.")] = None
    safety_identifier: Annotated[str | None, Field(description="Accepted, not used.")] = None
    prompt_cache_key: Annotated[str | None, Field(description="Accepted, not used.")] = None


MaxTokens = Annotated[int | None, Field(ge=1, description="Slots of the canvas: most tokens of the text.")]
Stop = Annotated[str | list[str] | None, Field(description="Up to 4 texts that end a text without a constraint.")]
StopIds = Annotated[
    list[int] | None, Field(max_length=64, description="Further token ids that end a text without a constraint.")
]
Choices = Annotated[int | None, Field(ge=1, description="Candidates; candidate k has the seed plus k.")]
