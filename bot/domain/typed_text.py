"""Typed text without what Slack, keyboards, Word and web pages put around or into it. Pure text in, text out.

`unlink` is for what a person typed and is still to be read by people; `comparable` is for comparing: it is applied to
both sides, because names in a database come from the same keyboards.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from string import punctuation

SOFT_HYPHEN = "\u00ad"
"""Invisible in most programs; where it stands, the name may or may not have a hyphen."""

_LINK = re.compile(r"<[^<>|\s]*\|([^<>]*)>|<(?:[a-z]+:)?/*([^<>|\s]*)>")
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_JOINERS = "\u200c\u200d"
_DRESSING = "*_~`\"'<>()[]{},;.!" + _JOINERS
_SEPARATORS = re.compile("[|,;]")
"""Between filters too: `behind|failed` is how manuals write alternatives."""

_DASHES = (
    "\u02d7\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b"
    "\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010ead"
)
"""Unicode's category Pd, the minus signs and what else looks like a hyphen."""
_WORD_HYPHENS = {"\x1e": "-", "\x1f": SOFT_HYPHEN}
"""Word's own signs for a non-breaking and an optional hyphen, as they arrive when they are pasted."""
_SINGLE_QUOTES = "\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u2018\u2019\u201a\u201b\u2032\u2035\u2039\u203a\uff07"
_DOUBLE_QUOTES = "\u00ab\u00bb\u02ba\u201c\u201d\u201e\u201f\u2033\u2036\u275d\u275e\u301d\u301e\u301f\uff02"
_OUR_OWN = {"\u2217": "*", "\u223c": "~", "\u02cb": "`"}
"""How the bot's own messages spell signs that Slack would take for formatting; people copy from there."""
_INVISIBLE = (
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x180B, 0x180F),
    (0x200B, 0x200B),
    (0x200E, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFC),
    (0xE0000, 0xE01EF),
)
"""First and last of: zero-width blanks, direction marks, variation selectors, byte order mark, tags. No joiners."""
_PLAIN: dict[int, str | None] = {
    **{sign: None for first, last in _INVISIBLE for sign in range(first, last + 1)},
    **dict.fromkeys(map(ord, _DASHES), "-"),
    **dict.fromkeys(map(ord, _SINGLE_QUOTES), "'"),
    **dict.fromkeys(map(ord, _DOUBLE_QUOTES), '"'),
    **{ord(sign): plain for sign, plain in (_OUR_OWN | _WORD_HYPHENS).items()},
}
_NOT_COMPARED = dict.fromkeys(map(ord, _JOINERS + SOFT_HYPHEN))
_NO_JOINERS = dict.fromkeys(map(ord, _JOINERS))
_NAL_PATH = re.compile(
    r'\["?Display=[^\]]*\]\s*MSWNET:\s*(?:\["?SMS_SITE=[^\]]*\]\s*)?(\\+[^\\/\s"\]]+)[^\s"]*', re.IGNORECASE
)
_QUOTED_VALUE = re.compile(r"""([:=])(["'`])(.*?)\2""")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?=[\\/])", re.IGNORECASE)
_HIDDEN_SHARE = re.compile(r"(SMS|SCCM|ADMIN|IPC|PRINT|WSUS|[A-Z]\$).*", re.IGNORECASE)
_DEVICE = re.compile(r"/+[?.]/(UNC/)?", re.IGNORECASE)
_PORT = re.compile(r":\d*$")


def plainly(text: str) -> str:
    """Return a text with plain dashes, quotes, letters and digits for their typographic and full-width kinds."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)


def comparable(text: str) -> str:
    """Return the form in which two names are compared: plain signs, no case, single blanks."""
    return " ".join(plainly(text).translate(_NOT_COMPARED).replace("`", "'").casefold().split())


def unlink(text: str) -> str:
    """Undo what Slack does to typed text (links, escaped signs) and make its signs plain."""
    for escaped, sign in _ESCAPED:
        text = text.replace(escaped, sign)
    text = plainly(text)
    return _LINK.sub(lambda link: link[1] or link[2] or "", text)


def undress(word: str) -> str:
    """Take off quotes, brackets and Slack's bold or code signs."""
    return word.strip(_DRESSING)


