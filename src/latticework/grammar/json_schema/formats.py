"""String formats as regular expressions, each inside what its standard and ``jsonschema``'s checkers accept.

Where a standard allows oddities that readers disagree on, the pattern is narrower: RFC 3339 dates have
years 0001 to 9999, real month lengths and leap years, capital T and Z, no leap second and at most nine
fraction digits; host names are ASCII, without encoded labels (``xn--``), and have at most 63
characters in all; e-mail addresses are unquoted, with a dotted domain that ends in letters, and at most 64 characters;
durations have up to nine digits per unit, fewer for large ones; URIs are RFC 3986 without bracketed hosts.
"""

from __future__ import annotations

_YEAR = r"(?:\d{3}[1-9]|\d{2}[1-9]\d|\d[1-9]\d{2}|[1-9]\d{3})"
_LEAP_YEAR = r"(?:\d{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
DATE = (
    rf"(?:{_YEAR}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    rf"|{_LEAP_YEAR}-02-29)"
)
HOURS_MINUTES = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIME = rf"{HOURS_MINUTES}:[0-5]\d(?:\.\d{{1,9}})?(?:Z|[+-]{HOURS_MINUTES})"

_CLOCK = r"T(?:\d{1,7}H(?:\d{1,8}M(?:\d{1,9}S)?)?|\d{1,8}M(?:\d{1,9}S)?|\d{1,9}S)"
_DAYS = r"\d{1,6}D"
_CALENDAR = rf"(?:\d{{1,4}}Y(?:\d{{1,5}}M(?:{_DAYS})?)?|\d{{1,5}}M(?:{_DAYS})?|{_DAYS})"
_DURATION = rf"P(?:{_CALENDAR}(?:{_CLOCK})?|{_CLOCK}|\d{{1,5}}W)"

# No hyphens third and fourth: so begin encoded names (RFC 5891), whose code points would have to be judged.
_ALNUM, _INNER = "[A-Za-z0-9]", "[A-Za-z0-9-]"
_LABEL = rf"{_ALNUM}(?:{_INNER}{{0,2}}{_ALNUM}|{_INNER}(?:{_ALNUM}{_INNER}|-{_ALNUM}){_INNER}*{_ALNUM})?"
_HOSTNAME = rf"{_LABEL}(?:\.{_LABEL})*"
_IDN_LABEL = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_IDN_HOSTNAME = rf"{_IDN_LABEL}(?:\.{_IDN_LABEL})*"
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_EMAIL = rf"{_ATEXT}+(?:\.{_ATEXT}+)*@(?:{_LABEL}\.)+[A-Za-z]{{2,}}"

_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d{2}|[1-9]?\d)"
_IPV4 = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
_GROUP = r"[0-9A-Fa-f]{1,4}"


def _after_gap(left: int) -> str:
    """What may follow ``::`` or, there, a colon: at most ``left`` groups, the last two also as IPv4."""
    if left == 0:
        return ""
    more = f"(?::{_group_after_gap(left - 1)})?" if left > 1 else ""
    return f"{_GROUP}{more}" + (f"|{_IPV4}" if left > 1 else "")


def _group_after_gap(left: int) -> str:
    return f"(?:{_after_gap(left)})"


def _after_group(left: int) -> str:
    """What follows a group when exactly ``left`` groups are missing and no ``::`` has been written."""
    if left == 0:
        return ""
    options = [f"{_GROUP}{_after_group(left - 1)}", f":(?:{_after_gap(left - 1)})?"]
    return f":(?:{'|'.join(options + [_IPV4] * (left == 2))})"


_IPV6 = f"(?:::(?:{_after_gap(7)})?|{_GROUP}{_after_group(7)})"
_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"


def _uuid_of(version: int) -> str:
    return rf"[0-9a-f]{{8}}-[0-9a-f]{{4}}-{version}[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}"


def _base64(special: str) -> str:
    char = f"[A-Za-z0-9{special}]"
    return rf"(?:{char}{{4}})*(?:{char}[AQgw]==|{char}{{2}}[AEIMQUYcgkosw048]=)?"


_UNRESERVED = r"A-Za-z0-9._~-"
_SUBDELIMS = r"!$&'()*+,;="
_ESCAPED = r"%[0-9A-Fa-f]{2}"
_PCHAR = rf"(?:[{_SUBDELIMS}:@{_UNRESERVED}]|{_ESCAPED})"
_HOST = rf"(?:[{_SUBDELIMS}{_UNRESERVED}]|{_ESCAPED})*"
_AUTHORITY = rf"//(?:(?:[{_SUBDELIMS}:{_UNRESERVED}]|{_ESCAPED})*@)?{_HOST}(?::\d{{0,5}})?"
_QUERY_FRAGMENT = rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?"
_ABSOLUTE_PATH = rf"(?:/{_PCHAR}*)*"
AFTER_HOST = rf"(?::[1-9]\d{{0,3}})?{_ABSOLUTE_PATH}{_QUERY_FRAGMENT}"
_ROOTLESS_PATH = rf"(?:/?{_PCHAR}+{_ABSOLUTE_PATH}|/)?"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*"
_URI = rf"{_SCHEME}:(?:{_AUTHORITY}{_ABSOLUTE_PATH}|{_ROOTLESS_PATH}){_QUERY_FRAGMENT}"
_SEGMENT_WITHOUT_COLON = rf"(?:[{_SUBDELIMS}@{_UNRESERVED}]|{_ESCAPED})+"
_RELATIVE_PATH = rf"(?:/(?:{_PCHAR}+{_ABSOLUTE_PATH})?|{_SEGMENT_WITHOUT_COLON}{_ABSOLUTE_PATH})?"
_RELATIVE = rf"(?:{_AUTHORITY}{_ABSOLUTE_PATH}|{_RELATIVE_PATH}){_QUERY_FRAGMENT}"
_URI_REFERENCE = rf"(?:{_URI}|{_RELATIVE})"

