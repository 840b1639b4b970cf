"""sshsm finds the keeper of its destination, and goes through it, in every mode."""

import os

from friend import LETTER, ONE, batch, canonical
from registry import case, expect
from stand_in import StandIn, keeper_of, leave_dead_socket, stranger_at

# Nobody listens there: whoever dialled would fail.
NOWHERE = {"port": "1"}


def kept_friend(bench, script=""):
    """A friend who can be reached through his keeper alone."""
    friend = bench.friend(script, settings=NOWHERE)
    return friend, keeper_of(bench, friend)


@case
def a_batch_goes_through_the_keeper(bench):
    friend, keeper = kept_friend(bench)
    friend.send().is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "the message")
    expect(keeper.clients, 1, "connections to the keeper")


@case
def the_log_names_the_keepers_socket(bench):
    friend, _ = kept_friend(bench)
    lines = friend.send().log
    expect(len(lines), 1, f"lines in {lines!r}")
    expect(f"relay=friend[{friend.path('friend.sock')}], delay=" in lines[0], True, lines[0])
    expect("status=sent (250 2.0.0 message accepted)" in lines[0], True, lines[0])


@case
def many_messages_of_one_batch_go_through_the_keeper(bench):
    friend, keeper = kept_friend(bench)
    friend.send(ONE * 12).is_accepted()
    expect(len(friend.messages()), 12, "messages")
    expect(keeper.clients, 1, "connections to the keeper")


@case
def a_conversation_goes_through_the_keeper(bench):
    friend, _ = kept_friend(bench)
    talk = friend.talk("-bs")
    expect(talk.hear()[0][:4], "220 ", "the greeting")
    talk.ask("EHLO here.example")
    for command in ("MAIL FROM:<a@here.example>", "RCPT TO:<b@friend.example>", "DATA"):
        talk.ask(command)
    talk.follow((canonical(LETTER) + b".\r\n", "250 2.0.0 message accepted"))
    expect(talk.ask("QUIT")[0][:3], "221", "QUIT")
    talk.end().has_status(0)
    expect(friend.messages(), [canonical(LETTER)], "the message")


@case
def an_lmtp_session_longer_than_one_of_its_own_goes_through_the_keeper_on_one_connection(bench):
    friend, keeper = kept_friend(bench)
    talk = friend.talk("--lmtp")
    talk.hear()
    talk.ask("LHLO here.example")
    for _ in range(12):
        for command in ("MAIL FROM:<a@here.example>", "RCPT TO:<b@friend.example>", "DATA"):
            talk.ask(command)
        talk.follow((canonical(LETTER) + b".\r\n", "250 2.0.0 message accepted"))
    talk.ask("QUIT")
    talk.end().has_status(0)
    expect(len(friend.messages()), 12, "messages")
    expect(keeper.clients, 1, "connections to the keeper")


@case
def a_call_without_a_mode_goes_through_the_keeper_whatever_it_turns_out_to_be(bench):
    friend, _ = kept_friend(bench)
    talk = friend.talk()
    expect(talk.hear()[0][:4], "220 ", "the greeting")
    talk.say(b"EHLO here.example\r\n" + ONE + b"QUIT\r\n")
    result = talk.end()
    result.has_status(0)
    expect(friend.messages(), [canonical(LETTER)], "the message")

    friend, _ = kept_friend(bench)
    talk = friend.talk()
    talk.hear()
    talk.ask("EHLO here.example")
    expect(talk.ask("QUIT")[0][:3], "221", "QUIT")
    talk.end().has_status(0)


@case
def with_v_the_way_through_the_keeper_is_shown(bench):
    friend, _ = kept_friend(bench)
    result = friend.send(ONE, "-v")
    result.has_status(0)
    expect(f"through the keeper at {friend.path('friend.sock')}\n" in result.stderr, True,
           result.stderr)


@case
def the_keepers_failure_is_told_in_his_words_and_nobody_dials_beside_him(bench):
    friend = bench.friend()
    words = friend.line("4.4.1 cannot connect: 127.0.0.1 port 1: Connection refused; check that sshd "
                        "runs there and the port is open; then try: sshsmctl check friend")
    keeper = StandIn(bench, friend.path("friend.sock"), words=b"421 " + words.encode() + b"\r\n")
    friend.send().says(75, words)
    friend.received_nothing()
    expect(keeper.clients, 1, "connections to the keeper")
    talk = friend.talk("-bs")
    expect(talk.hear(), ["421 " + words], "the greeting")
    talk.end().has_status(75)


@case
def a_keeper_who_hangs_up_without_a_word_keeps_the_mail_in_the_queue(bench):
    friend = bench.friend()
    StandIn(bench, friend.path("friend.sock"))
    friend.send().says(75, friend.line("4.4.2 the connection was lost: the keeper ended the "
                                       "conversation; the mail waits in the queue"))
    friend.received_nothing()


@case
def a_keeper_who_says_nothing_is_named_when_the_time_is_up(bench):
    """As one that was stopped, or that hangs."""
    friend = bench.friend(settings={"greeting-timeout": "1"})
    StandIn(bench, friend.path("friend.sock"), command=["sleep", "60"])
    words = friend.line("4.4.2 no answer in time: the greeting, by the keeper; the mail waits in the queue")
    friend.send().says(75, words)
    for mode in ("-bs", "--lmtp"):
        talk = friend.talk(mode)
        expect(talk.hear(), ["421 " + words], f"the greeting of {mode}")
        talk.end().has_status(75)
    friend.received_nothing()


@case
def a_socket_that_a_dead_keeper_left_behind_keeps_nobody_from_dialling(bench):
    friend = bench.friend()
    leave_dead_socket(friend.path("friend.sock"))
    friend.send().is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "the message")


@case(root=True)
def what_another_user_put_in_the_keepers_place_counts_as_absent_and_is_logged(bench):
    friend = bench.friend()
    os.chmod(friend.directory, 0o777)
    path = friend.path("friend.sock")
    expect(stranger_at(bench, path, 12345), True, "the stranger listens")
    result = friend.send()
    result.is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "the message")
    expect(result.log[0], f"friend: {path}: uid 12345 listens there, who is neither root nor the "
                          "mail user; not used", "the first line of the log")


@case
def the_rest_of_a_batch_is_kept_when_the_keeper_refuses_part_of_it(bench):
    friend, _ = kept_friend(bench, "reply RCPT <bad@friend.example> 452 4.2.2 full")
    bad = batch("<alice@here.example>", ["<bad@friend.example>"], LETTER)
    rest = os.path.join(bench.directory, "rest")
    os.chmod(bench.directory, 0o777)
    friend.send(ONE + bad, "--rest", rest).has_status(75)
    with open(rest, "rb") as file:
        expect(file.read(), bad, "the rest")
