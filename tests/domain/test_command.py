"""What a person may type after the command, and what is understood by it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command import (
    LONGEST_FILTER,
    MOST_FILTERS,
    WORDS,
    BadFilter,
    Filter,
    Find,
    Freeze,
    Help,
    History,
    Misunderstanding,
    NoPackage,
    NotForDrift,
    NotForHistory,
    NothingToFind,
    Query,
    Show,
    UnknownWord,
    lacking,
    parse,
)
from bot.domain.drift_classes import DriftClass, judge
from bot.domain.package import PackageId
from bot.domain.package_id import BadId, IdFault
from tests.builders import GRACE, NOW, dp_row, nal_path, site_row, story, table

case = pytest.param


def shown(text: str) -> Show:
    """Return what a text asks to be shown."""
    query = parse(text)
    assert isinstance(query, Show), query
    return query


def kept(text: str) -> list[str]:
    """Return the hosts of the story's rows that the filters of a text keep."""
    drift = judge(story(), NOW, GRACE)
    keep = shown(f"PS100112 {text}").filter.keep
    return sorted(verdict.row.server.partition(".")[0] for verdict in (*keep(drift.sites), *keep(drift.dps)))


@pytest.mark.parametrize("text", ["", "   ", "\t\n", "help", "HELP", "  Help ", "`help`", "help me please", "*", "“”"])
def test_nothing_and_help_ask_for_help(text: str) -> None:
    assert parse(text) == Help()


@pytest.mark.parametrize(
    "text",
    [
        case("PS100112", id="as it is"),
        case("ps100112", id="lower case"),
        case("Ps100112", id="mixed case"),
        case("   PS100112  ", id="blanks"),
        case("\u00a0PS100112\u3000", id="blanks of other kinds"),
        case("*PS100112*", id="bold"),
        case("_PS100112_", id="italic"),
        case("~PS100112~", id="struck"),
        case("`PS100112`", id="code"),
        case("```PS100112```", id="code block"),
        case("*_`PS100112`_*", id="all at once"),
        case('"PS100112"', id="quotes"),
        case("“PS100112”", id="typographic quotes"),
        case("‘PS100112’", id="single typographic quotes"),
        case("«PS100112»", id="French quotes"),
        case("„PS100112“", id="German quotes"),
        case("(PS100112)", id="round brackets"),
        case("[PS100112]", id="square brackets"),
        case("{PS100112}", id="curly brackets"),
        case("<PS100112>", id="angle brackets, as manuals write it"),
        case("&lt;PS100112&gt;", id="angle brackets, as Slack sends them"),
        case("<http://PS100112|PS100112>", id="a link with a label"),
        case("<http://PS100112>", id="a link"),
        case("<tel:PS100112|PS100112>", id="a telephone number"),
        case("&lt;http://PS100112|PS100112&gt;", id="a link that was typed with its signs"),
        case("PS100112.", id="full stop"),
        case("PS100112,", id="comma"),
        case("PS100112;", id="semicolon"),
        case("PS100112!", id="exclamation mark"),
        case("PS100112?", id="question mark"),
        case("PS100112:", id="colon"),
        case("ＰＳ１００１１２", id="wide letters"),
        case("ｐｓ１００１１２", id="wide small letters"),
        case("\u200bPS100112\u200b", id="zero-width blanks"),
        case("\ufeffPS100112", id="byte order mark"),
        case("\u2060PS100112", id="word joiner"),
        case("𝐏𝐒𝟏𝟎𝟎𝟏𝟏𝟐", id="mathematical letters"),
        case("\u202dPS100\u200b112\u202c", id="invisible signs from a web page, inside too"),
        case("PS\u00ad100112", id="a soft hyphen"),
    ],
)
def test_a_package_id_is_understood_in_any_dress(text: str) -> None:
    query = shown(text)

    assert (query.package_id, query.filter, query.text) == ("PS100112", Filter(), "PS100112")


