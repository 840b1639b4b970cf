"""All rows: who sends and who receives; and the cases that are made for them."""

from exim_row import Exim, EximBatch
from pair import Pair
from postfix_row import Postfix
from registry import case
from sendmail_row import Sendmail, SendmailForOneFriend

SENDERS = [Sendmail(), Exim(), Postfix()]
RECEIVERS = [Sendmail(), Exim(), Postfix()]
# Further recipes of a mail server, in the long suite alone.
MORE_SENDERS = [SendmailForOneFriend(), EximBatch()]


def in_each_direction(name, short=None, **options):
    """Registers a case for each sender and receiver, which gets their Pair, made with the options. It is
    in the short suite for the pairs of rows that `short` is true for; without it, for none."""
    def register(function):
        for sender in SENDERS + MORE_SENDERS:
            for receiver in RECEIVERS:
                def run(bench, sender=sender, receiver=receiver):
                    function(Pair(bench, sender, receiver, **options))
                run.__name__ = f"{sender.name}_to_{receiver.name}_{name}"
                run.__module__ = function.__module__
                is_short = short and sender not in MORE_SENDERS and short(sender, receiver)
                case(root=True, long=not is_short)(run)
        return function
    return register


def always(_sender, _receiver):
    return True


def once_per_sender(_sender, receiver):
    return receiver is RECEIVERS[0]
