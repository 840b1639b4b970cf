"""sshsmctl check on set-ups that people really have: the right step, the right sentence, the remedy.

Each case compares every line. What is told is what sshsm would say, from the same code.
"""

import contextlib
import os
import pwd
import socket
import subprocess

from accounts import USER, AccountSshd
from checking import TRY, fails, fails_with, host_key_of, key_of
from friend import ONE
from registry import case, expect
from servers import fingerprint, free_port, new_key, run_quietly

QUICK = {"connect-timeout": "1", "greeting-timeout": "2", "timeout": "1"}
NOT_FORCED = ("4.7.0 our key may run any command there; begin its line in authorized_keys there with "
              'restrict,command="/usr/sbin/sendmail -bs" (smtp-address: command="/bin/false")')
NOT_FORCED_REMEDY = ("begin its line in authorized_keys there with restrict,command=\"/usr/sbin/sendmail "
                     '-bs" (smtp-address: command="/bin/false")')
FORWARDING_REMEDY = ("begin its line in authorized_keys there with restrict (smtp-address: and permitopen= "
                     'with that address alone, permitlisten="localhost:1")')
LOGIN_REMEDY = (
    "on that host, put our public key into authorized_keys of that user; the file and the directories "
    "above it must be his or root's and nobody else's to write; the account must not be locked (where "
    "sshd has UsePAM no, a password field that begins with ! locks it: usermod -p '*'); sshd's log there "
    "says which it is")
COMMAND_REMEDY = (
    "name a mail server that is there, by its whole path, in our key's line of authorized_keys there: "
    'restrict,command="/usr/sbin/sendmail -bs"')
SHELL_REMEDY = (
    "give the account there a shell that runs commands, such as /bin/sh: nologin runs none and says so; "
    "and let command= in our key's line name the mail server: /usr/sbin/sendmail -bs")


def plain_line(friend, options=""):
    """Puts the friend's key into authorized_keys with these options alone."""
    with open(friend.key + ".pub", encoding="ascii") as file:
        key = " ".join(file.read().split()[:2])
    with open(friend.sshd.authorized_keys, "w", encoding="ascii") as file:
        file.write(f"{options} {key}\n".lstrip())


def what_the_shell_says(program):
    """The standard error of our login shell that is to run a program which is not there."""
    shell = pwd.getpwuid(os.geteuid()).pw_shell
    return subprocess.run([os.path.basename(shell), "-c", program], executable=shell, capture_output=True,
                          text=True, check=False).stderr.strip()


def says_the_same(friend, sentence):
    """The mailer says that line, too."""
    friend.send(ONE).says(75, friend.line(sentence))


@case
def a_key_that_others_can_read(bench):
    friend = bench.friend()
    os.chmod(friend.key, 0o644)
    sentence = (f"4.7.5 private key file not to be trusted: {friend.key}: mode 0644; give it to the mail "
                "user with mode 0600")
    fails(friend, "files", sentence)
    says_the_same(friend, sentence)


@case(root=True)
def a_key_of_another_user(bench):
    friend = bench.friend()
    os.chown(friend.key, 2, 2)
    sentence = (f"4.7.5 cannot read the private key: {friend.key}: Permission denied; make one with "
                "ssh-keygen -t ed25519 -N '', or give this one to the mail user, mode 0600")
    fails(friend, "files", sentence)
    says_the_same(friend, sentence)


@case
def a_configuration_that_others_can_write(bench):
    friend = bench.friend()
    os.chmod(friend.path("friend.conf"), 0o666)
    fails(friend, "configuration",
          f"4.3.5 configuration file not to be trusted: {friend.path('friend.conf')}: mode 0666; it must be "
          "root's or the mail user's (root's, where it says run-as), and nobody else's to write",
          early=True)


@case(root=True)
def a_configuration_of_another_user(bench):
    friend = bench.friend()
    os.chown(friend.path("friend.conf"), 2, 2)
    fails(friend, "configuration",
          f"4.3.5 configuration file not to be trusted: {friend.path('friend.conf')}: owned by uid 2; it must "
          "be root's or the mail user's (root's, where it says run-as), and nobody else's to write",
          early=True)


