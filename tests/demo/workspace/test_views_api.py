from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.demo.workspace.conftest import StartApp, StartWorkspace
from tests.demo.workspace.driver import Control, Json, RunningApp, answer_of, error_of, modal, plain, section
from tests.demo.workspace.form import FORM, FormApp, views


def test_a_trigger_is_used_once(form: FormApp, web: WebClient) -> None:
    assert error_of(lambda: web.views_open(trigger_id=form.trigger_ids[0], view=FORM)) == "exchanged_trigger_id"
    assert error_of(lambda: web.views_open(trigger_id="1.2.3", view=FORM)) == "invalid_trigger_id"


def test_a_trigger_dies_quickly(start_workspace: StartWorkspace, start_app: StartApp) -> None:
    workspace = start_workspace(timing={"trigger_s": 0.0})
    bodies: list[Json] = []

    def listen(app: RunningApp) -> None:
        @app.bolt.command("/pkgstatus")
        def command(ack: Callable[..., None], body: Json) -> None:
            bodies.append(body)
            ack()

    app = start_app(listen, into=workspace)
    app.control.command()

    client = app.bolt.client
    assert error_of(lambda: client.views_open(trigger_id=bodies[0]["trigger_id"], view=FORM)) == "expired_trigger_id"


def test_three_modals_are_the_stack(form: FormApp, control: Control, web: WebClient) -> None:
    errors: list[str | None] = []
    for _ in range(3):
        control.do("click", user="ada", view_id=views(control)[-1]["id"], action_id="more")
        trigger_id = form.trigger_ids[-1]
        if len(views(control)) < 3:
            web.views_push(trigger_id=trigger_id, view=FORM)
        else:
            errors.append(error_of(lambda: web.views_push(trigger_id=trigger_id, view=FORM)))  # noqa: B023 - called at once

    assert errors == ["push_limit_reached"]
    assert len(views(control)) == 3


def test_an_update_keeps_what_was_entered_and_minds_the_hash(form: FormApp, control: Control, web: WebClient) -> None:
    view = views(control)[-1]
    changed = FORM | {"title": plain("New")}

    updated = web.views_update(view_id=view["id"], hash=view["hash"], view=changed)["view"]

    assert form.app.bodies == []
    assert (updated["title"]["text"], updated["id"]) == ("New", view["id"])
    assert updated["hash"] != view["hash"]
    stale = {"view_id": view["id"], "hash": view["hash"], "view": changed}
    assert error_of(lambda: web.views_update(**stale)) == "hash_conflict"
    assert error_of(lambda: web.views_update(view_id="V0NONE", view=FORM)) == "not_found"


REFUSED: list[tuple[Any, str]] = [
    (modal(section(), private_metadata="x" * 3001), "invalid_arguments"),
    ({"type": "home", "blocks": [section()]}, "invalid_arguments"),
    ("{", "invalid_arguments"),
    (modal(*[section("x" * 3000) for _ in range(84)]), "view_too_large"),
]


@pytest.mark.parametrize(("view", "error"), REFUSED)
def test_a_view_that_slack_would_refuse_is_refused(web: WebClient, view: Any, error: str) -> None:
    answer = answer_of(lambda: web.api_call("views.open", json={"trigger_id": "1.2.3", "view": view}))

    assert answer["error"] == error


def test_an_external_id_names_one_view(form: FormApp, control: Control, web: WebClient) -> None:
    web.views_update(view_id=views(control)[-1]["id"], view=FORM | {"external_id": "mine"})

    assert web.views_update(external_id="mine", view=FORM | {"external_id": "mine"})["ok"]
    control.do("click", user="ada", view_id=views(control)[-1]["id"], action_id="more")
    pushed, trigger_id = FORM | {"external_id": "mine"}, form.trigger_ids[-1]
    assert error_of(lambda: web.views_push(trigger_id=trigger_id, view=pushed)) == "duplicate_external_id"


def test_a_modal_is_pushed_only_from_a_modal(form: FormApp, control: Control, web: WebClient) -> None:
    control.do("close", user="ada")
    control.command()

    pushed = {"trigger_id": form.trigger_ids[-1], "view": FORM}
    assert error_of(lambda: web.api_call("views.push", json=pushed)) == "exchanged_trigger_id"
    control.do("click", user="ada", view_id=views(control)[-1]["id"], action_id="more")
    control.do("close", user="ada", all=True)
    late = {"trigger_id": form.trigger_ids[-1], "view": FORM}
    assert error_of(lambda: web.api_call("views.push", json=late)) == "invalid_trigger_id"
