"""A keeper (sshsmd) between the mail server and the line: nothing is lost, nothing comes twice."""

import threading

from directions import ALL_THREE, numbered, one_of_three_recipients_is_refused
from kept_rows import KEPT, SESSIONS, PostfixToPort25, PostfixToSocket
from letter import Letter
from pair import SENDMAIL, Pair
from registry import case, expect
from rows import RECEIVERS

# The ways that a mail server speaks to the keeper by itself; the others are variants of these.
MAIN = KEPT[:2]
# So many messages.
KILLED_BEHIND = (5, 12, 22)


def by_the_keeper(name, short=()):
    """Registers a case for each sender with a keeper, each to another receiver; it is in the short suite
    for those in `short`."""
    def register(function):
        for number, sender in enumerate(KEPT):
            receiver = RECEIVERS[(number + 1) % len(RECEIVERS)]
            def run(bench, sender=sender, receiver=receiver):
                function(Pair(bench, sender, receiver))
            run.__name__ = f"{sender.name}_to_{receiver.name}_{name}"
            run.__module__ = __name__
            case(root=True, long=sender not in short)(run)
        return function
    return register


def logins(pair):
    with open(pair.friend.sshd_log, encoding="utf-8") as log:
        return log.read().count("Accepted publickey")


@by_the_keeper("messages_arrive_by_one_login", short=MAIN)
def messages_arrive_by_one_login(pair):
    letters = [Letter("Grüße\n.\n..\nend\n".encode(), recipients=ALL_THREE),
               Letter(b"it failed\n", sender=""), *numbered(10)]
    pair.submit(*letters)
    pair.run_queues()
    pair.everything_arrived()
    expect(logins(pair), 1, "logins")


by_the_keeper("one_of_three_recipients_is_refused", short=MAIN[:1])(one_of_three_recipients_is_refused)


@by_the_keeper("two_megabytes_arrive")
def two_megabytes_arrive(pair):
    pair.send(Letter("Zwölf Boxkämpfer jagen Viktor\n".encode() * 65000))
    pair.everything_arrived()


@by_the_keeper("mail_waits_while_the_host_is_down", short=MAIN[:1])
def mail_waits_while_the_host_is_down(pair):
    pair.friend.stop_sshd()
    pair.send(*numbered(3))
    pair.counts(waits=3)
    # sendmail cuts the middle out of a long line.
    expect("421 4.4.1 sshsm: myfriend (mx.friend.example): cannot connect: " in pair.words(), True,
           f"the queue listing or the log says why:\n{pair.words()}\n")
    pair.friend.start_sshd()
    goes_on(pair)
    pair.everything_arrived()


def goes_on(pair):
    """Until the keeper, who leaves a host alone for a while behind a failure, has tried it again."""
    def is_all_gone():
        pair.run_queues()
        return not pair.waiting()[0]
    pair.bench.wait_until(is_all_gone, "nothing waits here", 60)


@by_the_keeper("mail_waits_while_there_is_no_keeper")
def mail_waits_while_there_is_no_keeper(pair):
    """But for sshsm, which then goes there itself."""
    pair.sender.stop_keeper(pair.here)
    pair.send(*numbered(3))
    if pair.sender.has_other_way:
        return pair.everything_arrived()
    pair.counts(waits=3)
    pair.sender.start_keeper(pair.here)
    goes_on(pair)
    pair.everything_arrived()


@case(root=True, long=True)
def a_keeper_with_a_name_of_his_own_is_no_loop_to_postfix(bench):
    pair = Pair(bench, PostfixToPort25(), RECEIVERS[0])
    pair.send(Letter())
    pair.everything_arrived()


@case(root=True, long=True)
def postfix_whom_the_keeper_does_not_let_in_keeps_the_mail(bench):
    pair = Pair(bench, PostfixToSocket(), RECEIVERS[0])
    host = pair.here
    host.run("gpasswd", "-d", "postfix", "bsmtp")
    pair.send(Letter())
    pair.counts(waits=1)
    said = pair.words()
    expect("connect to mx.here.example[private/sshsm-myfriend]: Permission denied" in said, True, said)
    host.run("usermod", "-aG", "bsmtp", "postfix")
    host.edit("/etc/sshsm/myfriend.conf", "allow-users = postfix\n", "")
    pair.sender.stop_keeper(host)
    pair.sender.start_keeper(host)
    # The client that is there has the groups of before.
    host.run("postfix", "reload")
    pair.run_queues()
    pair.counts(waits=1)
    user = host.run("id", "-u", "postfix").decode().strip()
    said = pair.words()
    expect(f"421 4.7.1 sshsm: myfriend: this user may not use the keeper: uid {user}; name him in allow-users" in said,
           True, said)
    pair.configure()
    pair.sender.stop_keeper(host)
    pair.sender.start_keeper(host)
    pair.run_queues()
    pair.everything_arrived()


@by_the_keeper("the_keeper_is_killed_within_a_message", short=MAIN[1:])
def the_keeper_is_killed_within_a_message(pair):
    """No dot was sent yet: nothing may be lost or come twice."""
    pair.hold("^RCPT TO:<carol@")
    letter = Letter(b"held\n", recipients=ALL_THREE)
    pair.submit(letter)
    runs = threading.Thread(target=lambda: pair.sender.run_queue(pair.here))
    runs.start()
    pair.bench.wait_until(pair.is_held, "the far mail server has got the recipient")
    pair.sender.stop_keeper(pair.here, "KILL")
    runs.join()
    pair.settle()
    pair.counts(waits=3)
    pair.force(SENDMAIL)
    pair.sender.start_keeper(pair.here)
    goes_on(pair)
    pair.everything_arrived()


@by_the_keeper("the_keeper_is_killed_again_and_again")
def the_keeper_is_killed_again_and_again(pair):
    """In the moment between the dot and its answer a message may come twice, and never in another."""
    letters = numbered(45)
    def send():
        pair.submit(*letters)
        for _ in KILLED_BEHIND:
            pair.sender.run_queue(pair.here)
    sends = threading.Thread(target=send)
    sends.start()
    for delivered in KILLED_BEHIND:
        pair.bench.wait_until(lambda count=delivered: mail_of_bob(pair) >= count, f"{delivered} messages arrived", 60)
        pair.sender.stop_keeper(pair.here, "KILL")
        expect(mail_of_bob(pair) < len(letters), True, "he was killed in the middle of it")
        pair.sender.start_keeper(pair.here)
    sends.join()
    goes_on(pair)
    copies = [len(pair.delivered(letter).get("bob", [])) for letter in letters]
    expect(min(copies), 1, "copies of the one that came least often")
    extra = sum(copies) - len(letters)
    expect(extra <= len(KILLED_BEHIND) * SESSIONS, True, f"{extra} copies more than letters")
    expect(pair.waiting(), ([], []), "what waits")
    expect(pair.bounces(), [], "bounces")


def mail_of_bob(pair):
    """So many messages, while others still arrive."""
    try:
        return pair.friend.read("/var/mail/bob").count(b"\nSubject: letter ")
    except FileNotFoundError:
        return 0