@pytest.mark.parametrize(
    ("text", "fault", "detail", "suggestion"),
    [
        case("PS10011", IdFault.LENGTH, "7", None, id="a digit short"),
        case("PS1001123", IdFault.LENGTH, "9", None, id="a digit long"),
        case("7-Zip", IdFault.LENGTH, "5", None, id="a name"),
        case("boot", IdFault.LENGTH, "4", None, id="a word"),
        case("PS1001ß2", IdFault.CHARACTERS, "ß", None, id="eight characters of which one has no single capital"),
        case("PS1001ß", IdFault.LENGTH, "7", None, id="seven characters of which one has no single capital"),
        case("PS1O0112", IdFault.LOOKALIKE, "O", "PS100112", id="the letter O"),
        case("ps1o0112", IdFault.LOOKALIKE, "O", "PS100112", id="the letter o"),
        case("PS100I12", IdFault.LOOKALIKE, "I", "PS100112", id="the letter I"),
        case("PS100l12", IdFault.LOOKALIKE, "L", "PS100112", id="the letter l"),
        case("PS1OOlI2", IdFault.LOOKALIKE, "O", "PS100112", id="several slips"),
        case("PS1Z0112", IdFault.LOOKALIKE, "Z", "PS120112", id="the letter Z"),
        case("PS1S0112", IdFault.LOOKALIKE, "S", "PS150112", id="the letter S"),
        case("PS100-12", IdFault.CHARACTERS, "-", None, id="a hyphen"),
        case("PS100X1Y", IdFault.CHARACTERS, "X Y", None, id="letters beyond F"),
        case("PS100XX1", IdFault.CHARACTERS, "X", None, id="the same letter twice"),
        case("P-100112", IdFault.CHARACTERS, "-", None, id="a hyphen in the site code"),
        case("РS100112", IdFault.CHARACTERS, "Р", None, id="a Cyrillic letter in the site code"),
        case("PS10011٢", IdFault.CHARACTERS, "٢", None, id="an Arabic digit"),
        case("PS10011🎉", IdFault.CHARACTERS, "🎉", None, id="an emoji"),
        case("P_1O0112", IdFault.CHARACTERS, "_ O", None, id="a slip beside another fault"),
    ],
)
def test_what_is_no_package_id_is_told_what_is_wrong_with_it(
    text: str, fault: IdFault, detail: str, suggestion: str | None
) -> None:
    problem = parse(text)

    assert isinstance(problem, BadId)
    assert (problem.fault, problem.detail, problem.suggestion) == (fault, detail, suggestion)


@pytest.mark.parametrize(
    "text",
    [
        r"\\cm01\pkgs$\PS100112.28",
        r"\\cm01\pkgs$\PS100112",
        r"E:\SMSPKG\PS100112.pck",
        r"D:\SCCMContentLib\PkgLib\PS100112.INI",
        "PS100112.28",
        "PS100112.pck",
        "ps100112.28",
        "PS100112,",
        "(PS100112).",
        "/PS100112/",
        "http://nyc-dp01/SMS_DP_SMSPKG$/PS100112",
        "<http://nyc-dp01/SMS_DP_SMSPKG$/PS100112>",
        "<http://nyc-dp01.contoso.com/SMS_DP_SMSPKG$/PS100112.28|nyc-dp01/PS100112.28>",
        "PackageID='PS100112'",
        "id:PS100112",
        "PS100112_13",
        "PS100112-13",
        "- PS100112",
        "• PS100112",
        "→ PS100112 ?",
        "*_PS100112_*",
    ],
)
def test_an_id_is_found_in_a_path_a_file_name_and_a_list(text: str) -> None:
    query = shown(text)

    assert (query.package_id, query.text) == ("PS100112", "PS100112")
    assert parse(f"history {text}") == History((PackageId("PS100112"),))