@case
def a_key_with_a_passphrase(bench):
    friend = bench.friend()
    run_quietly("ssh-keygen", "-q", "-p", "-N", "secret", "-f", friend.key)
    os.chown(friend.key, friend.rig.mail_user.pw_uid, friend.rig.mail_user.pw_gid)
    sentence = (f"4.7.5 the private key has a passphrase: {friend.key}; remove it with ssh-keygen -p: nobody "
                "is there to type it")
    fails(friend, "files", sentence)
    says_the_same(friend, sentence)


@case
def a_locked_account_without_pam(bench):
    friend = AccountSshd(bench, password="!").friend(bench)
    fails(friend, "authentication",
          f"4.7.8 the host refused our key: user {USER}, key {key_of(friend)}; add our public key to "
          f"authorized_keys there, or check user{TRY}: \"Access denied for 'publickey'. Authentication that can "
          'continue: publickey"', LOGIN_REMEDY)


@case
def a_key_that_nobody_put_there(bench):
    friend = bench.friend(sshd=bench.sshd())
    open(friend.sshd.authorized_keys, "w", encoding="ascii").close()
    fails(friend, "authentication",
          f"4.7.8 the host refused our key: user {bench.rig.login}, key {key_of(friend)}; add our public key "
          f"to authorized_keys there, or check user{TRY}: \"Access denied for 'publickey'. Authentication that "
          'can continue: publickey"', LOGIN_REMEDY)


@case
def a_shell_that_lets_nobody_in(bench):
    friend = AccountSshd(bench, shell="/usr/sbin/nologin").friend(bench)
    fails(friend, "forced command",
          "4.5.0 text where the greeting was expected; the forced command or smtp-address must lead to a "
          "mail server, and no shell start-up file may print before it" + TRY + ': '
          '"This account is currently not available."', SHELL_REMEDY)


@case
def a_shell_that_is_no_shell(bench):
    friend = AccountSshd(bench, shell="/bin/false").friend(bench)
    fails(friend, "forced command",
          "4.3.0 the forced command ended without a greeting: exit status 1; check command= in "
          "authorized_keys there" + TRY, COMMAND_REMEDY)


@case
def a_message_of_the_day_from_a_shell_file(bench):
    sshd = AccountSshd(bench, shell="/bin/bash")
    sshd.write_home(".bashrc", "echo Welcome to this host\n")
    friend = sshd.friend(bench, command="echo 220 here; read quit")
    sentence = ("4.5.0 text where the greeting was expected; the forced command or smtp-address must lead to "
                'a mail server, and no shell start-up file may print before it' + TRY + ': "Welcome to this '
                'host"')
    fails(friend, "greeting", sentence,
          "let no start-up file of the shell there print (.bashrc, .profile, /etc/profile), or give the "
          "account /bin/sh")
    says_the_same(friend, sentence)


@case
def a_command_that_is_not_there(bench):
    program = "/usr/lib/no-such-mail-server"
    friend = bench.friend(command=program + " -bs")
    result = fails(
        friend, "forced command",
        "4.3.0 the forced command ended without a greeting: exit status 127; check command= in "
        f'authorized_keys there{TRY}: "{what_the_shell_says(program)}"', COMMAND_REMEDY)
    expect(result.seconds < 10, True, f"after {result.seconds} s")


@case(root=True)
def a_host_without_the_sendmail_that_is_forced(bench):
    friend = AccountSshd(bench, has_sbin=False).friend(bench, command="/usr/sbin/sendmail -bs")
    fails(friend, "forced command",
          "4.3.0 the forced command ended without a greeting: exit status 127; check command= in "
          f'authorized_keys there{TRY}: "sh: 1: /usr/sbin/sendmail: not found"', COMMAND_REMEDY)


@case
def a_key_line_without_a_command(bench):
    friend = bench.friend(sshd=bench.sshd())
    plain_line(friend, "restrict")
    fails(friend, "forced command", NOT_FORCED, NOT_FORCED_REMEDY)


@case
def a_key_line_without_anything(bench):
    friend = bench.friend(sshd=bench.sshd())
    plain_line(friend)
    fails(friend, "forced command", NOT_FORCED, NOT_FORCED_REMEDY)


@case
def forwarding_left_open(bench):
    friend = bench.friend(key_options="no-pty")
    fails(friend, "forwarding",
          "4.7.0 our key may use that host for other connections: a connection from there to 127.0.0.1:1; "
          + FORWARDING_REMEDY, FORWARDING_REMEDY)


