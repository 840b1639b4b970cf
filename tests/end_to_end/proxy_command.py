"""proxy-command: a program connects for us, and whatever it does, mail arrives or waits."""

import os
import re
import signal
import stat
import textwrap

from friend import LETTER, ONE, batch, canonical
from registry import case, expect
from rest import as_stranger
from rig import SOURCE
from servers import new_key

SEE = "; run it as the mail user to see why; then try: sshsmctl check friend"
ENDS = "4.4.1 proxy-command led to no SSH server: "
QUICK = {"connect-timeout": "1"}
BIG = batch("<alice@here.example>", ["<bob@friend.example>"], b"x" * 72 + b"\n" + (b"y" * 76 + b"\n") * 40000)

with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as readme:
    README = readme.read()

# Copies both ways between its standard descriptors and HOST PORT, LIMIT octets towards it at most.
RELAY = textwrap.dedent("""\
    #!/usr/bin/python3
    import os, select, socket, sys
    far = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    left = int(sys.argv[3]) if len(sys.argv) > 3 else 1 << 60
    while True:
        ready = select.select([0, far], [], [])[0]
        if far in ready:
            data = far.recv(65536)
            if not data:
                break
            while data:
                data = data[os.write(1, data):]
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                break
            far.sendall(data)
            left -= len(data)
            if left < 0:
                print("the wire was cut", file=sys.stderr)
                sys.exit(4)
    """)


# The same, but it neither ends behind the end of its input nor on SIGTERM.
STUBBORN = (RELAY.replace("far = ", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); far = ", 1)
            + "time.sleep(100)\n")


def program(friend, name, text):
    """An executable file of the friend's directory."""
    path = friend.path(name)
    with open(path, "w", encoding="ascii") as file:
        file.write(textwrap.dedent(text))
    os.chmod(path, 0o755)
    return path


def befriended(bench, text, arguments="%h %p", settings=(), **more):
    """A friend whose proxy-command is a program with that text."""
    friend = bench.friend(settings=dict(settings), **more)
    friend.settings["proxy-command"] = f"{program(friend, 'proxy', text)} {arguments}"
    friend.write_configuration()
    return friend


def shell(bench, script, arguments="", **more):
    return befriended(bench, "#!/bin/sh\n" + script + "\n", arguments, **more)


def relayed(bench, before, **more):
    """The same with a shell script that becomes the relay in the end."""
    friend = bench.friend(**more)
    relay = program(friend, "relay", RELAY)
    path = program(friend, "proxy", f"#!/bin/sh\n{before}\nexec {relay} \"$@\"\n")
    friend.settings["proxy-command"] = f"{path} %h %p"
    friend.write_configuration()
    return friend


def arrived(friend, result):
    result.is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


