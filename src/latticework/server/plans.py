"""What one request asks of the model, whatever endpoint it came by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from latticework.chat.prompts import Turn, as_prompt
from latticework.diffusion.options import Options
from latticework.diffusion.policies.registry import BY_NAME
from latticework.diffusion.policy import choose_policy
from latticework.errors import InputError
from latticework.server.errors import ApiError, refusal

if TYPE_CHECKING:
    from latticework.chat.tool_text import Tool
    from latticework.models.holes import Part
    from latticework.server.bodies import Sampling
    from latticework.server.grammars import Spec

# What a stream has sent must stand, so policies that take commits back or change a canvas's length are not offered.
OFFERED = tuple(name for name, kind in BY_NAME.items() if not kind.revises)
_FILES = frozenset({"filter", "background"})


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked request.

    Attributes:
        prompts: one text for the model each, a canvas for each of ``n`` candidates of each.
        prompt_param: the field that the prompts came from.
        options: how to denoise.
        turns: the conversation that the prompt stands for, for models with a chat template.
        spec: the grammar asked for; ``None`` for plain text.
        parts: texts and holes, where the canvas has fixed text; then there is one prompt, which may be empty.
        only_hole: whether the text of the answer is that of the hole alone.
        max_tokens: slots of a canvas without fixed text.
        max_tokens_param: the field it came from.
        n: candidates for each prompt.
        seed: of the first candidate; the others count up.
        stop: texts that end a plain text.
        stop_ids: token ids that do, beside those of the model.
        streams: whether text is reported before it is complete.
        drafts, fields: whether the current completion, and values that are final, are reported.
        tools: in play.
    """

    prompts: Sequence[str]
    prompt_param: str
    options: Options
    turns: tuple[Turn, ...] | None = None
    spec: Spec | None = None
    parts: tuple[Part, ...] | None = None
    only_hole: bool = False
    max_tokens: int | None = None
    max_tokens_param: str = "max_tokens"
    n: int = 1
    seed: int | None = None
    stop: tuple[str, ...] = ()
    stop_ids: tuple[int, ...] = ()
    streams: bool = False
    drafts: bool = False
    fields: bool = False
    tools: tuple[Tool, ...] = ()

    @property
    def canvases(self) -> int:
        """How many canvases the request takes."""
        return len(self.prompts) * self.n


def options_of(body: Sampling, block_length: int | None) -> Options:
    """How to denoise. ``block_length`` is what suits the model.

    Raises ``ApiError`` for a parameter that belongs to another policy.
    """
    if body.policy is not None and body.policy not in OFFERED:
        message = f"policy must be one of {', '.join(OFFERED)}, not {body.policy[:80]!r}"
        raise ApiError(400, message, "policy", "invalid_value")
    options = body.policy_options or {}
    for name in _FILES & options.keys():
        raise ApiError(
            400, f"{name} names a file, which a server does not read", f"policy_options.{name}", "unknown_field"
        )
    try:
        policy = choose_policy(
            body.policy, threshold=body.threshold, steps=body.steps, gamma=body.gamma, options=options
        )
    except InputError as error:
        raise refusal(error, "policy_options" if options else "policy") from None
    return Options(policy, temperature=body.temperature or 0.0, block_length=body.block_length or block_length)


def prompt_of(turns: Sequence[Turn], param: str) -> str:
    """The conversation as one text; ``ApiError`` where nothing is said in the field it came from."""
    try:
        return as_prompt(turns)
    except InputError as error:
        raise refusal(error, param) from None


def stops_of(stop: str | list[str] | None, spec: Spec | None) -> tuple[str, ...]:
    """Texts that end the text, checked.

    Raises ``ApiError``: more than four, an empty one, or beside a constraint, which says itself where a text ends.
    """
    found = tuple(dict.fromkeys([stop] if isinstance(stop, str) else stop or ()))
    if len(found) > 4 or "" in found:
        raise ApiError(400, "stop takes up to 4 texts, none of them empty", "stop", "invalid_value")
    if found and spec is not None:
        message = f"stop would cut a text that {spec.param} wants whole; leave one of them out"
        raise ApiError(400, message, "stop", "contradiction")
    return found
