"""A browser's end of the push, for the tests: it subscribes, and puts the patches into what it has."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from domain.accounts import SESSION_COOKIE
from web import patches

SECONDS = 20


class Board:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.figures, self.sub = socket, "", 0
        self.pieces: list[str] = []
        self.stamp = self.at = 0
        self.versions: dict[str, int] = {}
        self.messages: list[dict[str, Any]] = []

    @property
    def html(self) -> str:
        return "".join(self.pieces)

    async def ask(self, page: str = "tickets", **more: Any) -> None:
        self.sub += 1
        have = patches.pack(tuple(zlib.crc32(piece.encode()) for piece in self.pieces))
        said = {"sub": self.sub, "page": page, "have": have, "stamp": self.stamp, "at": self.at, **more}
        await self.socket.send(json.dumps(said))

    async def hear(self) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), SECONDS))
            if message.get("sub") == self.sub:
                break
        assert message["of"] == len(self.pieces)
        for start, end, new in reversed(message["ops"]):
            self.pieces[start:end] = new
        self.stamp, self.at = message["stamp"], message["at"]
        self.figures = message.get("figures", self.figures)
        if "ticket" in message:
            self.versions |= dict([message["ticket"]])
        self.messages.append(message)
        return message

    async def until(self, shows: Callable[[str], bool]) -> None:
        while not shows(self.html):
            await self.hear()


@asynccontextmanager
async def board(base: str, token: str = "", *, origin: str = "", **options: Any) -> AsyncIterator[Board]:
    headers = {"origin": origin or base} | ({"cookie": f"{SESSION_COOKIE}={token}"} if token else {})
    address = base.replace("http", "ws") + "/live"
    async with connect(address, additional_headers=headers, max_size=None, **options) as socket:
        yield Board(socket)
