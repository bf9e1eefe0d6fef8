"""Match media types (RFC 9110, section 8.3): names in any case, with parameters, and no charset but UTF-8.

The same rule applies in both modes, in the decoder and in the schema. JSON is UTF-8 (RFC 8259, section 8.1), so a
`charset` of UTF-8 is accepted and any other is refused.
"""

from functools import cache
from re import Pattern
from re import compile as pattern
from typing import Final

_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_EQUALS: Final = r"[ \t]*=[ \t]*"


def media_type_pattern(name: str) -> str:
    """Return the pattern of the media type `name`, in a syntax that every JSON Schema validator supports."""
    charset, utf8 = _any_case("charset"), f"{_any_case('utf')}-?8"
    utf8_charset = rf'{charset}{_EQUALS}({utf8}(?![^ \t;])|"{utf8}")'
    other_parameter = rf'(?!{charset}[ \t=]){_WORD}{_EQUALS}({_WORD}|"([^"\\]|\\.)*")'
    return rf"[ \t]*{_any_case(name)}([ \t]*;([ \t]*({utf8_charset}|{other_parameter}))?)*[ \t]*"


def is_utf8_media_type(text: str, name: str) -> bool:
    """Return whether `text` is the media type `name` and its parameters name no charset but UTF-8."""
    return _compiled(name).fullmatch(text) is not None


def has_media_type_name(text: str, name: str) -> bool:
    """Return whether `text` is the media type `name`, with any parameters."""
    return text.partition(";")[0].strip(" \t").lower() == name


@cache
def _compiled(name: str) -> Pattern[str]:
    return pattern(media_type_pattern(name))


def _any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else f"[{letter}]" for letter in word)