def processes_with(word):
    """The processes that have this word among their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if word.encode() in file.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def is_gone(bench, friend, limit=4):
    bench.wait_until(lambda: not processes_with(friend.directory + "/proxy"), "the program is gone", limit)


@case
def mail_arrives_through_it(bench):
    friend = befriended(bench, RELAY)
    result = friend.send()
    arrived(friend, result)
    is_gone(bench, friend)
    expect(f"relay=friend[proxy]:{friend.sshd.port}, " in result.log[-1], True, result.log[-1])


@case
def every_mode_goes_through_it(bench):
    friend = befriended(bench, RELAY)
    for mode in ("-bs", "--lmtp"):
        talk = friend.talk(mode)
        expect(talk.hear()[0][:3], "220", "the greeting")
        expect(talk.ask("QUIT")[0][:3], "221", "the answer to QUIT")
        talk.end().has_status(0)
    is_gone(bench, friend)


@case
def v_shows_it_as_it_is_run(bench):
    friend = befriended(bench, RELAY)
    result = friend.send(ONE, "-v")
    result.has_status(0)
    expect(f" * running proxy-command {friend.path('proxy')} 127.0.0.1 {friend.sshd.port}\n" in result.stderr, True,
           result.stderr)
    expect("connected to" in result.stderr, False, result.stderr)


@case
def the_name_of_the_host_is_its_business(bench):
    """A name that only the proxy can look up; its key is pinned all the same."""
    friend = befriended(bench, RELAY, "127.0.0.1 %p", settings={"host": "inner.friend.example"})
    key = friend.sshd.host_keys["ed25519"]
    friend.write_pins([f"[127.0.0.1]:{friend.sshd.port} {key}"])
    friend.send().has_status(75)
    friend.received_nothing()
    friend.write_pins([f"[inner.friend.example]:{friend.sshd.port} {key}"])
    arrived(friend, friend.send())


@case
def a_proxy_to_another_host_shows_the_wrong_key(bench):
    other = bench.sshd()
    friend = befriended(bench, RELAY, f"%h {other.port}")
    result = friend.send()
    expect("host key changed: offered ED25519 SHA256:" in result.stderr, True, result.stderr)
    result.has_status(75)
    friend.received_nothing()


@case
def one_that_ends_is_told_with_its_status_and_last_words(bench):
    friend = shell(bench, "echo >&2 'ssh: connect to host jump port 22: Connection refused'; exit 255")
    friend.send().says(75, friend.line(
        f'{ENDS}exit status 255{SEE}: "ssh: connect to host jump port 22: Connection refused"'))
    friend = shell(bench, "exit 0")
    result = friend.send()
    result.says(75, friend.line(f"{ENDS}exit status 0{SEE}"))
    expect("class=proxy-failed, phase=dial" in result.log[-1], True, result.log[-1])
    friend = shell(bench, "kill -KILL $$")
    friend.send().says(75, friend.line(f"{ENDS}killed by signal 9{SEE}"))
    talk = friend.talk("-bs")
    talk.hear()
    talk.end().replies(75, friend.reply_line(421, f"{ENDS}killed by signal 9{SEE}"))


@case
def what_it_prints_is_quoted_and_cut(bench):
    friend = shell(bench, r"""printf 'start%0300d\033[31m"end"\n\n' 0 >&2; exit 1""")
    friend.send().says(75, friend.line(f'{ENDS}exit status 1{SEE}: "' + "0" * 190 + "\\x1b[31...\""))


@case
def one_that_says_nothing_ends_with_connect_timeout(bench):
    friend = shell(bench, "echo >&2 waiting for Godot; exec sleep 100", settings=QUICK)
    result = friend.send()
    result.says(75, friend.line(f'{ENDS}no SSH banner in time{SEE}: "waiting for Godot"'))
    expect(1 <= result.seconds < 5, True, f"{result.seconds} seconds")


@case
def what_is_no_banner_is_quoted(bench):
    friend = shell(bench, "echo HTTP/1.1 403 Forbidden; exec sleep 100", settings=QUICK)
    friend.send().says(75, friend.line(
        f'{ENDS}no SSH banner in time{SEE}: "HTTP/1.1 403 Forbidden\\x0a"'))
    friend = shell(bench, "echo HTTP/1.1 403 Forbidden")
    friend.send().says(75, friend.line(f'{ENDS}exit status 0{SEE}: "HTTP/1.1 403 Forbidden\\x0a"'))
    friend = shell(bench, "while :; do echo no banner; done")
    result = friend.send()
    expect(f"{ENDS[6:]}what came is no SSH banner{SEE}: \"no banner" in result.stderr, True, result.stderr)
    result.has_status(75)
    is_gone(bench, friend)


@case
def a_megabyte_of_words_holds_nobody_up(bench):
    friend = relayed(bench, "head -c 1000000 /dev/zero | tr '\\0' x >&2")
    arrived(friend, friend.send())


@case
def one_that_ends_inside_a_message_defers_it(bench):
    friend = befriended(bench, RELAY, "%h %p 500000")
    result = friend.send(BIG)
    result.has_status(75)
    expect("sshsm: friend (127.0.0.1): the connection was lost" in result.stderr, True, result.stderr)
    expect(result.seconds < 10, True, f"{result.seconds} seconds")
    friend.received_nothing()


@case
def one_that_ends_inside_the_handshake_is_told_of(bench):
    friend = befriended(bench, RELAY, "%h %p 100")
    friend.send().says(75, friend.line("4.4.2 the connection was lost: in the SSH handshake, proxy-command ended: "
                                       'exit status 4; the mail waits in the queue: "the wire was cut"'))


@case
def a_big_message_goes_through_it_whole(bench):
    friend = befriended(bench, RELAY)
    friend.send(BIG).is_accepted()
    expect(len(friend.messages()[0]), 74 + 40000 * 78, "octets delivered")


@case
def who_keeps_its_descriptors_keeps_nobody_waiting(bench):
    for left in ("sleep 30 &", "setsid sleep 30 &"):
        friend = shell(bench, f"{left}\necho >&2 gone; exit 3")
        result = friend.send()
        result.says(75, friend.line(f'{ENDS}exit status 3{SEE}: "gone"'))
        expect(result.seconds < 8, True, f"{result.seconds} seconds")


@case
def one_that_cannot_be_run_is_a_mistake_of_the_configuration(bench):
    friend = bench.friend(settings={"proxy-command": "/nonexistent/nc %h %p"})
    friend.send().says(75, friend.line("4.3.5 configuration error: proxy-command /nonexistent/nc: No such "
                                       "file or directory; correct the line"))
    friend.settings["proxy-command"] = friend.path("script")
    friend.write_configuration()
    friend.send().says(75, friend.line(f"4.3.5 configuration error: proxy-command {friend.path('script')}: "
                                       "Permission denied; correct the line"))


@case
def a_search_path_and_unknown_escapes_are_refused(bench):
    for words in ("nc %h %p", "/bin/nc %r"):
        friend = bench.friend(settings={"proxy-command": words})
        friend.send().says(75, friend.early_line(
            f'4.3.5 configuration error: {friend.path("friend.conf")}:4: proxy-command: "{words}" is not the '
            "absolute path of a program and its arguments, 64 words at most, with %h, %p and %% alone; "
            "correct the line"))


@case(root=True)
def a_foreign_caller_may_not_have_one_run(bench):
    friend = shell(bench, ": > /tmp/never")
    expect(as_stranger(bench, friend, "-bS", "--", "friend"),
           (75, "4.3.5 sshsm: friend: configuration error: /etc/sshsm/friend.conf:4: proxy-command is only for "
                "root and the mail user themselves; correct the line\n"), "status and words")


@case
def it_is_the_mail_user_and_has_nothing_of_ours(bench):
    friend = relayed(bench, "")
    facts = os.path.join(friend.path("mail"), "..", "facts")
    os.mkdir(facts)
    os.chmod(facts, 0o777)
    program(friend, "proxy", f"""\
        #!/bin/sh
        cd {facts}
        cat /proc/self/status > status
        env > environment
        ls -l /proc/self/fd > descriptors
        umask > umask
        exec {friend.path("relay")} "$@"
        """)
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    friend.send(environment={"SECRET": "1", "LD_PRELOAD": "/nonexistent"}).has_status(0)
    os.close(reader)
    os.close(writer)

    def fact(name):
        with open(os.path.join(facts, name), encoding="ascii") as file:
            return file.read()
    status = dict(line.split(":\t", 1) for line in fact("status").splitlines())
    user, group = bench.rig.mail_user.pw_uid, bench.rig.mail_user.pw_gid
    expect(status["Uid"].split(), [str(user)] * 4, "user ids")
    expect(status["Gid"].split(), [str(group)] * 4, "group ids")
    for name in ("SigBlk", "SigIgn", "CapPrm", "CapEff", "CapInh", "CapAmb"):
        expect(int(status[name], 16), 0, name)
    expect(status["NoNewPrivs"], "1", "no new privileges")
    # A shell adds these two.
    expect({line for line in fact("environment").splitlines() if not line.startswith(("PWD=", "OLDPWD=", "_="))},
           {"PATH=/usr/bin:/bin"}, "the environment")
    held = [line.split(" -> ")[1] for line in fact("descriptors").splitlines() if " -> " in line]
    expect([one.split(":")[0] for one in held if not one.startswith("/proc/")],
           ["socket", os.path.realpath(facts) + "/descriptors", "pipe"], "descriptors of ls")
    expect(fact("umask").strip(), "0077", "umask")


@case
def it_ends_with_us_however_we_end(bench):
    for number in (signal.SIGTERM, signal.SIGKILL):
        friend = shell(bench, "trap '' TERM HUP INT\nwhile :; do sleep 1; done")
        running = friend.start()
        running.feed(ONE)
        word = friend.directory + "/proxy"
        bench.wait_until(lambda: processes_with(word), "it runs")
        os.kill(running.pid, number)
        running.process.wait(10)
        is_gone(bench, friend)


@case
def what_it_started_ends_with_us_too_where_our_whole_process_group_is_killed(bench):
    """As Ctrl-C does, and Exim when its pipe transport takes too long."""
    for number in (signal.SIGINT, signal.SIGKILL):
        friend = bench.friend()
        helper = program(friend, "proxy-helper", "#!/bin/sh\ntrap '' TERM HUP INT\nwhile :; do sleep 1; done\n")
        friend.settings["proxy-command"] = program(friend, "proxy", f"#!/bin/sh\n{helper} &\nexec sleep 100\n")
        friend.write_configuration()
        running = friend.start()
        running.feed(ONE)
        bench.wait_until(lambda: processes_with(helper), "it runs")
        os.killpg(running.pid, number)
        running.process.wait(10)
        is_gone(bench, friend)


@case
def one_that_does_not_end_by_itself_is_ended_behind_the_mail(bench):
    friend = befriended(bench, STUBBORN)
    result = friend.send()
    arrived(friend, result)
    expect(result.seconds < 5, True, f"{result.seconds} seconds")
    is_gone(bench, friend)


@case
def one_that_ends_behind_the_banner_is_told(bench):
    friend = shell(bench, "echo SSH-2.0-OpenSSH_9.2p1; echo enough >&2; exit 7")
    friend.send().says(75, friend.line(
        "4.4.2 the connection was lost: in the SSH handshake, proxy-command ended: exit status 7; "
        'the mail waits in the queue: "enough"'))


@case
def one_that_ends_before_the_banner_is_run_once_more(bench):
    friend = bench.friend()
    mark = os.path.join(friend.path("mail"), "..", "marks")
    os.mkdir(mark)
    os.chmod(mark, 0o777)
    relay = program(friend, "relay", RELAY)
    path = program(friend, "proxy", f"#!/bin/sh\nmkdir {mark}/one || exec {relay} \"$@\"\nexit 255\n")
    friend.settings["proxy-command"] = f"{path} %h %p"
    friend.write_configuration()
    result = friend.send(ONE, "-v")
    result.has_status(0)
    expect(result.stderr.count(" * running proxy-command "), 2, result.stderr)
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def the_next_host_is_tried_where_it_led_to_none(bench):
    friend = bench.friend(settings={"host": "no.example 127.0.0.1", "connect-timeout": "5"})
    relay = program(friend, "relay", RELAY)
    path = program(friend, "proxy", f"""\
        #!/bin/sh
        case $1 in *.example) echo >&2 "no way to $1"; exit 1;; esac
        exec {relay} "$@"
        """)
    key = friend.sshd.host_keys["ed25519"]
    friend.write_pins([f"[{host}]:{friend.sshd.port} {key}" for host in ("no.example", "nor.example", "127.0.0.1")])
    friend.settings["proxy-command"] = f"{path} %h %p"
    friend.write_configuration()
    arrived(friend, friend.send())
    friend.settings["host"] = "no.example nor.example"
    friend.write_configuration()
    friend.send().says(75, "4.4.1 sshsm: friend (nor.example): proxy-command led to no SSH server: exit status 1 "
                           "(other hosts: no.example: proxy-command led to no SSH server: exit status 1)"
                           f'{SEE}: "no way to nor.example"')


class Jump:
    """A host on the way, whose sshd lets the relay's key connect to one address and nothing else."""

    def __init__(self, bench, friend):
        self.sshd = bench.sshd()
        key = friend.path("id_jump")
        options = f'restrict,port-forwarding,permitopen="127.0.0.1:{friend.sshd.port}"'
        line = options.replace(f"127.0.0.1:{friend.sshd.port}", "mx.friend.example:22") + ',command="/bin/false" ssh-'
        expect(line in README, True, "the README has the key line")
        self.sshd.authorize(new_key(key), "/bin/false", options)
        user = bench.rig.mail_user
        os.chown(key, user.pw_uid, user.pw_gid)
        expect(stat.S_IMODE(os.stat(key).st_mode), 0o600, "mode of the key")
        friend.write("known_hosts_jump",
                     f"[127.0.0.1]:{self.sshd.port} {self.sshd.host_keys['ed25519']}\n")
        # The README's line, with the files and the address of this one.
        command = re.search(r"^    proxy-command = (/usr/bin/ssh .*)$", README, re.M)[1]
        for name, here in (("/etc/sshsm/", friend.directory + "/"),
                           ("relay@jump.example", f"-p {self.sshd.port} {bench.rig.login}@127.0.0.1")):
            expect(name in command, True, f"{name} in {command}")
            command = command.replace(name, here)
        friend.settings["proxy-command"] = command
        friend.write_configuration()