def _undressed_filter(word: str) -> str:
    """The same, but a server's name keeps its wildcards; a star on both sides is Slack's bold."""
    if undress(word).casefold()[:3] not in {"dp:", "dp="} and word.startswith("*"):
        return undress(word)
    if len(word) > 1 and word.startswith("*") and word.endswith("*"):
        word = word[1:-1]
    return word.lstrip(_DRESSING).rstrip(_DRESSING.replace("*", ""))


def filters(text: str) -> list[str]:
    """Part a plain text at blanks, commas, semicolons and bars; a path or a quoted value behind a colon is one word."""
    text = _NAL_PATH.sub(lambda path: path[1] + " ", text.translate(_NO_JOINERS))
    text = _QUOTED_VALUE.sub(lambda quoted: quoted[1] + _one_word(quoted[3]), text)
    words = [_undressed_filter(part) for word in text.split() for part in _SEPARATORS.split(word)]
    return [reading for word in words for reading in _readings(word) if not is_punctuation(reading)]


def is_punctuation(text: str) -> bool:
    """Return whether a word says nothing: a list's dash, a lone colon."""
    return all(char in punctuation for char in text)


def _readings(word: str) -> list[str]:
    """A server's name is looked for with and without a hyphen where a soft one stands; elsewhere it is nothing."""
    without = word.replace(SOFT_HYPHEN, "")
    is_server = without != word and without.casefold().startswith("dp:")
    return [word.replace(SOFT_HYPHEN, "-"), without] if is_server else [without]


def _one_word(value: str) -> str:
    """A blank inside a quoted name becomes the wildcard for one letter, because no word holds blanks."""
    named = server_in(value) if "\\" in value or "/" in value else value
    return "?".join(named.split())


def server_in(text: str) -> str:
    """Return the server that a name, UNC path, NAL path, URL or machine account names; empty when there is none.

    The domain stays on it. Text that is none of these comes back as it is.
    """
    nal_path = _NAL_PATH.search(text)
    rest = _SCHEME.sub("", nal_path[1] if nal_path else text).replace("\\", "/")
    is_path = rest.startswith("/") or rest != text.replace("\\", "/")
    rest = _DEVICE.sub("", rest) if is_path else rest
    first, *others = [part for part in rest.split("/") if part] or [""]
    if others and not is_path and "\\" in text and others[-1].endswith("$") and not _HIDDEN_SHARE.match(others[-1]):
        first = others[-1]  # DOMAIN\SERVER$, the machine's account
    before, _, after = first.rpartition("@")
    first = before.partition("@")[0] if before and (after.isdigit() or after.upper() == "SSL") else after
    return _PORT.sub("", first.strip("\"'` ")).rstrip(".$")


def is_named(server: str, pattern: str) -> bool:
    """Return whether a pattern of `dp:` means this server, given as its name or as its raw path.

    Without `*` and `?` the pattern is a whole name, with or without the domain on either side.
    """
    names, wanted = _names(server), comparable(pattern)
    if "*" in wanted or "?" in wanted:
        like = _like(wanted)
        return any(like.fullmatch(name) for name in names)
    return wanted in names or (_short(wanted) in names and not any("." in name for name in names))


def is_within(word: str, text: str) -> bool:
    """Return whether a text in search form holds a word of `find`, which may have wildcards."""
    wanted = search_form(word).strip("*?")
    wanted = wanted.strip("%") if wanted.startswith("%") else wanted  # as in SQL
    return bool(_like(wanted).search(text)) if "*" in wanted or "?" in wanted else wanted in text


def search_form(text: str) -> str:
    """Return the comparable form of a text to search in; a dash of phones stands for two typed ones."""
    return re.sub("-+", "-", comparable(text))


@lru_cache(maxsize=16_384)
def _names(server: str) -> frozenset[str]:
    """Return the comparable names of a row's server: the whole text, its host, and the host without its domain."""
    plain = plainly(server)
    whole = {comparable(reading) for reading in (plain, plain.replace(SOFT_HYPHEN, "-"))}
    hosts = {server_in(name) for name in whole}
    return frozenset(whole | hosts | {_short(host) for host in hosts})


def _short(host: str) -> str:
    """Return a host without its domain; an address has none."""
    first = host.partition(".")[0]
    return host if first.isdecimal() else first


@lru_cache(maxsize=256)
def _like(wanted: str) -> re.Pattern[str]:
    """Return what a pattern with wildcards matches: `*` is any text, `?` any one sign, all else itself."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in wanted), re.DOTALL)
