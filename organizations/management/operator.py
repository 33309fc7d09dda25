"""What operators' commands share: a mistake is one line on standard error and exit code 2."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import UTC, datetime, time
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime

MISTAKE = 2


class _Parser(CommandParser):
    def error(self, message: str) -> NoReturn:
        """Without the usage, which `--help` shows."""
        raise CommandError(message, returncode=MISTAKE)


class OperatorCommand(BaseCommand):
    """A command whose arguments and ValidationErrors fail in one line, with nothing half-written."""

    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's own parser, less the usage on a mistake."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = _Parser
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """As Django does, and mistakes in the arguments as one line, too."""
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            self.stderr.write(str(error))
            raise SystemExit(error.returncode) from None

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Turn the first message of a ValidationError into the command's one line."""
        try:
            return super().execute(*args, **options)
        except ValidationError as error:
            raise mistake(error) from None


def mistake(error: ValidationError | str) -> CommandError:
    """The error that ends a command with exit code 2, naming the field where there is one."""
    if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
        field, messages = next(iter(error.message_dict.items()))
        return CommandError(f"{field}: {messages[0]}", returncode=MISTAKE)
    text = error.messages[0] if isinstance(error, ValidationError) else error
    return CommandError(text, returncode=MISTAKE)


def moment(text: str) -> datetime:
    """An argument that is a day (its beginning, UTC) or an RFC 3339 moment with its offset."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) and (day := parse_date(text)):
            return datetime.combine(day, time(), UTC)
        if (parsed := parse_datetime(text)) and parsed.tzinfo:
            return parsed
    except ValueError:
        pass
    raise ArgumentTypeError(f"{text!r} is neither a day such as 2027-01-31 nor a moment such as 2027-01-31T12:00:00Z.")
