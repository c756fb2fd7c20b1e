"""What a message says, without the spelling that is Slack's.

Slack turns addresses into links and emoji into their names, puts labels on mentions, and escapes signs in its own way.
None of that is an edit, so all of it is undone on both sides of a comparison; a person counts by id, because names
change.
"""

from __future__ import annotations

import re
import unicodedata

_PERSON = re.compile(r"<https?://[^<>|]*/team/(\w+)\|@[^<>]*>|<slack://user\?[^<>|]*\bid=(\w+)(?:\|[^<>]*)?>")
"""A link to a profile; older versions posted the second form. Foreign addresses that Slack made a link have no @."""
_MENTION = re.compile(r"<([@#!][^<>|]+)(?:\|[^<>]*)?>")
_LINK = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_EMOJI_NAME = re.compile(r":(?:[a-z][a-z0-9_+'-]*|[+-]1|100|1234|8ball):(?::skin-tone-[2-6]:)?")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_EMOJI_PARTS = frozenset("\ufe0e\ufe0f\u200d‼⁉ℹ↔〰◽◾")
"""What is part of an emoji, or is one, though Unicode counts it among other signs."""
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def words_of(text: str, emoji: str = "") -> str:
    """Return a text without the spelling that is Slack's; `emoji` stands for each run of them."""
    return _words(_MENTION.sub(r"\1", _PERSON.sub(lambda person: person[1] or person[2], text)), emoji)


def literally(text: str, emoji: str = "") -> str:
    """Return the same of a text in which Slack interprets nothing, but may escape signs."""
    return _words(text, emoji)


def _words(text: str, emoji: str) -> str:
    plain = _LINK.sub(lambda link: link[2] or link[1], _unescaped(text))
    plain = "".join(emoji if _is_emoji(char) else char for char in _KEYCAP.sub(emoji, plain))
    plain = _EMOJI_NAME.sub(emoji, plain)
    if emoji:
        plain = re.sub(rf"{emoji}(?:\s*{emoji})+", emoji, plain)
    return " ".join(plain.split())


def _unescaped(text: str) -> str:
    """Undo escapes until nothing is left to undo: what was typed as `&amp;` comes back as `&amp;amp;`."""
    before = ""
    while text != before:
        before = text
        for escaped, sign in _ESCAPED:
            text = text.replace(escaped, sign)
    return text


def _is_emoji(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk"} or char in _EMOJI_PARTS
