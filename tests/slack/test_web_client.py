"""Whatever comes back instead of an answer of the Web API is named by all who ask, and never taken for one."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.refusal import Reason, Refusal
from bot.slack.inspector import SlackInspector
from bot.slack.people import SlackNames, SlackPeople
from bot.slack.sender import SlackMessageSender
from bot.slack.socket_mode import SocketModeConnection
from bot.slack.web_client import MAX_RETRY_AFTER_SECONDS, Client
from bot.slack.workspace import app_of_bot, authenticate, channel_fault
from bot.usecases.ports.slack import PeopleError, Posted, PostError, PostErrorKind, SlackQueryError
from tests.fakes import FakeClock
from tests.slack.answering import ANSWERS, answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slack_sdk import WebClient


def http(body: Any, status: int = 200, **headers: str) -> bytes:
    """Return an answer of HTTP."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{named}\r\n".encode() + content


NOTHING = dict.fromkeys(("user", "users", "channel", "ts", "bot", "view", "permalink", "team_id"))
NO_ANSWERS = {
    **ANSWERS,
    "a list": http([]),
    "null": http(None),
    "a text": http("ok"),
    "a number": http(5),
    "a byte order mark": http(b"\xef\xbb\xbf" + b'{"ok": true}'),
    "not UTF-8": http(b'{"ok": true, "user": "\xe9"}'),
    "nothing but ok": http({"ok": True}),
    "all is null": http({"ok": True} | NOTHING),
    "all is text": http({"ok": True} | dict.fromkeys(NOTHING, "x") | {"ts": 5, "team_id": 5, "permalink": 5}),
    "all is empty": http({"ok": True} | {name: {} for name in NOTHING}),
    "ok is a text": http({"ok": "false", "error": "x"}),
    "no error": http({"ok": False}),
    "an error that is an object": http({"ok": False, "error": {"code": "x"}, "response_metadata": None}),
    "429 until a date": http({"ok": False}, 429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"),
}


@pytest.fixture(params=list(NO_ANSWERS.values()), ids=list(NO_ANSWERS))
def client(request: pytest.FixtureRequest) -> Iterator[WebClient]:
    """Yield a client of something that is not Slack."""
    with answering(request.param) as address:
        yield Client("xoxb-1", base_url=address, timeout=10, retry_handlers=[])


def test_nobody_is_found(client: WebClient) -> None:
    with pytest.raises(PeopleError):
        SlackPeople(client).find("U1")
    with pytest.raises(PeopleError):
        SlackPeople(client).members("S1")
    assert SlackNames(client, FakeClock())("U1") == "U1"


def test_nothing_counts_as_posted(client: WebClient) -> None:
    with pytest.raises(PostError) as caught:
        SlackMessageSender(client).post("C1", {"text": "x"})

    assert caught.value.kind in {PostErrorKind.UNREACHABLE, PostErrorKind.LATER, PostErrorKind.UNKNOWN}
    assert SlackMessageSender(client).link(Posted("C1", "1.2")) == ""


def test_the_bot_does_not_end_and_does_not_take_it_for_an_identity(client: WebClient) -> None:
    stopping = threading.Event()
    stopping.set()

    assert authenticate(client, stopping) is None
    assert app_of_bot(client, "B1") == ""
    assert channel_fault(client, "C1") == Refusal(Reason.CANNOT_LOOK_UP)


def test_no_connection_is_opened(client: WebClient) -> None:
    stopping = threading.Event()
    changes: list[bool] = []
    connection = SocketModeConnection("xapp-1", client, lambda _client, _request: None, changes.append)
    running = threading.Thread(target=connection.run, args=(stopping,))
    running.start()
    stopping.set()
    running.join()

    assert True not in changes


def test_check_hears_that_slack_did_not_answer(client: WebClient) -> None:
    inspector = SlackInspector(client, "xapp-1-A1-x")

    with pytest.raises(SlackQueryError):
        inspector.channel("C1")
    with suppress(SlackQueryError):
        inspector.identity()
    with suppress(SlackQueryError):
        inspector.violations({"blocks": []})


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"retry_after": "7"}, 7),
        ({"Retry_After": "1.5"}, 1.5),
        ({"Retry_After": "-5"}, 0),
        ({"Retry_After": "nan"}, 1),
        ({"Retry_After": "inf"}, 1),
        ({"Retry_After": "1e12"}, MAX_RETRY_AFTER_SECONDS),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1),
        ({}, 1),
    ],
    ids=str,
)
def test_a_pause_is_a_sane_number_of_seconds(header: dict[str, str], seconds: float) -> None:
    with (
        answering(http({"ok": False, "error": "ratelimited"}, 429, **header)) as address,
        pytest.raises(PostError) as caught,
    ):
        SlackMessageSender(Client("xoxb-1", base_url=address, timeout=10, retry_handlers=[])).post("C1", {"text": "x"})

    assert (caught.value.kind, caught.value.retry_after) == (PostErrorKind.LATER, seconds)
