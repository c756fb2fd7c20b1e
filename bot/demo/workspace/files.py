"""Uploaded files, from the ticket to the finished file.

It keeps names, bytes and the channels a file was shared in; nothing is visible before it is complete.
"""

import mimetypes
import secrets
from dataclasses import dataclass, field

from bot.demo.workspace import people
from bot.demo.workspace.failure import Failure, Json


@dataclass(eq=False)
class File:
    """One file on its way or there."""

    name: str
    length: int
    id: str = field(default_factory=lambda: f"F{secrets.token_hex(5).upper()}")
    ticket: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    content: bytes | None = None
    title: str = ""
    channels: list[str] = field(default_factory=list)
    is_complete: bool = False

    @property
    def mimetype(self) -> str:
        """Return the type the name suggests."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def text(self) -> str:
        """Return the content as text."""
        return (self.content or b"").decode("utf-8", "replace")


class Files:
    """All files by id."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}

    def expect(self, name: str, length: int) -> File:
        """Return a new file that waits for its bytes."""
        file = File(name, length)
        self.files[file.id] = file
        return file

    def receive(self, ticket: str, content: bytes) -> None:
        """Take the bytes of an expected file."""
        file = next((file for file in self.files.values() if file.ticket == ticket), None)
        if file is None or file.is_complete or len(content) != file.length:
            raise Failure("invalid_upload")
        file.content = content

    def complete(self, file_id: str) -> File:
        """Return a received file that nobody completed yet."""
        file = self.files.get(file_id)
        if file is None or file.is_complete or file.content is None:
            raise Failure("file_not_found")
        return file


def as_payload(file: File, url: str) -> Json:
    """Return Slack's file object."""
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2].lower(),
        "size": file.length,
        "user": people.BOT_USER_ID,
        "url_private": f"{url}/files/{file.id}",
        "url_private_download": f"{url}/files/{file.id}",
        "permalink": f"{url}/files/{file.id}",
        "channels": file.channels,
        "is_external": False,
    }
