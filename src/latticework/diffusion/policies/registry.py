"""Policies by name, and their options from what a user gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from latticework.diffusion import policies as all_of
from latticework.diffusion.policies.contract import Policy
from latticework.errors import InputError

BY_NAME: dict[str, type[Policy]] = {
    "threshold": all_of.Threshold,
    "low-confidence": all_of.LowConfidence,
    "entropy-bound": all_of.EntropyBound,
    "random": all_of.RandomOrder,
    "first-hitting": all_of.FirstHitting,
    "entropy": all_of.Entropy,
    "margin": all_of.Margin,
    "factor": all_of.Factor,
    "local-leap": all_of.LocalLeap,
    "klass": all_of.KLASS,
    "ccd": all_of.CCD,
    "ete": all_of.ETE,
    "pc-sampler": all_of.PCSampler,
    "eoser": all_of.EOSER,
    "ascending": all_of.Ascending,
    "prophet": all_of.Prophet,
    "learned": all_of.Learned,
    "freedave": all_of.FreeDave,
    "editing": all_of.Editing,
    "saber": all_of.Saber,
    "rcr": all_of.RCR,
    "remdm": all_of.ReMDM,
    "wino": all_of.WINO,
    "rho-eos": all_of.RhoEOS,
    "daedal": all_of.DAEDAL,
}
POLICIES = tuple(BY_NAME)


def options_of(name: str) -> tuple[str, ...]:
    """Options of a policy, in the order of its fields; ``InputError`` when there is none of that name."""
    return tuple(option.name for option in fields(_class(name)))


def make_policy(name: str, **options: Any) -> Policy:
    """The policy called ``name``; options that are ``None`` are not given.

    Raises ``InputError``: there is no such policy, it has no such option, or the option has a wrong value.
    """
    kind = _class(name)
    given = {option: value for option, value in options.items() if value is not None}
    known = options_of(name)
    for option in given:
        if option not in known:
            raise InputError(f"{option}= is no option of the policy {name!r}, which takes {', '.join(known)}")
    hints = get_type_hints(kind)
    for option, value in given.items():
        _check_type(name, option, value, hints[option])
    return kind(**given)


def read_options(name: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Options written as texts, as on the command line, with the types of the policy's fields (``InputError``)."""
    hints = get_type_hints(_class(name))
    return {option: _read(option, text, hints.get(option, str)) for option, text in texts.items()}


def choose_policy(
    policy: str | Policy | None,
    *,
    threshold: float | None = None,
    steps: int | None = None,
    gamma: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Policy:
    """A policy from what a user gave: itself, a name with options, or just its parameter (``InputError``)."""
    short = {"threshold": threshold, "steps": steps, "gamma": gamma}
    given = {option: value for option, value in short.items() if value is not None}
    twice = sorted(given.keys() & (options or {}).keys())
    if twice:
        raise InputError(f"{twice[0]} is given twice: on its own and among the policy's options")
    if isinstance(policy, Policy):
        if given or options:
            raise InputError("threshold, steps, gamma and policy_options go with a policy's name, not with a Policy")
        return policy
    if policy is None:
        policy = "low-confidence" if steps is not None else "entropy-bound" if gamma is not None else "threshold"
    return make_policy(policy, **given, **(options or {}))


def _class(name: str) -> type[Policy]:
    if name not in BY_NAME:
        raise InputError(f"unknown policy {name!r}; known: {', '.join(POLICIES)}")
    return BY_NAME[name]


def _check_type(name: str, option: str, value: Any, hint: Any) -> None:
    allowed = _types(hint)
    if isinstance(value, bool) and bool not in allowed:
        allowed = ()
    if not isinstance(value, tuple({*allowed, int} if float in allowed else allowed)):
        wanted = " or ".join(kind.__name__ for kind in _types(hint))
        raise InputError(f"{option} of the policy {name!r} must be {wanted}, got {value!r}")


def _types(hint: Any) -> tuple[type, ...]:
    parts = getattr(hint, "__args__", None) or (hint,)
    return tuple(part for part in parts if part is not type(None))


def _read(option: str, text: str, hint: Any) -> Any:
    [kind] = _types(hint)
    if kind is bool:
        found = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(text.lower())
        if found is None:
            raise InputError(f"{option} must be true or false, got {text!r}")
        return found
    try:
        return kind(text)
    except ValueError:
        raise InputError(f"{option} must be {kind.__name__}, got {text!r}") from None
