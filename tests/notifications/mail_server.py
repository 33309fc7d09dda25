"""A real mail server on loopback that takes letters, or behaves as mail servers do on bad days."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.config.processes import free_port

TAKEN = "250 taken as 4711"
# Its thread says how a connection ended when the test's own output may be closed already.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class MailServer:
    """What it answers to each step, and what it took. `None` as an answer: the connection is cut instead."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.to: list[str] = []
        self.sender: str | None = "250 ok"
        self.recipient: str | None = "250 ok"
        self.data: str | None = TAKEN
        self.hangs_at = ""
        self.released = threading.Event()
        self.port = free_port()

    def letters(self) -> list[EmailMessage]:
        """What it took, read."""
        return [message_from_bytes(each, policy=default) for each in self.taken]

    async def handle_MAIL(  # noqa: N802 - the library's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._answer("sender", server)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.to.append(address)
        envelope.rcpt_tos.append(address)
        return await self._answer("recipient", server)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data in (TAKEN, None) or self.hangs_at == "data":
            assert isinstance(envelope.original_content, bytes)
            self.taken.append(envelope.original_content)
        return await self._answer("data", server)

    async def _answer(self, step: str, server: SMTP) -> str:
        while self.hangs_at == step and not self.released.is_set():
            await asyncio.sleep(0.01)
        answer: str | None = getattr(self, step)
        if answer is None:
            transport: Any = server.transport
            transport.abort()
            return "421 gone"
        return answer


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """One that runs until the end of the block."""
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=server.port, ready_timeout=30)
    controller.start()
    try:
        yield server
    finally:
        server.released.set()
        controller.stop()
