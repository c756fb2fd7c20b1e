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
_ADDRESS = re.compile(r"<((?:https?://|mailto:|tel:|ftp://|slack://)[^<>|]+)(?:\|([^<>]*))?>", re.IGNORECASE)
_SCHEME = re.compile(r"^(?:https?://|mailto:|tel:|ftp://)", re.IGNORECASE)
_EMOJI_NAME = re.compile(r":(?:[a-z][a-z0-9_+'-]*|[+-]1|100|1234|8ball):(?::skin-tone-[2-6]:)?")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_EMOJI_PARTS = frozenset("\ufe0e\ufe0f\u200d‼⁉ℹ↔〰◽◾")
"""What is part of an emoji, or is one, though Unicode counts it among other signs."""
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_VARIANTS = str.maketrans("", "", "\ufe0e\ufe0f")
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_EMOJI_NAMES = {
    "🟡": ("large_yellow_circle", "yellow_circle"), "🟢": ("large_green_circle", "green_circle"),
    "🔵": ("large_blue_circle", "blue_circle"), "🟠": ("large_orange_circle", "orange_circle"),
    "🔴": ("red_circle", "large_red_circle"), "⚪": ("white_circle",), "⚫": ("black_circle",), "⛔": ("no_entry",),
    "🔄": ("arrows_counterclockwise",), "❔": ("grey_question",), "✅": ("white_check_mark",), "⚠": ("warning",),
    "🧊": ("ice_cube",), "⏳": ("hourglass_flowing_sand",), "❌": ("x",), "🛑": ("octagonal_sign", "stop_sign"),
}  # fmt: skip
"""Slack's names of the emoji that the bot draws, and of those that say the contrary; others are known by shape only."""
_EMOJI_BY_NAME = {f":{name}:": emoji for emoji, names in _EMOJI_NAMES.items() for name in names}


def plain_words(text: str) -> str:
    """Return a text without the spelling that is Slack's, without its emoji and the addresses behind its links."""
    people = _MENTION.sub(r"\1", _PERSON.sub(lambda person: person[1] or person[2], text))
    plain = _LINK.sub(lambda link: link[2] or link[1], _unescaped(people))
    plain = "".join(char for char in _KEYCAP.sub("", plain) if not _is_emoji(char))
    return " ".join(_EMOJI_NAME.sub("", plain).split())


def normalize_mrkdwn(text: str) -> str:
    """Return what a `mrkdwn` text shows: people by id, the address of a link that is not its own words, the emoji."""
    people = _MENTION.sub(r"‹\1›", text)
    return _emoji_drawn(_unescaped(_ADDRESS.sub(_link_text, people)))


def normalize_plain_text(text: str) -> str:
    """Return the same of a text in which Slack interprets nothing, but may escape signs and mark addresses."""
    return _emoji_drawn(_ADDRESS.sub(_link_text, _unescaped(text)))


def is_same_text(ours: str, theirs: str) -> bool:
    """Whether two texts, both as returned by one of the two above, are one.

    Where one of them names emoji that the bot does not draw itself, all such emoji count as one: what they are called
    is Slack's own list.
    """
    if ours == theirs:
        return True
    return _unknown_emoji(ours) != _unknown_emoji(theirs) and _emoji_folded(ours) == _emoji_folded(theirs)


def _link_text(link: re.Match[str]) -> str:
    address, label = link[1], link[2]
    return label or address if not label or _bare_address(label) == _bare_address(address) else f"{label} ‹{address}›"


def _bare_address(address: str) -> str:
    return _SCHEME.sub("", _unescaped(address)).rstrip("/").casefold()


def _emoji_drawn(text: str) -> str:
    return " ".join(
        _EMOJI_NAME.sub(lambda name: _EMOJI_BY_NAME.get(name[0], name[0]), text.translate(_VARIANTS)).split()
    )


def _unknown_emoji(text: str) -> list[str]:
    return sorted(_EMOJI_NAME.findall(text))


def _emoji_folded(text: str) -> str:
    plain = _EMOJI_NAME.sub("□", _KEYCAP.sub("□", text))
    plain = "".join(
        "□" if char not in _EMOJI_NAMES and (_is_emoji(char) or char in _SKIN_TONES) else char for char in plain
    )
    return " ".join(re.sub(r"□(?:\s*□)+", "□", plain).split())


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
