"""sshsmd: what breaks, and who is told what."""

import os
import signal
import socket
import threading
import time

from fault_proxy import FaultProxy
from keeper_rig import (ACCEPTED, CLOSING, DATA, ENVELOPE, GO_AHEAD, LOST, MAIL, MESSAGE, RCPT, RECIPIENT_OK,
                        SENDER_OK, WAITS, KeptFriend, kill, served)
from registry import case, expect
from servers import free_port, pass_on


@case
def a_parked_mail_server_that_dies_costs_nobody_anything(bench):
    kept = served(KeptFriend(bench))
    running = kept.greeted()
    kill(kept.sinks())
    running.send_letter()
    kill(kept.sinks())
    kept.greeted().send_letter()
    kept.delivers(3)
    expect(kept.said().count("logged in as"), 1, "logins")


@case
def a_mail_server_that_hung_up_unnoticed_costs_nobody_anything(bench):
    """He hangs up in answer to the next message's MAIL."""
    kept = KeptFriend(bench, "die before MAIL #2")
    served(kept)
    kept.greeted().send_letter()
    kept.delivers(2)


@case
def a_parked_line_that_dies_costs_nobody_anything(bench):
    kept = served(KeptFriend(bench))
    running = kept.greeted()
    kill(kept.line_processes())
    running.send_letter()
    kept.delivers(2)
    expect(kept.said().count("logged in as"), 2, "logins")


@case
def a_line_that_breaks_in_the_middle_is_421(bench):
    kept = KeptFriend(bench)
    client = kept.greeted()
    client.follow((MAIL, SENDER_OK))
    kill(kept.line_processes())
    expect(client.hear(), [kept.refusal(421, f'4.4.2 {LOST}; {WAITS}: "Socket error: disconnected"')],
           "what he is told")
    client.quit()
    kept.greeted().send_letter()
    kept.delivers(1)


@case
def a_line_that_dies_while_a_session_is_opened_on_it_is_replaced(bench):
    with FaultProxy(bench.rig.sshd.port) as proxy:
        kept = KeptFriend(bench, port=str(proxy.port), server_alive_interval="1", server_alive_count_max="1")
        kept.pin_any_port()
        first, second = kept.greeted(), kept.greeted()
        first.follow((MAIL, SENDER_OK))
        proxy.freeze()
        second.send_letter()
        expect(first.hear(), [kept.refusal(421, f"4.4.2 {LOST}: no answer to 1 keepalives; {WAITS}")],
               "what the other is told")
        kept.delivers(1)


@case
def a_line_that_breaks_inside_a_message_is_451_and_nothing_is_delivered(bench):
    kept = KeptFriend(bench)
    client = kept.greeted()
    client.follow(*ENVELOPE)
    client.say("Subject: half\r\n")
    bench.pause(0.2)
    kill(kept.line_processes())
    bench.wait_until(lambda: "line down" in kept.said(), "it is noticed")
    client.follow((MESSAGE, kept.refusal(451, f'4.4.2 {LOST}; {WAITS}: "Socket error: disconnected"')))
    client.quit()
    kept.friend.received_nothing()


@case
def a_line_that_breaks_behind_the_dot_may_have_delivered(bench):
    kept = KeptFriend(bench, "drop after dot")
    client = kept.greeted()
    client.follow(*ENVELOPE)
    client.follow((MESSAGE, kept.refusal(
        451, "4.4.2 no clear answer to the final dot; the message may have been delivered: the connection was "
             "lost: the mail server ended the conversation; the retry may make a second copy")))
    client.quit()
    kept.delivers(1)


@case
def a_host_that_is_down_is_421_and_the_next_ones_hear_it_at_once(bench):
    port = free_port()
    kept = KeptFriend(bench, port=str(port))
    kept.pin_any_port()
    refusal = kept.refusal(421, f"4.4.1 cannot connect: 127.0.0.1 port {port}: Connection refused; check that sshd "
                                "runs there and the port is open; then try: sshsmctl check friend")
    first = kept.speaker()
    expect(first.hear(), [refusal], "what he is told instead of a greeting")
    first.follow(("QUIT", CLOSING))
    began = time.monotonic()
    for _ in range(20):
        client = kept.speaker()
        expect(client.hear(), [refusal], "what the next is told")
        client.follow(("QUIT", CLOSING))
    expect(time.monotonic() - began < 0.8, True, "at once")
    expect(kept.said().count("cannot connect"), 1, "attempts")


@case
def a_host_that_comes_back_is_dialled_again(bench):
    kept = KeptFriend(bench)
    kept.pin_any_port()
    good = kept.friend.settings["port"]
    kept.friend.settings["port"] = str(free_port())
    kept.friend.write_configuration()
    expect(kept.speaker().hear()[0][:11], "421 4.4.1 s", "the first")
    kept.friend.settings["port"] = good
    kept.friend.write_configuration()
    kept.greeted().send_letter()
    kept.delivers(1)


@case
def a_wrong_command_is_told_in_its_own_words(bench):
    kept = KeptFriend(bench, friend=bench.friend(command="echo no mail here >&2; exit 3"))
    expect(kept.speaker().hear(),
           [kept.refusal(421, "4.3.0 the forced command ended without a greeting: exit status 3; check command= "
                              'in authorized_keys there; then try: sshsmctl check friend: "no mail here"')],
           "the greeting")


class DeafBehindTheFirst:
    """Passes the first connection on to sshd; those behind it are taken and never answered."""

    def __init__(self, bench, port):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.taken = []
        threading.Thread(target=self._serve, args=(port,), daemon=True).start()
        bench.at_end(self._stop)

    def _serve(self, port):
        try:
            while True:
                self.taken.append(self.server.accept()[0])
                if len(self.taken) == 1:
                    far = socket.create_connection(("127.0.0.1", port))
                    for one, other in ((self.taken[0], far), (far, self.taken[0])):
                        threading.Thread(target=pass_on, args=(one, other), daemon=True).start()
        except OSError:
            pass

    def _stop(self):
        self.server.close()
        for one in self.taken:
            one.close()


@case
def a_dial_that_hangs_keeps_nobody_from_the_line_that_is_up(bench):
    proxy = DeafBehindTheFirst(bench, bench.rig.sshd.port)
    kept = KeptFriend(bench, port=str(proxy.port), max_sessions="1", max_connections="2")
    kept.pin_any_port()
    first, second, third = kept.greeted(), kept.greeted(), kept.greeted()
    first.follow(*ENVELOPE)
    second.say(MAIL + "\r\n")
    bench.wait_until(lambda: len(proxy.taken) == 2, "another connection is dialled")
    first.follow((MESSAGE, ACCEPTED))
    expect(second.hear(), [SENDER_OK], "the answer when the first is through")
    second.follow((RCPT, RECIPIENT_OK), (DATA, GO_AHEAD), (MESSAGE, ACCEPTED))
    third.send_letter()
    kept.delivers(3)
    expect(kept.said().count("line up"), 1, "lines")


@case
def a_host_that_falls_silent_is_noticed(bench):
    kept = KeptFriend(bench, server_alive_interval="1", server_alive_count_max="2")
    client = kept.greeted()
    client.follow((MAIL, SENDER_OK))
    lines = kept.line_processes()
    for pid in lines:
        os.kill(pid, signal.SIGSTOP)
    expect(client.hear(), [kept.refusal(421, f"4.4.2 {LOST}: no answer to 2 keepalives; {WAITS}")], "what he is told")
    kept.greeted().send_letter()
    kill(lines)
    kept.delivers(1)
