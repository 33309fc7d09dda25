"""E-mail: text with the same in HTML, over whatever `EMAIL_URL` names.

A server may have taken a message whose answer was lost, so it can arrive twice: both times with one Message-ID.
"""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from notifications.channels.base import Later, Never
from notifications.models import Delivery

PERMANENT = range(500, 600)


def send(delivery: Delivery) -> str:
    """Hand the message to the mail server. Raises Later and Never."""
    headers = {
        "Message-ID": f"<{delivery.uid}@{settings.SITE_URL.partition('//')[2].partition(':')[0] or 'localhost'}>"
    }
    if delivery.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{delivery.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message = EmailMultiAlternatives(
        subject=" ".join(delivery.subject.split()),
        body=delivery.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.recipient],
        headers=headers,
    )
    if delivery.html:
        message.attach_alternative(delivery.html, "text/html")
    try:
        message.send()
    except SMTPRecipientsRefused as refusal:
        code, said = next(iter(refusal.recipients.values()))
        raise (Never if code in PERMANENT else Later)(f"{code} {_text(said)}") from refusal
    except SMTPResponseException as answer:
        raise Later(f"{answer.smtp_code} {_text(answer.smtp_error)}") from answer
    except (SMTPException, OSError) as error:
        raise Later(str(error) or type(error).__name__) from error
    except ValueError as error:  # an address or a header that no server would take
        raise Never(str(error)) from error
    return ""


def _text(said: bytes | str) -> str:
    return said if isinstance(said, str) else said.decode(errors="replace")
