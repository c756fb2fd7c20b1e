"""A form in a modal and the app behind it, for the tests of modals."""

from collections.abc import Callable

from slack_sdk import WebClient

from tests.demo.workspace.driver import Control, Json, RunningApp, actions, button, modal, plain, text_input

FORM = modal(
    text_input("reason", "text", min_length=3, max_length=10),
    {
        "type": "input",
        "block_id": "rows",
        "label": plain("Rows"),
        "optional": True,
        "element": {
            "type": "multi_static_select",
            "action_id": "pick",
            "options": [{"text": plain(name), "value": name} for name in ("one", "two")],
        },
    },
    actions(button("more"), block_id="row"),
    callback_id="reset",
    private_metadata="secret-free",
    notify_on_close=True,
)


class FormApp:
    """An app whose command opens the form and whose form answers as told."""

    def __init__(self) -> None:
        self.answer: Json = {}
        self.trigger_ids: list[str] = []
        self.closed: list[Json] = []

    def listen(self, app: RunningApp) -> None:
        """Register the listeners."""
        self.app = app

        @app.bolt.command("/pkgstatus")
        def command(ack: Callable[..., None], body: Json, client: WebClient) -> None:
            ack()
            self.trigger_ids.append(body["trigger_id"])
            client.views_open(trigger_id=body["trigger_id"], view=FORM)

        @app.bolt.view("reset")
        def submitted(ack: Callable[..., None], body: Json) -> None:
            app.bodies.append(body)
            ack(**self.answer)

        @app.bolt.action("more")
        def more(ack: Callable[..., None], body: Json) -> None:
            self.trigger_ids.append(body["trigger_id"])
            app.bodies.append(body)
            ack()

        @app.bolt.view_closed("reset")
        def closed(ack: Callable[..., None], body: Json) -> None:
            self.closed.append(body)
            ack()


def views(control: Control) -> list[Json]:
    """Return Ada's open modals."""
    found: list[Json] = control.query("views", user="ada")["views"]
    return found
