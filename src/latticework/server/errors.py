"""Refusals in the form that clients of the OpenAI API expect."""

from __future__ import annotations

from typing import Any

from latticework.errors import (
    GrammarError,
    Infeasible,
    InputError,
    LatticeworkError,
    LimitExceeded,
    SchemaError,
)


class ApiError(Exception):
    """An answer other than success.

    Attributes:
        status: of HTTP.
        message: for people; names no path of this machine.
        param: the field concerned, as a path into the request's body.
        code: for programs.
        headers: further headers of the answer.
        details: what is wrong in a schema, issue by issue.
    """

    def __init__(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        details: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.headers = headers or {}
        self.details = details

    def body(self) -> dict[str, Any]:
        """``{"error": {...}}``."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": _kind(self.status),
            "param": self.param,
            "code": self.code,
        }
        if self.details is not None:
            error["details"] = self.details
        return {"error": error}


def _kind(status: int) -> str:
    if status == 401:
        return "authentication_error"
    if status == 404:
        return "not_found_error"
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"


def internal_error() -> ApiError:
    """For what should not happen; the log has the rest."""
    return ApiError(500, "internal error; the server's log says more", code="internal_error")


def shut_down() -> ApiError:
    """For requests that come, or are not done, while the server shuts down."""
    return ApiError(503, "the server is shutting down", code="draining", headers={"Retry-After": "5"})


def refusal(error: LatticeworkError, param: str | None) -> ApiError:
    """The answer for what the library refuses before a forward: the request is at fault."""
    details: list[dict[str, str]] | None = None
    match error:
        case SchemaError():
            code = "invalid_schema"
            details = [
                {"pointer": issue.pointer, "keyword": issue.keyword, "message": issue.message, "hint": issue.hint}
                for issue in error.issues
            ]
        case GrammarError():
            code = "invalid_grammar"
        case LimitExceeded():
            code = "limit_exceeded"
        case Infeasible():
            code = "infeasible"
        case InputError():
            code = "invalid_value"
        case _:
            return internal_error()
    return ApiError(400, str(error), param, code, details=details)


def failure(error: Exception) -> ApiError:
    """The answer for what goes wrong while a canvas is denoised."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, LimitExceeded):
        return ApiError(422, f"{error}: the canvas could not be decided within its limits", code="limit_exceeded")
    return internal_error()