def test_filters_go_with_an_id_in_a_path() -> None:
    assert shown(r"\\cm01\pkgs$\PS100112.28 failed dp:NYC*").text == "PS100112 failed dp:NYC*"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        case("why is ps100112 behind on nyc?", ["PS100112"], id="a sentence"),
        case("is PS100112, the boot image, or ps100113 stuck", ["PS100112", "PS100113"], id="a sentence with two IDs"),
        case("show PS100112", ["PS100112"], id="another verb"),
        case("/pkgstatus PS100112", ["PS100112"], id="the command once more"),
        case("PS100112 PS100113", ["PS100112", "PS100113"], id="two IDs"),
        case("ps100112 and ps100113 failed", ["PS100112", "PS100113"], id="two IDs with filters"),
        case(r"\\cm01\x\PS100112\PS100113", ["PS100112", "PS100113"], id="two IDs in one path"),
        case("PS10011213.tar", ["PS100112"], id="a version stuck to it"),
        case("PS1001123", ["PS100112"], id="a digit long"),
        case("PS1-00112", ["PS100112"], id="a hyphen behind the site code"),
        case("PS1 00112", ["PS100112"], id="a blank behind the site code"),
        case("PS1O0112 failed", ["PS100112"], id="the letter O"),
        case(
            "why was 20261128 so boldface", ["find why was 20261128 so boldface"], id="a date and a word of eight signs"
        ),
        case(
            "{8f0e1234-aaaa-bbbb-cccc-12345678901a} gone",
            ["find {8f0e1234-aaaa-bbbb-cccc-12345678901a} gone"],
            id="a GUID",
        ),
        case("hlep", ["help"], id="help"),
        case("histroy PS100112", ["history PS100112", "PS100112"], id="history of an ID"),
        case("/pkgstatus history PS100112", ["history PS100112", "PS100112"], id="the command and its verb"),
        case("behind PS100112", ["PS100112 behind"], id="a filter before its ID"),
        case("dp:nyc–dp01 failed ps100112", ["PS100112 dp:nyc-dp01 failed"], id="two filters before their ID"),
        case("failed PS100112 PS100113", ["PS100112", "PS100113"], id="a filter before two IDs"),
        case("PS100112 dp :NYC*", ["PS100112 dp:NYC*"], id="a blank before the colon"),
        case("dp: NYC*", [], id="a server alone with a blank"),
        case(r"\\NYC-DP01\SMS_DP$", [], id="a path alone"),
        case(nal_path("NYC-DP01.contoso.com"), [], id="a NAL path alone"),
        case("requets", ["requests"], id="requests"),
        case("requests PS100112", ["history PS100112", "requests"], id="requests of a package"),
        case("requests mine", ["requests"], id="a word after requests"),
        case("what has drifted today", ["drift", "find what has drifted today"], id="a verb in a sentence"),
        case("please find boot image", ["find boot image", "find please find boot image"], id="find in a sentence"),
        case("show me the requests", ["requests", "find show me the requests"], id="requests in a sentence"),
        case("drfit site:PS1", ["drift site:PS1"], id="drift"),
        case("fnid boot image", ["find boot image"], id="find"),
        case("search boot", ["find boot"], id="another word for find"),
        case("freez site update", ["freeze site update"], id="freeze"),
        case("unfreez", ["unfreeze"], id="unfreeze"),
        case("boot image", ["find boot image"], id="a name"),
        case("7–Zip", ["find 7-Zip"], id="a name with a typographic dash"),
        case("site:P02", ["drift site:P02"], id="a site alone"),
        case("site:P02 behind", ["drift site:P02"], id="a site and a class alone"),
        case("dp:NYC*", [], id="a server alone"),
        case("bihind", [], id="a filter alone, misspelt"),
        case("PS100112 bihind", ["PS100112 behind"], id="a filter"),
        case("PS100112 insync faild", ["PS100112 in-sync failed"], id="two filters"),
        case("PS100112 in sync", ["PS100112 in-sync"], id="a filter in two words"),
        case("PS100112 site=PS1", ["PS100112 site:PS1"], id="an equals sign"),
        case("PS100112 site PS1", ["PS100112 site:PS1"], id="no sign"),
        case("PS100112 sites:ps1 failed", ["PS100112 site:ps1 failed"], id="a plural"),
        case("PS100112 P02", ["PS100112 site:P02"], id="a site code"),
        case("PS100112 dp NYC*", ["PS100112 dp:NYC*"], id="a server without a colon"),
        case("PS100112 dp: NYC*", ["PS100112 dp:NYC*"], id="a blank behind the colon"),
        case("PS100112 dp=NYC*", ["PS100112 dp:NYC*"], id="a server with an equals sign"),
        case("PS100112 server:nyc-dp01", ["PS100112 dp:nyc-dp01"], id="another word for dp"),
        case("PS100112 nyc-dp01", ["PS100112 dp:nyc-dp01"], id="a server by itself"),
        case(r"PS100112 \\NYC-DP01\SMS_DP$", ["PS100112 dp:NYC-DP01"], id="a path by itself"),
        case("PS100112 dp:NYC-DP01,NYC-DP02", ["PS100112 dp:NYC-DP01 dp:NYC-DP02"], id="a list of servers"),
        case("PS100112 status=failed", ["PS100112 failed"], id="a class with a name"),
        case("PS100112 is behind?", ["PS100112 behind"], id="a word too many"),
        case("PS100112 late", ["PS100112"], id="a word like none"),
        case("PS100112 <@U0ADA>", ["PS100112"], id="a person"),
        case("PS100112 history", ["history PS100112", "PS100112"], id="a verb behind"),
        case("drift P02", ["drift site:P02"], id="drift of a site code"),
        case("drift p02 ps1", ["drift site:P02 site:PS1"], id="drift of two"),
        case("drift site=P02", ["drift site:P02"], id="drift with an equals sign"),
        case("drift behind", ["drift"], id="drift with a class"),
        case("drift PS100112", ["PS100112", "drift"], id="drift of a package"),
        case("history of PS100112", ["history PS100112"], id="history in a sentence"),
        case("history boot image", ["find boot image"], id="history of a name"),
        case("history PS100112 behind", ["history PS100112"], id="history with a filter"),
        case("history PS100112 and PS100113", ["history PS100112 PS100113"], id="history with a word between"),
        case("history PS100112 PS1O0113", ["history PS100112 PS100113"], id="history with a letter for a digit"),
        case(
            "history " + " ".join(f"PS10011{each}" for each in range(6)),
            ["history PS100110 PS100111 PS100112 PS100113 PS100114"],
            id="history of too many",
        ),
    ],
)
def test_what_was_probably_meant_is_offered_and_can_be_asked(text: str, meant: list[str]) -> None:
    problem = parse(text)

    assert isinstance(problem, BadId | BadFilter | NoPackage | NotForDrift | NotForHistory | UnknownWord), problem
    assert list(problem.meant) == meant
    assert all(isinstance(parse(each), Query) for each in meant)


