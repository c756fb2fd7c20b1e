from collections.abc import Callable

from slack_sdk import WebClient

from tests.demo.workspace.conftest import StartApp, StartWorkspace
from tests.demo.workspace.driver import (
    Control,
    Json,
    RunningApp,
    actions,
    button,
    error_of,
    modal,
    section,
)
from tests.waiting import wait_until

HOME = {"type": "home", "blocks": [section(), actions(button("go"))]}


class Events:
    """An app that remembers the events it gets and acknowledges those it is told to."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.heard: list[Json] = []
        self.retries: list[str] = []
        self.is_deaf = deaf

    def listen(self, app: RunningApp) -> None:
        """Hear everything before Bolt routes it."""

        @app.bolt.middleware
        def hear(body: Json, request: object, next: Callable[[], None]) -> None:  # noqa: A002 - Bolt's name
            self.heard.append(body["event"])
            self.retries.extend(getattr(request, "headers", {}).get("x-slack-retry-num", []))
            next()

        if not self.is_deaf:
            app.bolt.event("app_home_opened")(lambda ack: ack())
            app.bolt.event("app_mention")(lambda ack: ack())
            app.bolt.event("message")(lambda ack: ack())

    def kinds(self) -> list[str]:
        """Return the types of the events heard."""
        return sorted(event["type"] for event in self.heard)


def test_a_home_tab_is_published_for_one_person(web: WebClient, control: Control) -> None:
    view = web.views_publish(user_id="U000000ADA", view=HOME)["view"]

    assert control.query("home", user="ada")["view"]["id"] == view["id"]
    assert control.query("home", user="grace")["view"] is None
    assert web.views_publish(user_id="U000000ADA", view=HOME, hash=view["hash"])["view"]["id"] == view["id"]
    stale = {"user_id": "U000000ADA", "view": HOME, "hash": view["hash"]}
    assert error_of(lambda: web.views_publish(**stale)) == "hash_conflict"
    assert error_of(lambda: web.views_publish(user_id="U0NOBODY", view=HOME)) == "invalid_arguments"
    assert error_of(lambda: web.views_publish(user_id="U000000ADA", view=modal(section()))) == "invalid_arguments"


def test_without_a_home_tab_there_is_nothing_to_publish_or_open(start_workspace: StartWorkspace) -> None:
    workspace = start_workspace(home=False)
    web = WebClient(token=workspace.bot_token, base_url=workspace.api_url)

    assert error_of(lambda: web.views_publish(user_id="U000000ADA", view=HOME)) == "not_enabled"
    assert Control(workspace).attempt("open_home", user="ada")[0] == 409


def test_opening_the_home_tab_is_an_event(start_app: StartApp, control: Control) -> None:
    events = Events()
    start_app(events.listen)

    control.do("open_home", user="ada")

    wait_until(lambda: events.heard)
    assert (events.heard[0]["type"], events.heard[0]["user"]) == ("app_home_opened", "U000000ADA")
    assert control.attempt("open_home", user="olga")[0] == 403


def test_what_is_said_reaches_the_app_through_the_events_it_asked_for(start_app: StartApp, control: Control) -> None:
    events = Events()
    start_app(events.listen)

    control.do("say", user="ada", channel="sccm-ops", text="hello @pkgstatus <3")
    control.do("say", user="ada", channel="@ada", text="psst")

    wait_until(lambda: len(events.heard) == 3)
    assert events.kinds() == ["app_mention", "message", "message"]
    assert {event["text"] for event in events.heard} == {"hello <@U0PKGBOT> &lt;3", "psst"}


def test_events_nobody_asked_for_are_not_sent(start_workspace: StartWorkspace, start_app: StartApp) -> None:
    events = Events()
    app = start_app(events.listen, into=start_workspace(events=["app_mention"]))

    app.control.do("say", user="ada", channel="sccm-ops", text="hello")
    app.control.do("say", user="ada", channel="sccm-ops", text="@pkgstatus")

    wait_until(lambda: events.heard)
    assert [entry["payload"]["event"]["type"] for entry in app.control.log("envelope")] == ["app_mention"]


def test_an_event_that_is_not_acknowledged_comes_again_and_says_so(
    start_workspace: StartWorkspace, start_app: StartApp
) -> None:
    events = Events(deaf=True)
    app = start_app(events.listen, into=start_workspace(timing={"acknowledge_s": 0.2}))

    app.control.do("open_home", user="ada")

    wait_until(lambda: len(events.heard) == 3)
    assert events.retries == ["1", "2"]
    assert len({event["event_ts"] for event in events.heard}) == 1


def test_an_acknowledged_event_comes_once(start_app: StartApp, control: Control) -> None:
    events = Events()
    start_app(events.listen)

    control.do("open_home", user="ada")

    wait_until(lambda: control.log("ack"))
    assert len(control.log("envelope")) == 1
