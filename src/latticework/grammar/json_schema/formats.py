"""String formats as regular expressions, each inside what its standard and ``jsonschema``'s checkers accept.

Where a standard allows oddities that readers disagree on, the pattern is narrower: RFC 3339 dates have
years 0001 to 9999, real month lengths and leap years, capital T and Z, no leap second and at most nine
fraction digits; e-mail addresses and host names are ASCII without quoting; durations use the units of
ISO 8601 in order; URIs are RFC 3986 with a registered name, IPv4 or bracketed IPv6 host.
"""

from __future__ import annotations

_YEAR = r"(?:\d{3}[1-9]|\d{2}[1-9]\d|\d[1-9]\d{2}|[1-9]\d{3})"
_LEAP_YEAR = r"(?:\d{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DATE = (
    rf"(?:{_YEAR}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    rf"|{_LEAP_YEAR}-02-29)"
)
_HOURS_MINUTES = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIME = rf"{_HOURS_MINUTES}:[0-5]\d(?:\.\d{{1,9}})?(?:Z|[+-]{_HOURS_MINUTES})"

_CLOCK = r"T(?:\d{1,9}H(?:\d{1,9}M(?:\d{1,9}S)?)?|\d{1,9}M(?:\d{1,9}S)?|\d{1,9}S)"
_DAYS = r"\d{1,9}D"
_CALENDAR = rf"(?:\d{{1,9}}Y(?:\d{{1,9}}M(?:{_DAYS})?)?|\d{{1,9}}M(?:{_DAYS})?|{_DAYS})"
_DURATION = rf"P(?:{_CALENDAR}(?:{_CLOCK})?|{_CLOCK}|\d{{1,9}}W)"

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = rf"{_LABEL}(?:\.{_LABEL}){{0,3}}"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_EMAIL = rf"{_ATOM}(?:\.{_ATOM}){{0,3}}@{_HOSTNAME}"

_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d{2}|[1-9]?\d)"
_IPV4 = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
_GROUP = r"[0-9A-Fa-f]{1,4}"


def _ipv6() -> str:
    """RFC 4291: eight groups, the last two also as IPv4, one run of groups as ``::``."""
    tail = rf"(?:{_GROUP}:{_GROUP}|{_IPV4})"
    options = [rf"(?:{_GROUP}:){{6}}{tail}"]
    for before in range(7):
        left = "" if before == 0 else rf"{_GROUP}(?::{_GROUP}){{{before - 1}}}"
        after = 7 - before
        groups = rf"(?:{_GROUP}(?::{_GROUP}){{0,{after - 1}}})?"
        options.append(rf"{left}::{groups}")
        if after >= 2:
            options.append(rf"{left}::(?:{_GROUP}:){{0,{after - 2}}}{_IPV4}")
    options.append(rf"(?:{_GROUP}:){{7}}:")
    return f"(?:{'|'.join(options)})"


_IPV6 = _ipv6()
_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"

_UNRESERVED = r"A-Za-z0-9._~-"
_SUBDELIMS = r"!$&'()*+,;="
_ESCAPED = r"%[0-9A-Fa-f]{2}"
_PCHAR = rf"(?:[{_SUBDELIMS}:@{_UNRESERVED}]|{_ESCAPED})"
_HOST = rf"(?:\[{_IPV6}\]|(?:[{_SUBDELIMS}{_UNRESERVED}]|{_ESCAPED})*)"
_AUTHORITY = rf"//(?:(?:[{_SUBDELIMS}:{_UNRESERVED}]|{_ESCAPED})*@)?{_HOST}(?::\d{{0,5}})?"
_QUERY_FRAGMENT = rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?"
_ABSOLUTE_PATH = rf"(?:/{_PCHAR}*)*"
_ROOTLESS_PATH = rf"(?:/?{_PCHAR}+{_ABSOLUTE_PATH}|/)?"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*"
_URI = rf"{_SCHEME}:(?:{_AUTHORITY}{_ABSOLUTE_PATH}|{_ROOTLESS_PATH}){_QUERY_FRAGMENT}"
_SEGMENT_WITHOUT_COLON = rf"(?:[{_SUBDELIMS}@{_UNRESERVED}]|{_ESCAPED})+"
_RELATIVE_PATH = rf"(?:/(?:{_PCHAR}+{_ABSOLUTE_PATH})?|{_SEGMENT_WITHOUT_COLON}{_ABSOLUTE_PATH})?"
_RELATIVE = rf"(?:{_AUTHORITY}{_ABSOLUTE_PATH}|{_RELATIVE_PATH}){_QUERY_FRAGMENT}"
_URI_REFERENCE = rf"(?:{_URI}|{_RELATIVE})"

_JSON_POINTER = r"(?:/(?:[^~/\x00-\x1f]|~[01])*)*"
_RELATIVE_JSON_POINTER = rf"(?:0|[1-9]\d{{0,8}})(?:#|{_JSON_POINTER})"

# Full matches. A format of the standards that is not here is refused; any other name is an annotation.
PATTERNS = {
    "date": _DATE,
    "date-time": f"{_DATE}T{_TIME}",
    "duration": _DURATION,
    "email": _EMAIL,
    "hostname": _HOSTNAME,
    "idn-email": _EMAIL,
    "idn-hostname": _HOSTNAME,
    "ipv4": _IPV4,
    "ipv6": _IPV6,
    "iri": _URI,
    "iri-reference": _URI_REFERENCE,
    "json-pointer": _JSON_POINTER,
    "relative-json-pointer": _RELATIVE_JSON_POINTER,
    "time": _TIME,
    "uri": _URI,
    "uri-reference": _URI_REFERENCE,
    "uuid": _UUID,
}

REFUSED = {
    "regex": "use a pattern that describes the expressions you want",
    "uri-template": "use format uri, or a pattern",
}
