"""The arguments of one Web API call, however they were sent: form, multipart, query or JSON.

It parses and types them; a wrong shape is the failure Slack gives for it.
"""

import json
from typing import Any

from aiohttp import web

from bot.demo.workspace.failure import Failure, with_messages

TRUE = frozenset({"1", "true", "True"})


class Arguments:
    """Named values with Slack's loose typing: `"1"` is true, `"[...]"` is a list."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def text(self, name: str) -> str:
        """Return a string, empty if it was not sent."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def required(self, name: str) -> str:
        """Return a string that must be there."""
        if not self.text(name):
            raise with_messages("invalid_arguments", [f"missing required field: {name}"])
        return self.text(name)

    def flag(self, name: str) -> bool:
        """Return a yes or no."""
        value = self.values.get(name)
        return value is True or value in TRUE

    def number(self, name: str, default: int) -> int:
        """Return a whole number."""
        try:
            return int(self.text(name) or default)
        except ValueError:
            raise with_messages("invalid_arguments", [f"must be an integer: {name}"]) from None

    def structure(self, name: str, error: str) -> Any:
        """Return a JSON value, decoded if it came as a string; None if it was not sent."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise Failure(error) from None

    def has(self, name: str) -> bool:
        """Tell whether the argument was sent at all."""
        return self.values.get(name) is not None


async def read_arguments(request: web.Request) -> Arguments:
    """Return what a request carries in its query and its body."""
    values: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise Failure("invalid_json") from None
        if not isinstance(body, dict):
            raise Failure("json_not_object")
        return Arguments(values | body)
    return Arguments(values | dict(await request.post()))