@case
def mail_arrives_through_a_jump_host(bench):
    friend = bench.friend(sshd=bench.sshd())
    Jump(bench, friend)
    result = friend.send()
    arrived(friend, result)
    friend.send(BIG).is_accepted()
    friend.send(ONE * 20).is_accepted()
    expect(len(friend.messages()), 22, "delivered messages")


@case
def what_a_jump_host_refuses_is_told_in_the_words_of_ssh(bench):
    friend = bench.friend(sshd=bench.sshd())
    jump = Jump(bench, friend)
    friend.sshd.stop()
    friend.send().says(75, friend.line(
        f'{ENDS}exit status 255{SEE}: "channel 0: open failed: connect failed: Connection refused\\x0d\\x0a'
        'stdio forwarding failed"'))
    jump.sshd.stop()
    friend.send().says(75, friend.line(
        f'{ENDS}exit status 255{SEE}: "ssh: connect to host 127.0.0.1 port {jump.sshd.port}: Connection refused"'))


@case
def a_jump_host_that_is_not_the_pinned_one_gets_no_connection(bench):
    friend = bench.friend(sshd=bench.sshd())
    Jump(bench, friend)
    friend.write("known_hosts_jump", "")
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.endswith('Host key verification failed."\n'), True, result.stderr)
    friend.received_nothing()
