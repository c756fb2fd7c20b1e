"""Typed text without what Slack, keyboards and web pages put around it. Pure text in, text out."""

from __future__ import annotations

import re
import unicodedata

_LINK = re.compile(r"<[^<>|\s]*\|([^<>]*)>|<(?:[a-z]+:)?/*([^<>|\s]*)>")
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_DRESSING = "*_~`\"'“”‘’«»„<>()[]{},;.!\u200c\u200d"
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SEPARATORS = re.compile("[|,]")
"""Between filters too: `behind|failed` is how manuals write alternatives."""


def unlink(text: str) -> str:
    """Undo what Slack does to typed text: links, escaped signs, wide letters, invisible signs of a web page."""
    plain = _INVISIBLE.sub("", text)
    for escaped, sign in _ESCAPED:
        plain = plain.replace(escaped, sign)
    return unicodedata.normalize("NFKC", _LINK.sub(lambda link: link[1] or link[2] or "", plain))


def parts(words: list[str]) -> list[str]:
    """Part words at commas and bars, and undress each."""
    return [bare for word in words for part in _SEPARATORS.split(word) if (bare := undress(part))]


def undress(word: str) -> str:
    """Take off quotes, brackets and Slack's bold or code signs, but leave a DP pattern its wildcards."""
    bare = word.strip(_DRESSING)
    is_pattern = "dp:" in bare.casefold()
    return word.lstrip(_DRESSING).rstrip(_DRESSING.replace("*", "")) if is_pattern else bare