@case
def listening_left_open(bench):
    friend = bench.friend(key_options='restrict,port-forwarding,permitopen="127.0.0.1:25"')
    fails(friend, "forwarding",
          "4.7.0 our key may use that host for other connections: connections to there that come to us; "
          + FORWARDING_REMEDY, FORWARDING_REMEDY)


@case
def a_host_key_that_changed(bench):
    friend = bench.friend()
    other = new_key(friend.path("other"))
    friend.write_pins([f"* {other}"])
    pinned = "ED25519 " + fingerprint(other)
    sentence = (f"4.7.0 host key changed: offered {host_key_of(friend)}, pinned {pinned}; if the change is "
                "genuine, pin the new key: sshsmctl trust --replace friend")
    fails(friend, "host key", sentence)
    says_the_same(friend, sentence)


@case
def a_host_key_that_is_revoked(bench):
    friend = bench.friend()
    other, own = new_key(friend.path("other")), friend.sshd.host_keys["ed25519"]
    friend.write_pins([f"* {other}", f"@revoked * {own}"])
    pinned = "ED25519 " + fingerprint(other)
    sentence = (f"4.7.0 host key revoked: {host_key_of(friend)}; the host uses a key that known_hosts "
                "revokes; pin its new key: sshsmctl trust --add friend")
    fails(friend, "host key", sentence)
    says_the_same(friend, sentence)


@case
def a_pin_that_is_revoked(bench):
    friend = bench.friend()
    own = friend.sshd.host_keys["ed25519"]
    friend.write_pins([f"* {own}", f"@revoked * {own}"])
    fails(friend, "files", f"4.7.0 host key revoked: pinned {host_key_of(friend)}; the host uses a key that "
          "known_hosts revokes; pin its new key: sshsmctl trust --add friend")


@case
def no_pin_at_all(bench):
    friend = bench.friend()
    friend.write_pins([])
    fails(friend, "files", "4.7.5 no host key is pinned: 127.0.0.1 port "
          f"{friend.sshd.port} in {friend.path('known_hosts')}; pin the host's key, as its owner read it "
          "out: sshsmctl trust --add friend")


@case
def a_closed_port(bench):
    port = free_port()
    friend = bench.friend(settings={"port": str(port)})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    sentence = (f"4.4.1 cannot connect: 127.0.0.1 port {port}: Connection refused; check that sshd runs there "
                "and the port is open" + TRY)
    fails(friend, "connection", sentence)
    says_the_same(friend, sentence)


@case
def a_dead_name(bench):
    friend = bench.friend(settings={"host": "no-such-host.invalid"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    wanted = friend.send(ONE).stderr.rstrip("\n")
    fails_with(friend, "names", wanted)


@case
def a_silent_port(bench):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        friend = bench.friend(settings={**QUICK, "port": str(port)})
        friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
        fails(friend, "banner",
              f"4.4.1 connected, but no SSH server answered: 127.0.0.1 port {port} is silent; check port, "
              "and MaxStartups and PerSourcePenalties of the sshd there" + TRY)


@case
def an_address_that_swallows_packets(bench):
    friend = bench.friend(settings=QUICK)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        friend.settings["port"] = str(port)
        friend.write_configuration()
        friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
        fails(friend, "connection",
              f"4.4.1 no connection in time: 127.0.0.1 port {port}; check that the host is up and no firewall "
              "drops the packets" + TRY)


@case
def a_far_side_that_is_silent(bench):
    friend = bench.friend(command="sleep 60", settings=QUICK)
    sentence = "4.4.2 no answer in time: the greeting; the mail waits in the queue"
    fails(friend, "greeting", sentence,
          "look at what the forced command or smtp-address leads to there: it was started, and says nothing")
    says_the_same(friend, sentence)


@case
def a_mail_server_that_takes_no_mail_now(bench):
    friend = bench.friend("reply greeting 421 4.3.2 closed for today")
    sentence = ("4.3.2 the mail server takes no mail now; the mail waits in the queue: "
                '"421 4.3.2 closed for today"')
    fails(friend, "greeting", sentence, "ask who runs the mail server there: it runs, and takes no mail now")
    says_the_same(friend, sentence)