@pytest.mark.parametrize("text", ["?", "::", ":", "—", "...", "🎉", "“”", "- - -", "\u00ad", "\u200b\u200e", "\\\\"])
def test_signs_alone_ask_for_help(text: str) -> None:
    assert parse(text) == Help()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("find boot image", ("boot", "image")),
        ("FIND Boot", ("Boot",)),
        ('find "boot image"', ("boot", "image")),
        ("find <http://contoso.com|contoso.com>", ("contoso.com",)),
        ("find R&amp;D", ("R&D",)),
        ("find help", ("help",)),
        ("find Zürich 日本語", ("Zürich", "日本語")),
        ("find o’reilly", ("o'reilly",)),
        ("find – boot", ("boot",)),
        ("find a", ("a",)),
        ("find 言", ("言",)),
        ("find c++ .NET", ("c++", "NET")),
    ],
)
def test_find_takes_words(text: str, words: tuple[str, ...]) -> None:
    assert parse(text) == Find(words)


@pytest.mark.parametrize(
    "text", ["find", " FIND  ", 'find ""', "find .", "find *", "find ???", "find %", "find —", "find \u00a0"]
)
def test_find_without_words_finds_nothing(text: str) -> None:
    assert parse(text) == NothingToFind()


@pytest.mark.parametrize(
    "text",
    [
        "history PS100112 P0200113",
        "history PS100112, p0200113",
        "history PS100112 – P0200113",
        "history PS100112\nP0200113",
    ],
)
def test_a_history_is_of_every_package_that_is_named(text: str) -> None:
    assert parse(text) == History((PackageId("PS100112"), PackageId("P0200113")))


@pytest.mark.parametrize("text", ["history", "History ", "history *"])
def test_a_history_needs_a_package(text: str) -> None:
    assert parse(text) == NoPackage()


def test_signs_that_are_no_link_stay() -> None:
    assert parse("freeze a&lt;b c&gt;d") == Freeze("a<b c>d")


def test_behind_finds_every_row_that_lacks_the_version_for_long() -> None:
    assert WORDS["behind"] == {
        DriftClass.SOURCE_BEHIND,
        DriftClass.SITE_BEHIND,
        DriftClass.DP_BEHIND,
        DriftClass.NEVER_RECEIVED,
    }


@pytest.mark.parametrize("word", WORDS)
def test_every_filter_word_keeps_its_classes(word: str) -> None:
    assert shown(f"PS100112 {word.upper()}").filter == Filter(classes=WORDS[word])


