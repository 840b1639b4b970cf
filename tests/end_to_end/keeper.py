"""sshsmd: local clients, one warm line."""

import os
import re
import signal

from friend import LETTER, canonical
from keeper_rig import (ACCEPTED, CLOSING, DATA, ENVELOPE, GO_AHEAD, MAIL, MESSAGE, RCPT,
                        RECIPIENT_OK, SENDER_OK, KeptFriend)
from registry import case, expect
from smtp_address import friend_with_sink

ENVELOPE_RECEIVED = (b"MAIL FROM:<alice@here.example>\r\nRCPT TO:<bob@friend.example>\r\nDATA\r\n"
                     + MESSAGE)


@case
def a_message_goes_through_the_keeper_octet_by_octet(bench):
    kept = KeptFriend(bench)
    client = kept.greeted()
    client.send_letter()
    client.quit()
    expect(kept.friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def without_a_helo_it_says_the_name_of_this_host(bench):
    kept = KeptFriend(bench, helo=None)
    name = os.uname().nodename
    client = kept.speaker()
    expect(client.hear(), [f"220 {name} ESMTP sshsm: friend (127.0.0.1): ready"], "the greeting")
    client.quit()
    expect(kept.friend.transcript(), f"EHLO {name}\r\n".encode(), "the transcript")


@case
def a_client_of_an_lmtp_listener_speaks_lmtp(bench):
    kept = KeptFriend(bench, listen="lmtp")
    client = kept.speaker()
    expect(client.hear(), ["220 here.example LMTP sshsm: friend (127.0.0.1): ready"], "the greeting")
    expect(len(client.ask("LHLO client.example")), 5, "lines of the answer to LHLO")
    client.follow((MAIL, SENDER_OK), (RCPT, RECIPIENT_OK),
                  ("RCPT TO:<eve@friend.example>", "250 2.1.5 <eve@friend.example> recipient ok"),
                  (DATA, GO_AHEAD), (MESSAGE, ACCEPTED))
    expect(client.hear(), [ACCEPTED], "the answer for the second recipient")
    client.quit()
    expect(kept.friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_keeper_takes_one_message_after_the_other_to_smtp_address(bench):
    friend = friend_with_sink(bench)
    kept = KeptFriend(bench, friend=friend)
    for _ in range(3):
        client = kept.greeted()
        client.send_letter()
        client.quit()
    kept.delivers(3)
    expect((friend.listener.count, kept.said().count("logged in as")), (1, 1), "connections and logins")


@case
def a_parked_mail_server_serves_the_next_client(bench):
    kept = KeptFriend(bench)
    for _ in range(3):
        client = kept.greeted()
        client.send_letter()
        client.quit()
    expect(kept.friend.transcript(), b"EHLO here.example\r\n" + 3 * ENVELOPE_RECEIVED, "the transcript")
    expect(kept.said().count("logged in as"), 1, "logins")


@case
def a_mail_server_is_used_for_so_many_messages_as_the_configuration_says(bench):
    kept = KeptFriend(bench, messages_per_session="2")
    client = kept.greeted()
    for _ in range(5):
        client.send_letter()
    client.quit()
    kept.delivers(5)
    # Each hears QUIT and EHLO when he comes to it, the next one while the one before is at work.
    quit_line, hello = b"QUIT\r\n", b"EHLO here.example\r\n"
    bench.wait_until(lambda: kept.friend.transcript().count(quit_line) == 2, "two are hung up on")
    expect(kept.friend.transcript().count(hello), 3, "mail servers who were greeted")
    expect(kept.friend.transcript().replace(quit_line, b"").replace(hello, b""),
           5 * ENVELOPE_RECEIVED, "the transcript but for QUIT and EHLO")
    expect(kept.said().count("logged in as"), 1, "logins")


@case
def behind_the_last_message_of_a_mail_server_the_next_one_is_there(bench):
    kept = KeptFriend(bench, messages_per_session="2", is_met=True)
    client = kept.greeted()
    client.send_letter()
    expect(kept.status()["sessions_started"], 1, "mail servers before it")
    client.send_letter()
    bench.wait_until(lambda: kept.status()["parked"] == 1, "one is parked")
    expect(kept.status()["sessions_started"], 2, "mail servers behind it")


@case
def no_line_is_opened_for_a_message_that_may_come(bench):
    kept = KeptFriend(bench, messages_per_session="1", max_sessions="1", is_met=True)
    client = kept.greeted()
    client.follow(*ENVELOPE)
    bench.pause(0.5)
    expect(kept.status()["dials"], 1, "dials")
    client.follow((MESSAGE, ACCEPTED))


@case
def two_messages_at_once_have_a_mail_server_each(bench):
    kept = KeptFriend(bench)
    one, other = kept.greeted(), kept.greeted()
    one.follow(*ENVELOPE)
    other.follow(*ENVELOPE)
    expect(len(kept.sinks()), 2, "mail servers at work")
    one.follow((MESSAGE, ACCEPTED))
    other.follow((MESSAGE, ACCEPTED))
    one.quit()
    other.quit()
    kept.delivers(2)
    expect(kept.said().count("logged in as"), 1, "logins")


@case
def clients_who_say_nothing_hold_no_mail_server(bench):
    kept = KeptFriend(bench, max_sessions="1", max_connections="1")
    silent = [kept.greeted() for _ in range(5)]
    client = kept.greeted()
    client.send_letter()
    silent[2].send_letter()
    expect(len(kept.sinks()), 1, "mail servers at work")
    kept.delivers(2)


@case
def beyond_the_sessions_of_a_connection_there_is_another_one(bench):
    kept = KeptFriend(bench, max_sessions="2", max_connections="2")
    clients = [kept.greeted() for _ in range(4)]
    for client in clients:
        client.follow(*ENVELOPE)
    expect(kept.said().count("logged in as"), 2, "logins")
    for client in clients:
        client.follow((MESSAGE, ACCEPTED))
    kept.delivers(4)


@case
def beyond_the_connections_a_client_waits_for_his_turn(bench):
    kept = KeptFriend(bench, max_sessions="1", max_connections="1")
    first, second, third = kept.greeted(), kept.greeted(), kept.greeted()
    first.follow(*ENVELOPE)
    second.say(MAIL + "\r\n")
    third.say(MAIL + "\r\n")
    expect(second.is_silent(0.5) and third.is_silent(0), True, "both wait")
    first.follow((MESSAGE, ACCEPTED))
    expect(second.hear(), [SENDER_OK], "the answer when it is his turn")
    expect(third.is_silent(0.3), True, "the third waits on")
    second.follow((RCPT, RECIPIENT_OK), (DATA, GO_AHEAD), (MESSAGE, ACCEPTED))
    expect(third.hear(), [SENDER_OK], "the answer when it is his turn")
    third.follow((RCPT, RECIPIENT_OK), (DATA, GO_AHEAD), (MESSAGE, ACCEPTED))
    kept.delivers(3)


@case
def a_message_behind_one_that_cannot_be_sent_is_not_held_up(bench):
    kept = KeptFriend(bench, max_sessions="1", max_connections="1")
    busy, picky, patient = kept.greeted(), kept.greeted(), kept.greeted()
    busy.follow(*ENVELOPE)
    picky.say(MAIL + " HOLDFOR=1\r\n")
    expect(picky.is_silent(0.2), True, "it is not his turn")
    patient.say(MAIL + "\r\n")
    expect(patient.is_silent(0.2), True, "nor is it this one's")
    busy.follow((MESSAGE, ACCEPTED))
    expect(picky.hear(5)[0][:9], "451 4.6.3", "the one's turn")
    expect(patient.hear(5), [SENDER_OK], "the other's turn")


@case
def a_turn_that_does_not_come_in_time_is_421(bench):
    kept = KeptFriend(bench, max_sessions="1", max_connections="1", wait_timeout="1")
    first, second = kept.greeted(), kept.greeted()
    first.follow(*ENVELOPE)
    second.follow((MAIL, kept.refusal(421, "4.4.5 no session became free in time; raise max-sessions, "
                                           "max-connections or wait-timeout")), ("QUIT", CLOSING))
    kept.rig.compared.add("line-busy")
    kept.rig.provoked.add("line-busy")
    first.follow((MESSAGE, ACCEPTED))
    kept.delivers(1)


@case
def a_host_that_allows_fewer_sessions_lowers_the_limit(bench):
    for allowed in (1, 2):
        sshd = bench.sshd([f"MaxSessions {allowed}"])
        kept = KeptFriend(bench, sshd=sshd, max_connections="2")
        clients = [kept.greeted() for _ in range(2 * allowed)]
        for client in clients:
            client.follow(*ENVELOPE)
        expect(kept.said().count("logged in as"), 2, f"logins with MaxSessions {allowed}")
        for client in clients:
            client.follow((MESSAGE, ACCEPTED))
        kept.delivers(2 * allowed)


@case
def one_connection_with_one_session_serves_message_after_message(bench):
    sshd = bench.sshd(["MaxSessions 1"])
    kept = KeptFriend(bench, sshd=sshd, max_connections="1", messages_per_session="1")
    clients = [kept.greeted(), kept.greeted()]
    for _ in range(2):
        for client in clients:
            client.send_letter()
    kept.delivers(4)
    expect(kept.said().count("logged in as"), 1, "logins")


@case
def a_message_that_is_not_ended_is_not_delivered_and_the_next_one_is(bench):
    kept = KeptFriend(bench)
    client = kept.greeted()
    client.follow(*ENVELOPE)
    client.say("half a line")
    client.close()
    next_one = kept.greeted()
    next_one.follow((MAIL, SENDER_OK), (RCPT, RECIPIENT_OK), ("RSET", "250 2.0.0 sshsm: friend (127.0.0.1): reset"))
    next_one.send_letter()
    next_one.follow((MAIL, SENDER_OK), (RCPT, RECIPIENT_OK))
    next_one.quit()
    kept.greeted().send_letter()
    kept.delivers(2)


@case
def the_line_is_hung_up_behind_the_last_client(bench):
    kept = KeptFriend(bench, linger="1", linger_jitter="0")
    client = kept.greeted()
    client.send_letter()
    client.quit()
    bench.pause(0.5)
    expect(len(kept.sinks()), 1, "mail servers while it lingers")
    expect("no clients; up for another 1 s" in kept.said(), True, "it says how long it stays up")
    bench.wait_until(lambda: not kept.sinks(), "the mail server has ended", 4)
    bench.wait_until(lambda: "line down: 127.0.0.1: hung up" in kept.said(), "it says so")
    expect(kept.friend.transcript(), b"EHLO here.example\r\n" + ENVELOPE_RECEIVED + b"QUIT\r\n", "the transcript")
    kept.greeted().send_letter()
    kept.delivers(2)


@case
def recipients_and_messages_are_refused_by_the_mail_servers_own_words(bench):
    kept = KeptFriend(bench, "reply RCPT <eve@friend.example> 550 5.1.1 no such user\n"
                             "reply dot #1 554 5.7.1 not this one")
    client = kept.greeted()
    client.follow((MAIL, SENDER_OK), ("RCPT TO:<eve@friend.example>", "550 5.1.1 no such user"),
                  (RCPT, RECIPIENT_OK), (DATA, GO_AHEAD), (MESSAGE, "554 5.7.1 not this one"))
    client.send_letter()
    client.quit()
    kept.delivers(1)


@case
def the_status_socket_tells_how_the_line_is(bench):
    kept = KeptFriend(bench, is_met=True)
    before = kept.status()
    expect((before["is_up"], before["dials"], before["messages_accepted"]), (False, 0, 0), "before anybody came")
    client = kept.greeted()
    client.send_letter()
    status = kept.status()
    expect({name: status[name] for name in ("destination", "is_up", "host", "address", "connections",
                                            "sessions", "parked", "clients", "waiting", "dials",
                                            "sessions_started", "clients_served",
                                            "messages_accepted", "failures")},
           {"destination": "friend", "is_up": True, "host": "127.0.0.1", "address": "127.0.0.1",
            "connections": 1, "sessions": 1, "parked": 1, "clients": 1, "waiting": 0, "dials": 1,
            "sessions_started": 1, "clients_served": 1, "messages_accepted": 1, "failures": 0}, "behind a message")


@case
def the_log_tells_of_the_line_and_of_each_recipient(bench):
    kept = KeptFriend(bench, linger="0", linger_jitter="0")
    kept.log()
    client = kept.greeted()
    client.send_letter()
    client.quit()
    bench.wait_until(lambda: len(kept.log()) >= 5, "its lines are there")
    port = kept.friend.settings["port"]
    lines = [re.sub(r"delay=.*?, dsn", "delay=..., dsn", line) for line in kept.log()]
    expect(lines[0][:19], "friend: no meeting ", "the first line")
    expect(lines[1:], [
        f"friend: line up: 127.0.0.1[127.0.0.1]:{port}",
        f"friend: to=<bob@friend.example>, relay=friend[127.0.0.1]:{port}, delay=..., dsn=2.0.0, status=sent "
        "(250 2.0.0 message accepted)",
        "friend: no clients; up for another 0 s",
        "friend: line down: 127.0.0.1: hung up"], "the others")


@case
def a_hangup_signal_has_the_configuration_read_anew(bench):
    kept = KeptFriend(bench)
    kept.greeted().send_letter()
    kept.signal(signal.SIGHUP)
    bench.wait_until(lambda: "configuration and pins read anew" in kept.said(), "it says so")
    kept.greeted().send_letter()
    kept.delivers(2)
    expect(kept.said().count("logged in as"), 1, "logins")


@case
def many_clients_at_once_are_all_served(bench):
    kept = KeptFriend(bench)
    clients = [kept.speaker() for _ in range(60)]
    for client in clients:
        client.greet()
    for client in clients:
        client.say("\r\n".join([MAIL, RCPT, DATA]) + "\r\n")
    waiting = list(clients)
    for client in waiting:
        for answer in (SENDER_OK, RECIPIENT_OK, GO_AHEAD):
            expect(client.hear(), [answer], "an answer")
        client.follow((MESSAGE, ACCEPTED))
        client.quit()
    kept.delivers(60)
