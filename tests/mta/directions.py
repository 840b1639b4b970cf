"""Every mail server to every other, through sshsm."""

from letter import Letter
from pair import Pair
from registry import case
from rows import MORE_SENDERS, RECEIVERS, SENDERS


def in_each_direction(name, **options):
    """Registers a case for each sender and receiver; it gets their Pair."""
    def register(function):
        for sender in SENDERS + MORE_SENDERS:
            for receiver in RECEIVERS:
                def run(bench, sender=sender, receiver=receiver):
                    function(Pair(bench, sender, receiver))
                run.__name__ = f"{sender.name}_to_{receiver.name}_{name}"
                run.__module__ = function.__module__
                is_long = options.get("long", False) or sender in MORE_SENDERS
                case(root=True, long=is_long)(run)
        return function
    return register


@in_each_direction("a_message_arrives")
def a_message_arrives(pair):
    pair.send(Letter("Grüße\n.\n..\nend\n".encode()))
    pair.everything_arrived()
