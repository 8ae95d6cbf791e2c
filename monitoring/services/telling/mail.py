"""E-mail: plain text through Django's backend (EMAIL_URL), one message to all addresses of a channel.

Message-ID is made of the delivery's id, so a message that is sent twice is one message to most mail programs; those of
one alert refer to the same ancestor and stand in one thread.
"""

from __future__ import annotations

import smtplib
import unicodedata
from collections.abc import Sequence
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMessage, get_connection

from monitoring.services.telling import document as said
from monitoring.services.telling.document import Document
from monitoring.services.telling.outcome import ARRIVED, Outcome, unreached

LONGEST_SUBJECT = 200
NOWHERE = ("django.core.mail.backends.console.EmailBackend", "django.core.mail.backends.dummy.EmailBackend")
NO_SERVER = "No mail server is set (EMAIL_URL), so nobody would get it."


def is_possible() -> bool:
    """Whether a mail would leave this machine."""
    return settings.EMAIL_BACKEND not in NOWHERE


def one_line(text: str, longest: int = LONGEST_SUBJECT) -> str:
    """Without line ends and other control characters: a header of a mail cannot be begun with a name."""
    plain = "".join(" " if unicodedata.category(character)[0] == "C" else character for character in text)
    words = " ".join(plain.split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def body(document: Document) -> str:
    """Plain text: the sentence first, then the facts, then the link."""
    lines = [*said.paragraphs(document), "\n".join(f"{label}: {value}" for label, value in said.facts(document))]
    if document["url"]:
        lines.append(document["url"])
    lines.append(f"-- \nSent by ML Ops Pro. Message {document['id']}.")
    return "\n\n".join(lines) + "\n"


def message(addresses: Sequence[str], document: Document) -> EmailMessage:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {"Message-ID": f"<{document['id']}@{domain}>", "Auto-Submitted": "auto-generated"}
    if document["alert"] is not None:
        headers["References"] = headers["In-Reply-To"] = f"<alert.{document['alert']['id']}@{domain}>"
    return EmailMessage(one_line(said.headline(document)), body(document), to=list(addresses), headers=headers)


def send(addresses: Sequence[str], document: Document) -> Outcome:
    """One try. Never raises for what the mail server does."""
    if not is_possible():
        return Outcome(False, error=NO_SERVER, away=True)
    try:
        with get_connection(timeout=settings.EMAIL_TIMEOUT) as connection:
            connection.send_messages([message(addresses, document)])
    except smtplib.SMTPRecipientsRefused as error:
        code = max((code for code, _ in error.recipients.values()), default=550)
        return Outcome(False, code, f"The mail server refuses every address of the channel (code {code}).")
    except smtplib.SMTPResponseException as error:
        away = 400 <= error.smtp_code < 500 or isinstance(error, smtplib.SMTPAuthenticationError)
        return Outcome(False, error.smtp_code, f"The mail server answered with code {error.smtp_code}.", away)
    except BadHeaderError:
        return Outcome(False, error="The message has a line end where none may be.")
    except (smtplib.SMTPException, OSError) as error:
        return unreached(ConnectionError(f"The mail server could not be reached, or broke off ({_kind(error)})."))
    return ARRIVED


def _kind(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
