"""What an administrator or the line does wrong: mail waits, the queue or the log says why, nothing comes
back to the sender; and when it is mended the mail arrives, once."""

import os

from letter import Letter
from pair import KEY, SENDMAIL
from registry import expect
from rows import in_each_direction, once_per_sender
from servers import new_key

FRIEND = "sshsm: myfriend (mx.friend.example): "


def fault(name):
    """Registers the case of a fault: the function makes it and gives the words that must be seen and a
    function that mends it."""
    def register(function):
        @in_each_direction(name, short=once_per_sender)
        def run(pair):
            words, mend = function(pair)
            pair.send(Letter())
            pair.counts(waits=1)
            seen = pair.words()
            if words not in seen:
                expect(seen, words, "queue listing and log")
            mend()
            pair.run_queues()
            pair.everything_arrived()
        return function
    return register


@fault("a_wrong_host_key")
def a_wrong_host_key(pair):
    key = pair.friend.host_keys["ed25519"]
    pair.pin(new_key(os.path.join(pair.bench.directory, "other")))
    # sendmail leaves out the middle of a long reply.
    return f"4.7.0 {FRIEND}host key changed: offered ED25519 SHA256:", lambda: pair.pin(key)


@fault("a_revoked_host_key")
def a_revoked_host_key(pair):
    key = pair.friend.host_keys["ed25519"]
    pair.pin(key, f"@revoked * {key}")
    return f"4.7.0 {FRIEND}host key revoked: ", lambda: pair.pin(key)


@fault("no_sshd")
def no_sshd(pair):
    pair.friend.stop_sshd()
    return f"4.4.1 {FRIEND}cannot connect: ", pair.friend.start_sshd


@fault("no_sendmail_there")
def no_sendmail_there(pair):
    pair.force("/usr/sbin/no-sendmail -bs")
    # Here, too, sendmail leaves out the middle.
    return (f"4.3.0 {FRIEND}the forced command ended without a greeting",
            lambda: pair.force(SENDMAIL))


@fault("a_forced_command_that_says_nothing")
def a_forced_command_that_says_nothing(pair):
    pair.force("/bin/true")
    return (f"4.4.2 {FRIEND}no greeting from the mail server: the forced command ended; ",
            lambda: pair.force(SENDMAIL))


@fault("no_configuration")
def no_configuration(pair):
    pair.here.run("rm", "/etc/sshsm/myfriend.conf")
    return "4.3.5 sshsm: myfriend: cannot read the configuration: ", pair.configure


@fault("a_key_that_cannot_be_read")
def a_key_that_cannot_be_read(pair):
    pair.here.run("chown", "root:root", KEY)
    return (f"4.7.5 {FRIEND}cannot read the private key: ",
            lambda: pair.here.run("chown", "bsmtp:", KEY))


@fault("a_message_of_the_day")
def a_message_of_the_day(pair):
    pair.force("echo Welcome to Friend; exec " + SENDMAIL)
    return (f"4.5.0 {FRIEND}text where the greeting was expected; ", lambda: pair.force(SENDMAIL))