def test_every_class_but_the_one_without_content_has_a_word() -> None:
    assert frozenset().union(*WORDS.values()) == frozenset(DriftClass) - {DriftClass.EXEMPT}


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        case("failed", ["NYC-DP02"], id="one class"),
        case("behind", ["CM02", "DP0001", "DP0002", "DP0003", "NYC-DP03"], id="a word of two classes"),
        case("failed ahead", ["BOS-DP01", "NYC-DP02"], id="two classes"),
        case("site:P02", ["CM02", "DP0001", "DP0002", "DP0003"], id="a site"),
        case("SITE:p02", ["CM02", "DP0001", "DP0002", "DP0003"], id="a site in lower case"),
        case("site:XYZ", [], id="a site that is not there"),
        case("dp:NYC*", ["NYC-DP01", "NYC-DP02", "NYC-DP03"], id="servers by pattern"),
        case("dp:nyc-dp0?.*", ["NYC-DP01", "NYC-DP02", "NYC-DP03"], id="servers by a place for one letter"),
        case("dp:NYC-DP02", ["NYC-DP02"], id="a server by its short name"),
        case("dp:NYC-DP02.contoso.com", ["NYC-DP02"], id="a server by its full name"),
        case("dp:*02*", ["CM02", "DP0002", "NYC-DP02"], id="servers that contain something"),
        case("dp:*", sorted(row.server.partition(".")[0] for row in story().rows), id="every server"),
        case("dp:BOS-DP01 dp:SEA*", ["BOS-DP01", "SEA-DP01"], id="two patterns"),
        case("dp:NYC* failed", ["NYC-DP02"], id="a pattern and a class"),
        case("`dp:NYC*` *failed*", ["NYC-DP02"], id="both dressed"),
        case("failed|ahead", ["BOS-DP01", "NYC-DP02"], id="alternatives as manuals write them"),
        case("behind|failed|site:P02", ["CM02", "DP0001", "DP0002", "DP0003"], id="the usage hint word by word"),
        case("failed,dp:NYC*", ["NYC-DP02"], id="commas"),
        case("failed | dp:nyc*|", ["NYC-DP02"], id="bars with blanks"),
        case("\u200efailed\u200e", ["NYC-DP02"], id="a direction mark"),
        case("*dp:BOS-DP01*", ["BOS-DP01"], id="a bold pattern"),
        case("site:P02 dp:NYC*", [], id="filters that exclude each other"),
        case("dp:[NYC]*", [], id="a bracket is no set of letters"),
        case("dp:NYC-DP0", [], id="a beginning without a wildcard is no name"),
        case("dp:nyc-dp0?", ["NYC-DP01", "NYC-DP02", "NYC-DP03"], id="a place for one letter in a short name"),
        case("dp:nyc-dp02.fabrikam.com", [], id="another domain"),
        case("dp:nyc-dp02.contoso.com.", ["NYC-DP02"], id="the dot of the root"),
        case("dp:NYC-DP02\\", ["NYC-DP02"], id="a trailing backslash"),
        case("dp:NYC-DP02$", ["NYC-DP02"], id="a machine account"),
        case(r"dp:CONTOSO\NYC-DP02$", ["NYC-DP02"], id="a machine account with its domain"),
        case(r"dp:\\NYC-DP02", ["NYC-DP02"], id="a UNC server"),
        case(r"dp:\\NYC-DP02\SMS_DP$", ["NYC-DP02"], id="a UNC path"),
        case(r"dp:\\NYC-DP02.contoso.com\SMSPKGD$\PS100112", ["NYC-DP02"], id="a UNC path with a domain"),
        case(r"dp:NYC-DP02\SMS_DP$", ["NYC-DP02"], id="a UNC path without its beginning"),
        case(r"dp:\\\\NYC-DP02\\SMS_DP$\\", ["NYC-DP02"], id="a UNC path out of a program text"),
        case(r"dp:\\?\UNC\NYC-DP02\SMS_DP$", ["NYC-DP02"], id="a long UNC path"),
        case(r"dp:\\NYC-DP02@SSL\DavWWWRoot", ["NYC-DP02"], id="a WebDAV path"),
        case("dp://NYC-DP02/SMS_DP$", ["NYC-DP02"], id="a path of slashes"),
        case('dp:"\\\\NYC-DP02\\SMS PKG$\\a b" ahead', [], id="a quoted path with blanks, and a class"),
        case("dp:“\\\\NYC-DP02\\SMS PKG$\\a b” failed", ["NYC-DP02"], id="typographic quotes"),
        case("dp:`\\\\NYC-DP02\\SMS_DP$`", ["NYC-DP02"], id="a path as code"),
        case('dp:"nyc dp02"', ["NYC-DP02"], id="a quoted name with a blank"),
        case("dp:'NYC-DP02'", ["NYC-DP02"], id="single quotes"),
        case('site:"P02"', ["CM02", "DP0001", "DP0002", "DP0003"], id="a quoted site"),
        case(f"dp:{nal_path('NYC-DP02.contoso.com')}", ["NYC-DP02"], id="a NAL path"),
        case(f"dp:{nal_path('nyc-dp02')}", ["NYC-DP02"], id="a NAL path without a domain"),
        case(f'dp:"{nal_path("NYC-DP02.contoso.com")}" failed', ["NYC-DP02"], id="a quoted NAL path"),
        case(f"dp:{nal_path('NYC-DP02').replace('MSWNET', ' MSWNET')}", ["NYC-DP02"], id="a NAL path with a blank"),
        case("dp:" + nal_path("NYC-DP02").replace('"', "”"), ["NYC-DP02"], id="a NAL path with typographic quotes"),
        case("dp:http://nyc-dp02/SMS_DP_SMSPKG$/PS100112", ["NYC-DP02"], id="a URL"),
        case("dp:https://nyc-dp02.contoso.com:443/x?y#z", ["NYC-DP02"], id="a URL with a port"),
        case("dp:<http://nyc-dp02/SMS_DP_SMSPKG$/PS100112>", ["NYC-DP02"], id="a URL that Slack linked"),
        case("dp:<http://nyc-dp02.contoso.com|nyc-dp02.contoso.com>", ["NYC-DP02"], id="a name that Slack linked"),
        case("dp:file://nyc-dp02/share", ["NYC-DP02"], id="a file URL"),
        case("*dp:NYC-DP02**", ["NYC-DP02"], id="a bold pattern with a wildcard"),
        case("dp:NYC∗ failed", ["NYC-DP02"], id="a star as the bot itself shows it"),
        case("ｄｐ：ｎｙｃ－ｄｐ０２", ["NYC-DP02"], id="wide letters"),
        case("dp:nyc-dp02\u200b\u200e", ["NYC-DP02"], id="invisible signs"),
        case("dp:\u202anyc\u2011dp02\u202c", ["NYC-DP02"], id="marks of direction"),
        case("dp:nyc\x1edp02", ["NYC-DP02"], id="the hyphen that Word pastes"),
        case("failed; ahead", ["BOS-DP01", "NYC-DP02"], id="semicolons"),
        case("- failed", ["NYC-DP02"], id="a lone dash"),
    ],
)
def test_filters_keep_rows(text: str, hosts: list[str]) -> None:
    assert kept(text) == hosts


