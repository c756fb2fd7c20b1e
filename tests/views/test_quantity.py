"""Counts in words: one thing is never many, in the helper and in every view that counts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.command import Filter, parse
from bot.domain.digest import AuditStatus, SiteSeen
from bot.domain.drift_classes import DriftClass, judge
from bot.domain.drift_history import Moved
from bot.domain.drift_summary import DriftScope
from bot.domain.home_content import Home, HomeSnapshot
from bot.domain.lookup_result import Hit, SearchResult
from bot.domain.package import SiteCode
from bot.domain.quantity import all_of, quantity
from bot.domain.request import Event, Kind, Stage
from bot.domain.voting_patterns import Frequent, QuickVote, VotingPatterns
from bot.views import (
    app_home,
    drift_digest,
    drift_rows,
    drift_summary,
    replies,
    request_card,
    request_form,
    request_texts,
    version_table,
)
from bot.views.drift_rows import Pointer
from bot.views.tables import Form
from tests import drifts
from tests.builders import GRACE as GRACE_TIME
from tests.builders import NOW, ago, answer, kept, package, points, site_row, table
from tests.fakes import ADA
from tests.requests import asked, plan, plan_row, reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.request import Request
    from bot.views.block_kit import Message

NOUNS = ("row", "character", "package", "server", "request", "vote", "quorum", "approval", "day", "shape", "version")
MANY = "|".join([*(f"{noun}s" for noun in NOUNS), "sites", "people", "entries", "others"])
ONE = "|".join([*NOUNS, r"site(?! servers| behind)", "person", "entry"])
A_NUMBER = r"(?<![\w.,:/#-])\*?{}\*? (?:(?:more|approved|site|newly) )?"
ONE_OF_MANY = re.compile(rf"{A_NUMBER.format(1)}(?:(?:{MANY})\b|(?:{ONE}) (?:are|have|were)\b)|there are 1\b")
MANY_AS_ONE = re.compile(rf"{A_NUMBER.format('[02]')}(?:{ONE})\b")


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (2, "row", "2 rows"),
        (1_234, "entry", "1,234 entries"),
        (1, "entry", "1 entry"),
        (0, "person", "0 people"),
        (1, "person", "1 person"),
        (2, "more site", "2 more sites"),
        (1, "more site", "1 more site"),
    ],
)
def test_a_count_has_its_noun_in_the_right_number(count: int, noun: str, words: str) -> None:
    assert quantity(count, noun) == words


def test_a_whole_of_one_is_the_only_one() -> None:
    assert [all_of(count, "row") for count in (1, 2)] == ["the only row", "all 2 rows"]


@pytest.mark.parametrize("wrong", ["*1* entries are", "1 rows", "1 people", "1 more sites", "1 row are", "1 of 1 rows"])
def test_the_judge_below_finds_what_is_wrong(wrong: str) -> None:
    assert ONE_OF_MANY.search(f"so {wrong} here")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_no_view_counts_one_as_many_or_many_as_one(count: int) -> None:
    for text in drawn(count):
        assert not ONE_OF_MANY.search(text), ONE_OF_MANY.search(text)
        assert not MANY_AS_ONE.search(text), MANY_AS_ONE.search(text)


def drawn(count: int) -> Iterator[str]:
    """Yield all that the views say of that many things."""
    for message in (*of_tables(count), *of_answers(count), *of_drift(count)):
        yield from (message.text, json.dumps(message.blocks, ensure_ascii=False))
    for blocks in of_blocks(count):
        yield json.dumps(blocks, ensure_ascii=False)
    yield request_texts.too_many_rows(count, 1)
    for request in of_requests(count):
        for message in of_request(request):
            yield from (message.text, json.dumps(message.blocks, ensure_ascii=False))


def of_tables(count: int) -> Iterator[Message]:
    rows = (site_row(), *(site_row(f"X{n:02}") for n in range(count)), *points(count, held_version=7))
    for form in Form:
        yield version_table.draw(kept(table(*rows)), form)
        yield version_table.draw(kept(table(*rows), Filter(servers=("nobody",))), form)
        yield version_table.draw(kept(table(*rows), Filter(frozenset({DriftClass.FAILED}))), form)
        yield drift_rows.draw(Pointer(Moved.NEWLY, ago(days=1)), drifts.listed(count), NOW, form)
    many = (site_row(f"X{n:02}", held_version=7) for n in range(version_table.SITES_IN_VIEW + count))
    yield version_table.draw(kept(table(*many)), Form.TEXT)


def of_answers(count: int) -> Iterator[Message]:
    yield replies.csv_note(answer(table(*points(count))))
    yield replies.search_results(
        SearchResult(("boot",), tuple(Hit(package(f"PS10000{n}"), SiteCode("PS1")) for n in range(count)))
    )
    yield replies.search_results(
        SearchResult(
            ("boot",), tuple(Hit(package(f"PS1{n:05}"), SiteCode("PS1")) for n in range(replies.MOST_HITS + count))
        )
    )
    yield request_texts.request_list("Requests", [asked()] * count, NOW, ["0123456789abcdef"] * count)
    misunderstood: Any = parse("P2"[:count] or "P")
    yield replies.misunderstood(misunderstood)


def of_drift(count: int) -> Iterator[Message]:
    troubled = tuple(SiteSeen(SiteCode(f"X{n:02}"), None) for n in range(drift_summary.SITES_IN_VIEW + count))
    for summary in (drifts.crowded(count), drifts.summary(sites=troubled)):
        for as_chart in (True, False):
            yield drift_summary.draw(summary, DriftScope(), as_chart=as_chart)
            yield drift_digest.draw(
                drifts.digest(
                    summary=summary,
                    trail=AuditStatus(drifts.HEAD, count, ago(hours=2) if count else None),
                    waiting=(asked(),) * count,
                    resets=(reached(Stage.APPLIED),) * count,
                ),
                as_chart=as_chart,
            )


def of_blocks(count: int) -> Iterator[Any]:
    quick = (QuickVote("a", ADA.id, count),) * count
    yield drift_digest.voting_blocks(VotingPatterns(count, quick, frequent=(Frequent(ADA.id, count),)), str)
    sites = tuple(SiteSeen(SiteCode(f"X{n:02}"), None) for n in range(app_home.SITES_SHOWN + count))
    home_snapshot = HomeSnapshot(
        drifts.summary(sites=sites), (), (), {}, (), None, AuditStatus(drifts.HEAD, count, ago(hours=1)), "C0SCCMAUDIT"
    )
    yield app_home.draw(Home(home_snapshot, (asked(),) * count, (asked(),) * count), str)


def of_requests(count: int) -> Iterator[Request]:
    rows = tuple(plan_row(f"NYC-DP{n:02}") for n in range(count))
    return (reached(stage, plan=plan(*rows)) for stage in Stage if rows)


def of_request(request: Request) -> Iterator[Message]:
    for form in Form:
        yield request_card.draw(request, "<@U0GRACE>", "", form)
    events = [request_texts.outcome_message(request, Event(kind)) for kind in Kind]
    threads = [request_texts.thread_message(request, Event(kind), "<@U0GRACE>:") for kind in Kind]
    yield from filter(None, (*events, *threads))
    yield from (
        request_texts.card_posted(request, ""),
        request_texts.vote_counted(request),
        request_texts.request_closed(request),
    )
    found = table(site_row(), *points(len(request.plan.rows), held_version=7))
    offered = judge(found, NOW, GRACE_TIME).dps
    yield replies.text_message(
        json.dumps(request_form.draw(request.plan, offered, "PS1 PS100112", 50), ensure_ascii=False)
    )
    yield replies.text_message(json.dumps(request_card.plan_modal(request), ensure_ascii=False))
