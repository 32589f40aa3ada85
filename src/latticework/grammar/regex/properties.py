r"""``\p{...}``: general categories, scripts and the binary properties of ECMA-262.

Categories follow the Unicode version of the running Python; scripts and binary properties follow the ``regex`` package,
which comes with ``transformers``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from sys import maxunicode

from latticework.grammar.ranges import normalise_ranges
from latticework.grammar.regex.classes import ClassSet, exact, general_category

# ECMA-262, table "Binary Unicode property aliases", without those that depend on how text is normalised.
_BINARY = {
    "ASCII", "ASCII_Hex_Digit", "AHex", "Alphabetic", "Alpha", "Bidi_Control", "Bidi_C", "Bidi_Mirrored",
    "Bidi_M", "Case_Ignorable", "CI", "Cased", "Dash", "Default_Ignorable_Code_Point", "DI", "Deprecated",
    "Dep", "Diacritic", "Dia", "Emoji", "Emoji_Component", "EComp", "Emoji_Modifier", "EMod",
    "Emoji_Modifier_Base", "EBase", "Emoji_Presentation", "EPres", "Extended_Pictographic", "ExtPict",
    "Extender", "Ext", "Grapheme_Base", "Gr_Base", "Grapheme_Extend", "Gr_Ext", "Hex_Digit", "Hex",
    "ID_Continue", "IDC", "ID_Start", "IDS", "Ideographic", "Ideo", "Join_Control", "Join_C",
    "Logical_Order_Exception", "LOE", "Lowercase", "Lower", "Math", "Noncharacter_Code_Point", "NChar",
    "Pattern_Syntax", "Pat_Syn", "Pattern_White_Space", "Pat_WS", "Quotation_Mark", "QMark", "Radical",
    "Regional_Indicator", "RI", "Sentence_Terminal", "STerm", "Soft_Dotted", "SD", "Terminal_Punctuation",
    "Term", "Unified_Ideograph", "UIdeo", "Uppercase", "Upper", "Variation_Selector", "VS", "White_Space",
    "space", "XID_Continue", "XIDC", "XID_Start", "XIDS",
}  # fmt: skip
_NAME = re.compile(r"(?:(Script|sc|Script_Extensions|scx)=)?([A-Z][A-Za-z_]*)|space")


def property_class(name: str) -> ClassSet | None:
    r"""Class of ``\p{name}``, ``None`` if unknown. A bare script name stands for its ``Script``, as in Perl."""
    found = general_category(name)
    if found is not None:
        return found
    shape = _NAME.fullmatch(name)
    if shape is None:
        return None
    if name in _BINARY:
        return _by_regex(name)
    return _by_regex(f"{shape[1] or 'Script'}={shape[2]}")


@lru_cache(maxsize=64)
def _by_regex(name: str) -> ClassSet | None:
    """About 0.1 s for the first use of a name."""
    try:
        import regex
    except ImportError:
        return None
    try:
        pattern = regex.compile(rf"\p{{{name}}}+")
    except regex.error:
        return None
    everything = "".join(chr(point) for point in range(maxunicode + 1) if not 0xD800 <= point < 0xE000)
    runs = ((ord(found[0][0]), ord(found[0][-1])) for found in pattern.finditer(everything))
    return exact(normalise_ranges(runs))