def test_a_filter_looks_at_the_raw_path_where_it_does_not_parse() -> None:
    drift = judge(table(dp_row(server_path=r"\\HEL-NAS01\SMSPKGD$"), site_row()), NOW, GRACE)

    assert len(shown(r"PS100112 dp:\\HEL*").filter.keep(drift.dps)) == 1


@pytest.mark.parametrize(
    "word", ["behnd", "p02", "site:", "dp:", "site", "dp", "behind:x", "class:failed", "help", "in", "PS100113", "🎉"]
)
def test_a_word_that_is_no_filter_is_named(word: str) -> None:
    assert parse(f"PS100112 failed {word} ahead") == BadFilter(word)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("dp:", "dp"),
        ("DP:", "dp"),
        ("dp", "dp"),
        ("dp=", "dp"),
        ("dp:“”", "dp"),
        ("dp: \u200b", "dp"),
        ("dp: NYC-DP01", "dp"),
        ("site:", "site"),
        ("Site", "site"),
        ("site: P02", "site"),
    ],
)
def test_a_filter_without_its_name_is_no_package_id_of_two_characters(text: str, kind: str) -> None:
    problem = parse(text)

    assert isinstance(problem, BadFilter)
    assert lacking(problem.text) == kind
    assert parse(f"history {text}") == NoPackage()


@pytest.mark.parametrize("text", ["dpx", "sites", "dp:x", "site:P02", ":", "", "behind"])
def test_nothing_lacks_from_what_has_a_name_or_takes_none(text: str) -> None:
    assert lacking(text) == ""


@pytest.mark.parametrize("text", [r"\\NYC-DP01\SMS_DP$", "//nyc-dp01/x", nal_path("NYC-DP01")])
def test_a_path_alone_lacks_its_package(text: str) -> None:
    problem = parse(text)

    assert isinstance(problem, NoPackage)
    assert problem.rest.casefold() == "dp:nyc-dp01"


