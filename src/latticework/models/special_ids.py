"""Which token ids mean what, from a checkpoint's config, generation config and tokenizer, which must agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from latticework.errors import ModelError
from latticework.models.families import Config, Family


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """Ids with a meaning to the decoding loop.

    Attributes:
        mask: stands in open slots; ``None`` for a model whose noise is tokens.
        ends: end an answer (end of text, end of turn).
        pads: may fill the canvas after an answer.
    """

    mask: int | None
    ends: tuple[int, ...]
    pads: tuple[int, ...]

    def roles(self) -> dict[int, str]:
        """Role by id for the vocabulary; an id that ends an answer and pads it, too, ends it."""
        roles = dict.fromkeys(self.pads, "pad") | dict.fromkeys(self.ends, "eos")
        return roles if self.mask is None else roles | {self.mask: "mask"}


def special_ids(family: Family, config: Config, generation: Config, tokenizer: Any, width: int) -> SpecialIds:
    """The ids of a checkpoint.

    Args:
        config, generation: ``config.json`` and ``generation_config.json`` (may be empty).
        tokenizer: as transformers loads it.
        width: columns of the logits.

    Raises:
        ModelError: sources name different mask ids, none names one, an id has no column, stands for text, or nothing
            ends an answer.
    """
    strings = {"eos": tokenizer.eos_token_id, "pad": tokenizer.pad_token_id}
    ends = _union(strings["eos"], config.get("eos_token_id"), generation.get("eos_token_id"))
    ends += [i for i in (_id_of(tokenizer, token) for token in family.turn_ends) if i is not None and i not in ends]
    pads = _union(strings["pad"], config.get("pad_token_id"), generation.get("pad_token_id"))
    mask = _mask(family, config, generation, tokenizer) if family.mask_tokens else None
    if not ends:
        raise ModelError("neither the tokenizer nor the config names a token that ends an answer (eos_token_id)")
    found = SpecialIds(mask, tuple(ends), tuple(i for i in pads if i not in ends))
    _check(found, tokenizer, width)
    return found


def _mask(family: Family, config: Config, generation: Config, tokenizer: Any) -> int:
    sources: dict[str, int] = {}
    for name, given in (("config.json", config), ("generation_config.json", generation)):
        for field in ("mask_token_id", "mask_id"):
            if given.get(field) is not None:
                if isinstance(given[field], bool) or not isinstance(given[field], int):
                    raise ModelError(f"{field} of {name} must be an integer, got {given[field]!r}")
                sources[f"{field} of {name}"] = int(given[field])
    if tokenizer.mask_token_id is not None:
        sources["the tokenizer's mask token"] = int(tokenizer.mask_token_id)
    named = {token: _id_of(tokenizer, token) for token in family.mask_tokens}
    first = next(((token, i) for token, i in named.items() if i is not None), None)
    # A tokenizer may have several of these tokens; one that agrees with the other sources is enough.
    if first is not None and not any(i in sources.values() for i in named.values()):
        sources[f"the token {first[0]}"] = first[1]
    if not sources:
        raise ModelError(
            f"no mask token: config.json has no mask_token_id and the tokenizer none of {', '.join(family.mask_tokens)}"
        )
    if len(set(sources.values())) > 1:
        told = ", ".join(f"{value} by {source}" for source, value in sources.items())
        raise ModelError(f"the checkpoint names different mask ids: {told}")
    return next(iter(sources.values()))


def _check(ids: SpecialIds, tokenizer: Any, width: int) -> None:
    special = {int(i) for i in tokenizer.all_special_ids} | set(map(int, tokenizer.added_tokens_decoder))
    known = len(tokenizer)
    for what, own in (("mask", (ids.mask,)), ("end", ids.ends), ("pad", ids.pads)):
        for i in own:
            if i is None:
                continue
            if not 0 <= i < width:
                raise ModelError(f"the {what} id {i} has no column in the {width} logits of the model")
            if i >= known and what != "mask":
                raise ModelError(f"the {what} id {i} of the configs is none of the {known} ids of the tokenizer")
            if i < known and i not in special and tokenizer.convert_ids_to_tokens(i) is not None:
                token = tokenizer.convert_ids_to_tokens(i)
                raise ModelError(f"the {what} id {i} is the ordinary token {token!r} of the tokenizer")
    if ids.mask is not None and ids.mask in (*ids.ends, *ids.pads):
        raise ModelError(f"the mask id {ids.mask} is an end or pad id, too")


def _id_of(tokenizer: Any, token: str) -> int | None:
    """Id of an added token, ``None`` where the tokenizer has none of this name."""
    added: Mapping[str, int] = tokenizer.get_added_vocab()
    return added.get(token)


def _union(*given: int | Iterable[int] | None) -> list[int]:
    """Ids of fields that hold an id, a list of them, or nothing, without repetition. ``ModelError`` for others."""
    ids: list[int] = []
    for value in given:
        for i in value if isinstance(value, list | tuple) else [] if value is None else [value]:
            if isinstance(i, bool) or not isinstance(i, int):
                raise ModelError(f"an end or pad id of the configs must be an integer, got {i!r}")
            if i not in ids:
                ids.append(int(i))
    return ids
