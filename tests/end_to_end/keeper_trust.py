"""sshsmd: no message goes over a line that configuration or pins have changed under."""

import os

from keeper_rig import ACCEPTED, ENVELOPE, MAIL, MESSAGE, KeptFriend, served
from registry import case, expect
from servers import new_key

ELSEWHERE = "127.0.0.2"


@case
def no_message_begins_on_a_line_whose_key_was_revoked(bench):
    kept = served(KeptFriend(bench))
    running = kept.greeted()
    key = kept.friend.sshd.host_keys["ed25519"]
    kept.friend.write_pins([f"[127.0.0.1]:{kept.friend.sshd.port} {key}", f"@revoked * {key}"])
    answer = running.ask(MAIL)
    expect(answer[0].startswith("421 4.7.") and "revoke" in answer[0], True, f"the answer {answer}")
    bench.wait_until(lambda: not kept.sinks(), "the line is closed")
    refused = kept.speaker().hear()
    expect(refused[0].startswith("421 4.7.") and "revoke" in refused[0], True, f"the greeting {refused}")
    kept.delivers(1)


@case
def no_message_begins_on_a_line_to_another_user(bench):
    kept = served(KeptFriend(bench))
    in_flight, running = kept.greeted(), kept.greeted()
    in_flight.follow(*ENVELOPE)
    kept.friend.settings["user"] = "nobody-there"
    kept.friend.write_configuration()
    answer = running.ask(MAIL)
    expect(answer[0].startswith("421 4.7.8 sshsm: friend (127.0.0.1): the host refused our key: user nobody-there"),
           True, f"the answer {answer}")
    in_flight.follow((MESSAGE, ACCEPTED))
    kept.delivers(2)


@case
def what_does_not_concern_the_line_leaves_it_up(bench):
    kept = served(KeptFriend(bench))
    key = kept.friend.sshd.host_keys["ed25519"]
    kept.friend.write_pins([f"[127.0.0.1]:{kept.friend.sshd.port} {key}", f"other.example {key}"])
    kept.greeted().send_letter()
    kept.delivers(2)
    expect(kept.said().count("logged in as"), 1, "logins")


@case
def no_message_begins_on_a_line_that_was_made_with_another_key(bench):
    kept = served(KeptFriend(bench))
    running = kept.greeted()
    friend = kept.friend
    os.rename(friend.key, friend.path("former"))
    os.unlink(friend.key + ".pub")
    public_key = new_key(friend.key)
    os.chown(friend.key, kept.rig.mail_user.pw_uid, kept.rig.mail_user.pw_gid)
    answer = running.ask(MAIL)
    expect(answer[0].startswith("421 4.7.8 sshsm: friend (127.0.0.1): the host refused our key: "), True,
           f"the answer {answer}")
    friend.sshd.authorize(public_key, " ".join(friend.sink_command()))
    bench.wait_until(kept.greets, "he lets the new key in")
    kept.greeted().send_letter()
    kept.delivers(2)


@case
def no_message_begins_on_a_line_to_another_host(bench):
    """The former host's mail server gets what was begun there, and no more."""
    friend = bench.friend(sshd=bench.sshd())
    port = friend.sshd.port
    other = bench.friend(sshd=bench.sshd([f"ListenAddress {ELSEWHERE}:{port}"]))
    with open(friend.key + ".pub", encoding="ascii") as file:
        other.sshd.authorize(file.read().strip(), " ".join(other.sink_command()))
    friend.write_pins([f"[{host}]:{port} {one.sshd.host_keys['ed25519']}"
                       for host, one in (("127.0.0.1", friend), (ELSEWHERE, other))])
    kept = served(KeptFriend(bench, friend=friend))
    in_flight, running = kept.greeted(), kept.greeted()
    in_flight.follow(*ENVELOPE)
    friend.settings["host"] = ELSEWHERE
    friend.write_configuration()
    running.send_letter()
    in_flight.follow((MESSAGE, ACCEPTED))
    in_flight.send_letter()
    fresh = kept.speaker()
    expect(fresh.hear(), [f"220 here.example ESMTP sshsm: friend ({ELSEWHERE}): ready"], "the greeting")
    expect((len(friend.messages()), len(other.messages())), (2, 2), "messages at the former host and the new one")
    expect("the line to 127.0.0.1 is not what the configuration says any more" in kept.said(), True, "it says so")