@pytest.mark.parametrize("text", ["PS100112—behind", "ps100112–behind", "PS100112:behind", "PS100112/behind"])
def test_a_filter_that_a_sign_sticks_to_its_id_is_one(text: str) -> None:
    assert shown(text) == shown("PS100112 behind")


@pytest.mark.parametrize("text", ["PS100112.28", "PS100112.pck", "PS100112-x64", "PS100112\\data"])
def test_what_sticks_to_an_id_and_is_no_filter_is_nothing(text: str) -> None:
    assert shown(text) == shown("PS100112")


def test_too_many_filters_are_refused() -> None:
    assert isinstance(parse("PS100112" + " failed" * MOST_FILTERS), Show)
    assert parse("PS100112" + " failed" * (MOST_FILTERS + 1)) == BadFilter("failed")


def test_a_filter_that_is_too_long_is_refused() -> None:
    assert isinstance(parse("PS100112 dp:" + "x" * (LONGEST_FILTER - 3)), Show)
    assert isinstance(parse("PS100112 dp:" + "x" * (LONGEST_FILTER - 2)), BadFilter)


DASHES = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d\u02d7\x1e\x1f"


@pytest.mark.parametrize("dash", DASHES, ids=ascii)
@pytest.mark.parametrize("stored", DASHES, ids=ascii)
def test_every_dash_means_every_other(dash: str, stored: str) -> None:
    host = f"NYC{stored}DP01.contoso.com"
    rows = (dp_row(server_path=nal_path(host)), site_row(server_path=host))

    for typed in (f"nyc{dash}dp01", f"nyc{dash}dp01.contoso.com", f"nyc{dash}*", rf"\\nyc{dash}dp01\SMS_DP$"):
        drift = judge(table(*rows), NOW, GRACE)
        keep = shown(f"PS100112 dp:{typed}").filter.keep
        assert (len(keep(drift.dps)), len(keep(drift.sites))) == (1, 1), typed


def test_a_short_name_in_the_database_is_found_by_its_name_with_a_domain() -> None:
    drift = judge(table(dp_row(server_path=nal_path("NYC-DP01")), site_row()), NOW, GRACE)

    assert len(shown("PS100112 dp:nyc-dp01.contoso.com").filter.keep(drift.dps)) == 1


IDS = st.from_regex(r"[A-Za-z0-9]{3}[0-9A-Fa-f]{5}", fullmatch=True)
DRESSES = st.text("*_~`\"'“”‘’«»„()[]{},;.! \t\u00a0\u3000\u200b\ufeff", max_size=6)
HOSTS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9*?.-]{0,20}[A-Za-z0-9*?]", fullmatch=True)
CODES = st.from_regex(r"[A-Za-z0-9]{3}", fullmatch=True)
FILTERS = st.lists(st.sampled_from(list(WORDS)) | HOSTS.map("dp:{}".format) | CODES.map("site:{}".format), max_size=5)


@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    for words in (text, f"PS100112 {text}", f"find {text}", f"PS100112 dp:{text}"):
        assert isinstance(parse(words), Query | Misunderstanding)


@given(IDS, DRESSES, DRESSES, st.sampled_from(["{}", "<http://{0}|{0}>", "&lt;{}&gt;", "<{}>"]))
def test_every_id_is_understood_in_every_dress(package_id: str, before: str, after: str, form: str) -> None:
    query = shown(before + form.format(package_id) + after)

    assert query.package_id == package_id.upper()


@given(IDS, FILTERS)
def test_the_text_of_a_query_asks_the_same_again(package_id: str, filters: list[str]) -> None:
    query = shown(" ".join([package_id, *filters]))

    assert parse(query.text) == query


@given(st.text(min_size=1).filter(lambda text: not re.search(r"\s", text)))
def test_what_is_said_of_a_bad_id_is_true(text: str) -> None:
    problem = parse(text)

    if isinstance(problem, BadId):
        match problem.fault:
            case IdFault.LENGTH:
                assert len(problem.text) == int(problem.detail) != 8
            case IdFault.LOOKALIKE:
                assert isinstance(parse(str(problem.suggestion)), Show)
                assert problem.detail in problem.text.upper()
            case IdFault.CHARACTERS:
                assert all(char in problem.text + problem.text.upper() for char in problem.detail.split())
