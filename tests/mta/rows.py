"""All rows: who sends and who receives."""

from sendmail_row import Sendmail

SENDERS = [Sendmail()]
RECEIVERS = [Sendmail()]
# A second recipe of a mail server: a sender in the long suite alone.
MORE_SENDERS = []
