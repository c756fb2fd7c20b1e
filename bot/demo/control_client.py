"""A client of the local workspace's control API: acts as a person and returns what that person sees."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Callable

Message = dict[str, Any]

TIMEOUT_SECONDS = 90


class StepFailed(Exception):
    """A step of the tour did not have the expected result."""


@dataclass(frozen=True, slots=True)
class ControlClient:
    """Acts in the workspace at `url`; every method names the person by handle."""

    url: str

    def command(self, user: str, channel: str, text: str) -> Message:
        """Type a slash command; return how it was acknowledged."""
        return self._post("command", user=user, channel=channel, command="/pkgstatus", text=text)

    def click(self, user: str, channel: str, message: Message, action_id: str, value: str | None = None) -> None:
        """Press a button of a message; `value` picks among several."""
        self._post("click", user=user, channel=channel, ts=message["ts"], action_id=action_id, value=value)

    def home(self, user: str, what: str, fits: Callable[[Message], bool]) -> None:
        """Open somebody's App Home and wait until it fits. Raises StepFailed when it does not."""
        self._post("open_home", user=user)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            with urlopen(f"{self.url}/control/home?{urlencode({'user': user})}") as answer:  # noqa: S310
                view = json.load(answer)["view"]
            if view and fits(view):
                return
            time.sleep(0.1)
        raise StepFailed(f"{user} did not see {what} at home")

    def form(self, user: str, callback: str) -> Message:
        """Wait for a form to be ready and return it. Raises StepFailed when it does not come."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            with urlopen(f"{self.url}/control/views?{urlencode({'user': user})}") as answer:  # noqa: S310
                views = json.load(answer)["views"]
            if views and views[-1].get("callback_id") == callback:
                return dict(views[-1])
            time.sleep(0.1)
        raise StepFailed(f"{user} did not get the form {callback}")

    def submit(self, user: str, **values: object) -> None:
        """Fill a form, a value for each block, and submit it. Raises StepFailed when it is sent back."""
        filled = {block: {"field": value} for block, value in values.items()}
        answer = self._post("submit", user=user, values=filled)
        if answer["errors"]:
            raise StepFailed(f"the form was sent back: {answer['errors']}")

    def say(self, user: str, channel: str, text: str) -> None:
        """Write into a channel."""
        self._post("say", user=user, channel=channel, text=text)

    def messages(self, user: str, channel: str) -> list[Message]:
        """Return what a person sees in a channel, oldest first."""
        query = urlencode({"channel": channel, "user": user})
        with urlopen(f"{self.url}/control/messages?{query}") as answer:  # noqa: S310 - our own server
            return list(json.load(answer)["messages"])

    def wait(self, user: str, channel: str, what: str, fits: Callable[[Message], bool]) -> Message:
        """Wait until a person sees a message that fits. Raises StepFailed when it does not come."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            for message in reversed(self.messages(user, channel)):
                if fits(message):
                    return message
            time.sleep(0.1)
        raise StepFailed(f"{user} did not see {what} in {channel}")

    def _post(self, action: str, /, **document: object) -> Message:
        request = Request(  # noqa: S310 - our own server
            f"{self.url}/control/{action}", json.dumps(document).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request) as answer:  # noqa: S310
            return dict(json.load(answer))


def text_of(message: Message) -> str:
    """Everything a message says, as one string."""
    return json.dumps([message.get("text"), message.get("blocks")], ensure_ascii=False)
