"""One parameter of a command made of several options, the same for every command that has it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, get_type_hints


def with_options(
    command: Callable[..., None],
    parameter: str,
    options: Mapping[str, tuple[Any, Any]],
    build: Callable[[dict[str, Any]], Any],
) -> Callable[..., None]:
    """The command with options in place of a parameter.

    Args:
        parameter: its name.
        options: type, annotated for typer, and default of every option by its name.
        build: from the values by name to that of the parameter.
    """
    signature = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    for name, own in signature.parameters.items():
        if name != parameter:
            parameters.append(own.replace(annotation=hints[name]))
            continue
        for keyword, (kind, default) in options.items():
            parameters.append(
                inspect.Parameter(keyword, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            )

    @wraps(command)
    def wrapper(**arguments: Any) -> None:
        found = {keyword: arguments.pop(keyword) for keyword in options}
        command(**arguments, **{parameter: build(found)})

    keyword_only = [own.replace(kind=inspect.Parameter.KEYWORD_ONLY) for own in parameters]
    wrapper.__signature__ = signature.replace(parameters=keyword_only)  # pyright: ignore[reportAttributeAccessIssue]
    wrapper.__annotations__ = {own.name: own.annotation for own in keyword_only}
    return wrapper
