"""What a person may type after the command, and what is understood by it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.drift import DriftClass, judge
from bot.domain.query import (
    LONGEST_FILTER,
    MOST_FILTERS,
    WORDS,
    BadFilter,
    Filter,
    Find,
    Freeze,
    Help,
    Misunderstanding,
    NoPackage,
    NothingToFind,
    Query,
    Show,
    parse,
)
from bot.domain.typed_id import BadId, IdFault
from tests.builders import GRACE, NOW, dp_row, site_row, story, table

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
        case("behind", IdFault.LENGTH, "6", None, id="a filter without an ID"),
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
    ("text", "words"),
    [
        ("find boot image", ("boot", "image")),
        ("FIND Boot", ("Boot",)),
        ('find "boot image"', ("boot", "image")),
        ("find <http://contoso.com|contoso.com>", ("contoso.com",)),
        ("find R&amp;D", ("R&D",)),
        ("find help", ("help",)),
        ("find Zürich 日本語", ("Zürich", "日本語")),
    ],
)
def test_find_takes_words(text: str, words: tuple[str, ...]) -> None:
    assert parse(text) == Find(words)


@pytest.mark.parametrize("text", ["find", " FIND  ", 'find ""', "find ."])
def test_find_without_words_finds_nothing(text: str) -> None:
    assert parse(text) == NothingToFind()


@pytest.mark.parametrize("text", ["history", "History ", "history *"])
def test_a_history_needs_a_package(text: str) -> None:
    assert parse(text) == NoPackage()


def test_signs_that_are_no_link_stay() -> None:
    assert parse("freeze a&lt;b c&gt;d") == Freeze("a<b c>d")


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


def test_too_many_filters_are_refused() -> None:
    assert isinstance(parse("PS100112" + " failed" * MOST_FILTERS), Show)
    assert parse("PS100112" + " failed" * (MOST_FILTERS + 1)) == BadFilter("failed")


def test_a_filter_that_is_too_long_is_refused() -> None:
    assert isinstance(parse("PS100112 dp:" + "x" * (LONGEST_FILTER - 3)), Show)
    assert isinstance(parse("PS100112 dp:" + "x" * (LONGEST_FILTER - 2)), BadFilter)


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
