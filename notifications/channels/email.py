"""E-mail: text with the same in HTML, over whatever `EMAIL_URL` names.

A server may have taken a message whose answer was lost, so it can arrive twice: both times with one Message-ID.
"""

from __future__ import annotations

from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPResponseException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email

from notifications.attachments import attachments_of
from notifications.channels.base import Later, Never
from notifications.models import Delivery

PERMANENT = range(500, 600)


def send(delivery: Delivery) -> str:
    """Hand the message to the mail server. Raises Later and Never.

    What the server says about the recipient or the message is about them; what it says about the sender, the sign-in
    or itself is ours to mend, so that the message waits, whatever the code.
    """
    try:
        validate_email(delivery.recipient)
        _message(delivery).send()
    except ValidationError as error:
        raise Never("This is no e-mail address.") from error
    except SMTPRecipientsRefused as refusal:
        code, said = next(iter(refusal.recipients.values()))
        raise _verdict(code, said) from refusal
    except SMTPDataError as answer:
        raise _verdict(answer.smtp_code, answer.smtp_error) from answer
    except SMTPResponseException as answer:
        raise Later(f"{answer.smtp_code} {_text(answer.smtp_error)}") from answer
    except (SMTPException, OSError) as error:
        raise Later(str(error) or type(error).__name__) from error
    return ""


def _message(delivery: Delivery) -> EmailMultiAlternatives:
    headers = {
        "Message-ID": f"<{delivery.uid}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday notes in answer
    }
    if delivery.unsubscribe_url:  # RFC 8058: the reader's mail program shows a button
        headers["List-Unsubscribe"] = f"<{delivery.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message = EmailMultiAlternatives(
        subject=" ".join(delivery.subject.split()),
        body=delivery.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.recipient],
        reply_to=[settings.REPLY_TO_EMAIL] if settings.REPLY_TO_EMAIL else None,
        headers=headers,
    )
    if delivery.html:
        message.attach_alternative(delivery.html, "text/html")
    for name, content, kind in attachments_of(delivery.notice):
        message.attach(name, content, kind)
    return message


def _verdict(code: int, said: bytes | str) -> Later | Never:
    return (Never if code in PERMANENT else Later)(f"{code} {_text(said)}")


def _text(said: bytes | str) -> str:
    return said if isinstance(said, str) else said.decode(errors="replace")
