"""An HTTP server that speaks the OpenAI API: ``latticework serve``, or :func:`create_app` for a server of one's own.

Needs the extra ``server`` (``pip install latticework[server]``). Requests are read and checked, their grammars compiled
and their canvases opened outside the event loop; one thread denoises all canvases together, which join and leave
between forwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from latticework.server.settings import Settings

if TYPE_CHECKING:
    from latticework.server.app import create_app as create_app
    from latticework.server.running import serve as serve

__all__ = ["Settings", "create_app", "serve"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    homes = {"create_app": "latticework.server.app", "serve": "latticework.server.running"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(homes[name]), name)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("starlette", "uvicorn", "prometheus_client"):
            raise
        from latticework.errors import InputError

        raise InputError(f"the server needs {package}: pip install 'latticework[server]'") from error
