"""What `find` finds among packages, and what it offers when it finds none."""

from __future__ import annotations

import pytest

from bot.domain.command import Find, parse
from bot.domain.package_search import search
from tests.builders import package

NAMES = {
    "PS100001": "Contoso 7-Zip 23.01 (x64)",
    "PS100002": "O’Reilly Reader",
    "PS100003": "VPN – Client—Tools",
    "PS100004": "Boot image (x64)",
    "PS100005": "Boot image (arm64)",
    "PS100006": "日本語 言語パック",
    "PS100007": "Ｖｉｓｕａｌ C++ runtime",
    "PS100008": "100% Rabatt",
    "PS100009": "Zero\u200bWidth\u00adTool\u00a0Kit",
}
PACKAGES = [package(key, name=name, version=None, manufacturer=None) for key, name in NAMES.items()]


def found(typed: str) -> list[str]:
    query = parse(f"find {typed}")
    assert isinstance(query, Find), query
    return [hit.id[-1] for hit in search(query.words, PACKAGES)[0]]


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("o'reilly", "2"),
        ("o’reilly", "2"),
        ("O`Reilly", "2"),
        ("o´reilly", "2"),
        ("oʼreilly", "2"),
        ("“o‘reilly” reader", "2"),
        ("oreilly", "2"),
        ("7-zip", "1"),
        ("7‑Zip", "1"),
        ("7—zip", "1"),
        ("7zip", "1"),
        ("client-tools", "3"),
        ("client--tools", "3"),
        ("vpn - client", "3"),
        ("visual c++", "7"),
        ("ｖｉｓｕａｌ", "7"),
        ("zerowidthtool kit", "9"),
        ("image boot", "54"),
        ("boot*x64", "4"),
        ("b??t image", "54"),
        ("%boot%", "54"),
        ("image?", "54"),
        ("*arm*", "5"),
        ("100%", "8"),
        ("語", "6"),
        ("ps100004", "4"),
        ("PS10000", "123456789"),
        ("nothing", ""),
        ("***boot***", "54"),
    ],
)
def test_typed_words_find_names_from_the_same_keyboards(typed: str, ids: str) -> None:
    assert sorted(found(typed)) == sorted(ids)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("boot imgae", ("boot", "image")),
        ("reilly reeder", ("reilly", "reader")),
        ("boot wordperfect", ("boot",)),
        ("wordperfect", ()),
        ("7-zip reader", ()),
        ("runtine", ("runtime",)),
    ],
)
def test_words_that_find_nothing_are_put_right_where_something_is_like_them(typed: str, meant: tuple[str, ...]) -> None:
    query = parse(f"find {typed}")
    assert isinstance(query, Find)

    assert search(query.words, PACKAGES) == ((), meant)