_JSON_POINTER = r"(?:/(?:[^~/\x00-\x1f]|~[01])*)*"
_RELATIVE_JSON_POINTER = rf"[1-9]{{0,8}}\d(?:#|{_JSON_POINTER})"

# RFC 6570: literals and expressions in braces.
_VARIABLE = r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*(?::[1-9]\d{0,2}|\*)?"
_EXPRESSION = rf"\{{[+#./;?&]?{_VARIABLE}(?:,{_VARIABLE})*\}}"
_URI_TEMPLATE = rf"(?:[!#$&(-;=?-\[\]_a-z~]|{_ESCAPED}|{_EXPRESSION})*"

# Regular expressions that every dialect reads alike: groups nest two deep, classes are plain.
_PLAIN = r"[A-Za-z0-9 _,:;=!@#%&<>/~'\"`-]"
_REGEX_ESCAPE = r"\\[dDwWsSbBtnrfv.*+?^${}()|\[\]\\/-]"
_CLASS_CHAR = r"(?:[A-Za-z0-9 _,:;=!@#%&<>/~'\"`.*+?$(){}|]|\\[dDwWsStnrfv.*+?^${}()|\[\]\\/-])"
_CLASS = rf"\[\^?(?:0-9|a-z|A-Z|{_CLASS_CHAR})+\]"
_QUANTIFIER = r"(?:(?:[*+?]|\{\d{1,2}(?:,)?\})\??)?"


def _expression(depth: int) -> str:
    group = rf"|\((?:\?:)?{_expression(depth - 1)}\)" if depth else ""
    term = rf"(?:(?:{_PLAIN}|\.|{_REGEX_ESCAPE}|{_CLASS}{group}){_QUANTIFIER}|\^|\$)*"
    return rf"{term}(?:\|{term})*"


# Full matches. Any other name is an annotation.
PATTERNS = {
    "date": DATE,
    "date-time": f"{DATE}T{_TIME}",
    "duration": _DURATION,
    "email": _EMAIL,
    "hostname": _HOSTNAME,
    "idn-email": _EMAIL,
    "idn-hostname": _IDN_HOSTNAME,
    "ipv4": _IPV4,
    "ipv6": _IPV6,
    "iri": _URI,
    "iri-reference": _URI_REFERENCE,
    "json-pointer": _JSON_POINTER,
    "regex": _expression(2),
    "relative-json-pointer": _RELATIVE_JSON_POINTER,
    "time": _TIME,
    "uri": _URI,
    "uri-reference": _URI_REFERENCE,
    "uri-template": _URI_TEMPLATE,
    "uuid": _UUID,
    # Names pydantic gives to types of its own.
    "base64": _base64("+/"),
    "base64url": _base64("_-"),
    "ipv4interface": _IPV4,
    "ipv4network": _IPV4,
    "ipv6interface": _IPV6,
    "ipv6network": _IPV6,
    "ipvanyaddress": _IPV4,
    "ipvanyinterface": _IPV4,
    "ipvanynetwork": _IPV4,
    **{f"uuid{version}": _uuid_of(version) for version in (1, 3, 4, 5, 6, 7, 8)},
}

# Characters of the whole text. A host name within the bound of one label keeps every bound of RFC 1035, an address
# within the bound of its local part every bound of RFC 5321: one counter instead of three.
MAX_LENGTHS = {"email": 64, "hostname": 63, "idn-email": 64, "idn-hostname": 63}

# Languages that hold every text that any reader takes for the format, for its negation. Readers that search with $ let
# a line feed stand at the end.
COVERS = {
    "date": r"\d{4}-?[\dW]{2}[-\d]*",
    "date-time": r"\d[\d-]*[Tt _]\d[\s\S]*",
    "duration": r"[+-]?P[\s\S]*",
    "email": r"[\s\S]*@[\s\S]*",
    "hostname": r"[\w.-]*\n?",
    "idn-email": r"[\s\S]*@[\s\S]*",
    "idn-hostname": r"[^ !-,/:-@\[-^`{-~]*\n?",
    "ipv4": r"[\d.]*",
    "ipv6": r"[\s\S]*:[\s\S]*",
    "iri": r"[A-Za-z][\s\S]*:[\s\S]*",
    "iri-reference": r"[^\x00-\x20]*\n?",
    "json-pointer": r"[/#][\s\S]*|",
    "relative-json-pointer": r"\d[\s\S]*",
    "time": r"\d\d:?\d\d[\s\S]*",
    "uri": r"[A-Za-z][\s\S]*:[\s\S]*",
    "uri-reference": r"[^\x00-\x20]*\n?",
    "uuid": r"[0-9A-Fa-f{}:urnid-]*",
}
