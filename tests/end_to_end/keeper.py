"""sshsmd: local clients, one warm line."""

from keeper_rig import (ACCEPTED, CLOSING, DATA, ENVELOPE, GO_AHEAD, GREETING, MAIL, MESSAGE, RCPT, RECIPIENT_OK,
                        SENDER_OK, KeptFriend)
from friend import LETTER, canonical
from registry import case, expect


@case
def a_message_goes_through_the_keeper_octet_by_octet(bench):
    kept = KeptFriend(bench)
    client = kept.greeted()
    client.send_letter()
    client.quit()
    expect(kept.friend.messages(), [canonical(LETTER)], "delivered messages")
