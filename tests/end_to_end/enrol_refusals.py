"""Enrolment that cannot be: one sentence each, and nothing half done."""

import os
import pty

from enrolling import AT_A_TERMINAL, Newcomer
from registry import Skip, case, expect
from sandbox import fields
from servers import fingerprint, free_port, new_key
from smtp_address import Listener

NOBODY_ASKS = ("sshsmctl: nobody sits at a terminal to type the fingerprint of the host's key; give it with "
               "--fingerprint, or the key with --host-key-file")
ELSE = "; nothing is pinned. Either that is not the friend's key, or somebody else answers there"
# A user of this machine who is neither root nor the mail user.
AS_DAEMON = ["setpriv", "--reuid=1", "--regid=1", "--clear-groups"]


def refuses(newcomer, sentence, *options, **more):
    """With that sentence alone, and nothing written."""
    options = options or ("--fingerprint", newcomer.fingerprint())
    newcomer.enrol(*options, **more).says(1, "sshsmctl: " + sentence)
    newcomer.wrote_nothing()


def ordinary(bench):
    """An enrolment by somebody who is not root, in a directory of his own."""
    newcomer = Newcomer(bench)
    if not bench.rig.is_root:
        return newcomer, []
    newcomer.directory = os.path.join(bench.directory, "own")
    os.mkdir(newcomer.directory)
    os.chown(newcomer.directory, 1, 1)
    return newcomer, AS_DAEMON


# --- what was asked for ---


@case
def without_a_terminal_or_a_fingerprint_nobody_is_trusted(bench):
    newcomer = Newcomer(bench)
    newcomer.enrol().says(1, NOBODY_ASKS)
    newcomer.wrote_nothing()


@case
def what_is_no_value_is_told_by_its_option(bench):
    newcomer = Newcomer(bench)
    newcomer.hosts = ()
    refuses(newcomer, "enrol needs --host, where the friend's sshd is")
    newcomer.hosts, newcomer.port = ("mx.friend.example",), "0"
    refuses(newcomer, '--port: "0" is not a number from 1 to 65535')
    newcomer.port, newcomer.user = 22, "bob; reboot"
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint())
    result.has_status(1)
    expect(result.stderr.startswith('sshsmctl: --user: "bob; reboot"'), True, result.stderr)
    newcomer.user = newcomer.rig.login
    newcomer.name = "../friend"
    refuses(newcomer, '"../friend" is not the name of a destination: letters, digits, dots, underscores and '
                      "hyphens, 64 at most")
    bench.run("enrol", "--config-dir", newcomer.directory, "--host", "mx", "friend",
              program=bench.rig.sshsmctl).says(1, "sshsmctl: enrol needs --user, the login there")
    bench.run("enrol", "--frobnicate", "friend", program=bench.rig.sshsmctl).says(
        1, "sshsmctl: unrecognised option '--frobnicate'; see sshsmctl --help")
    newcomer.wrote_nothing()


@case
def a_part_of_a_fingerprint_is_no_option(bench):
    newcomer = Newcomer(bench)
    for text in (newcomer.fingerprint()[:-1], newcomer.fingerprint()[7:], "yes"):
        refuses(newcomer, f'"{text}" is not a whole fingerprint: SHA256: and 43 characters, as ssh-keygen -l '
                          "prints it", "--fingerprint", text)


# --- the host ---


@case
def a_host_with_another_key_is_not_enrolled_and_its_key_not_shown(bench):
    newcomer = Newcomer(bench)
    other = new_key(os.path.join(bench.directory, "other"))
    refuses(newcomer, f"no key that {newcomer.place} shows has the fingerprint given" + ELSE,
            "--fingerprint", fingerprint(other))
    file = os.path.join(bench.directory, "keys")
    with open(file, "w", encoding="ascii") as out:
        out.write(f"{newcomer.place} {other}\nother.example {newcomer.host_key()}\n")
    refuses(newcomer, f"no key that {newcomer.place} shows is in {file}" + ELSE, "--host-key-file", file)
    refuses(newcomer, f"no key that {newcomer.place} shows has the fingerprint given or is in {file}" + ELSE,
            "--fingerprint", fingerprint(other), "--host-key-file", file)


@case
def a_file_that_everybody_may_write_confirms_nothing(bench):
    newcomer = Newcomer(bench)
    file = os.path.join(bench.directory, "keys")
    with open(file, "w", encoding="ascii") as out:
        out.write(newcomer.host_key())
    os.chmod(file, 0o666)
    refuses(newcomer, f"cannot use {file}: everybody may write it", "--host-key-file", file)
    os.unlink(file)
    refuses(newcomer, f"cannot use {file}: No such file or directory", "--host-key-file", file)


@case
def a_host_that_is_down_is_told(bench):
    newcomer = Newcomer(bench, port=free_port())
    refuses(newcomer, f"127.0.0.1: cannot connect: 127.0.0.1 port {newcomer.port}: Connection refused; check "
                      "that sshd runs there and the port is open")


@case
def a_host_that_is_no_ssh_server_is_told_in_its_own_words_made_harmless(bench):
    listener = Listener(bench, lambda connection: connection.sendall(b"220 \x1b[2J\x07mx ESMTP\r\n"))
    newcomer = Newcomer(bench, port=listener.port)
    refuses(newcomer, f"127.0.0.1: connected, but no SSH server answered: 127.0.0.1 port {listener.port} closed "
                      "the connection; check port, and MaxStartups and PerSourcePenalties of the sshd there: "
                      '"220 \\x1b[2J\\x07mx ESMTP\\x0d\\x0a"')


@case
def a_server_that_talks_garbage_behind_its_banner_is_told(bench):
    def serve(connection):
        connection.sendall(b"SSH-2.0-\x1b]0;owned\x07\r\n" + os.urandom(4000))
        while connection.recv(4096):
            pass
    newcomer = Newcomer(bench, port=Listener(bench, serve).port)
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint())
    result.has_status(1)
    expect(result.stderr.startswith("sshsmctl: 127.0.0.1: "), True, result.stderr)
    expect([c for c in result.stderr if not " " <= c <= "~"], ["\n"], "characters that are not printable")
    newcomer.wrote_nothing()


@case
def a_server_that_closes_or_stalls_in_the_handshake_is_told(bench):
    newcomer = Newcomer(bench)
    os.makedirs(newcomer.directory, exist_ok=True)
    run_as = newcomer.read("sshsm.conf") if bench.rig.is_root else ""
    newcomer.write("sshsm.conf", run_as + "connect-timeout = 1\n")
    for fault, sentence in (
            ("stall-before-banner", "connected, but no SSH server answered: 127.0.0.1 port {} is silent; check "
             "port, and MaxStartups and PerSourcePenalties of the sshd there"),
            ("stall-after-banner", "no answer in time: the SSH handshake"),
            ("stall-in-handshake", "no answer in time: the SSH handshake")):
        newcomer.port, _ = bench.fault_server(fault)
        refuses(newcomer, "127.0.0.1: " + sentence.format(newcomer.port))
    for fault in ("close-after-banner", "close-in-handshake"):
        newcomer.port, _ = bench.fault_server(fault)
        result = newcomer.enrol("--fingerprint", newcomer.fingerprint())
        result.has_status(1)
        expect(result.stderr.startswith("sshsmctl: 127.0.0.1: the connection was lost: in the SSH handshake"),
               True, result.stderr)
    newcomer.wrote_nothing()


@case
def a_key_that_known_hosts_revokes_is_not_enrolled(bench):
    newcomer = Newcomer(bench)
    os.makedirs(newcomer.directory, exist_ok=True)
    newcomer.write("known_hosts", f"@revoked * {newcomer.host_key()}\n")
    newcomer.enrol("--fingerprint", newcomer.fingerprint()).says(
        1, f"sshsmctl: the key {newcomer.key_name()} of {newcomer.place} is revoked by known_hosts; nothing is "
           "pinned")
    for kind in ("rsa", "ecdsa"):
        newcomer.write("known_hosts", newcomer.read("known_hosts") + f"@revoked * {newcomer.host_key(kind)}\n")
    controller, terminal = pty.openpty()
    bench.at_end(lambda: [os.close(number) for number in (controller, terminal)])
    running = bench.start(*newcomer.words("enrol"), program=bench.rig.sshsmctl, stdin=terminal)
    running.finish(None).says(1, f"sshsmctl: every key that {newcomer.place} shows is revoked by known_hosts; "
                                 "nothing is pinned")


@case
def the_host_is_met_in_the_sandbox_as_the_mail_user(bench):
    if not bench.rig.is_built_with_sandbox():
        raise Skip("built with sandbox=false")
    port, _ = bench.fault_server("stall-after-banner")
    newcomer = Newcomer(bench, port=port)
    running = bench.start(*newcomer.words("enrol", "--fingerprint", newcomer.fingerprint()),
                          program=bench.rig.sshsmctl)

    def children(pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return file.read().split()

    def sandboxed():
        return [pid for pid in children(running.pid) if fields(pid)["Seccomp"] == "2"]
    bench.wait_until(sandboxed, "a child is in the sandbox", 5)
    child = sandboxed()[0]
    expect(fields(child)["Uid"].split(), [str(bench.rig.mail_user.pw_uid)] * 4, "whose it is")
    expect(int(fields(child)["CapEff"], 16), 0, "its capabilities")
    with open(f"/proc/{child}/comm", encoding="ascii") as file:
        expect(file.read(), "sshsmctl\n", "its name")
    for number in (0, 1, 2):
        expect(os.readlink(f"/proc/{child}/fd/{number}"), "/dev/null", f"descriptor {number}")
    # It ends with its parent.
    running.process.terminate()
    bench.wait_until(lambda: not os.path.exists(f"/proc/{child}"), "the child is gone", 5)
    running.process.wait(5)


@case
def who_meets_the_host_has_no_terminal(bench):
    port, _ = bench.fault_server("stall-after-banner")
    newcomer = Newcomer(bench, port=port)
    controller, terminal = pty.openpty()
    bench.at_end(lambda: [os.close(number) for number in (controller, terminal)])
    running = bench.start(*newcomer.words("enrol"), program=bench.rig.sshsmctl, prefix=AT_A_TERMINAL,
                          stdin=terminal)

    def terminals():
        """Of every sshsmctl under this one, the parent first: the number of its terminal."""
        found, left = [], [str(running.pid)]
        while left:
            pid = left.pop(0)
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                name, rest = file.read().rsplit(")", 1)
            if name.endswith("(sshsmctl"):
                found.append(int(rest.split()[4]))
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                left += file.read().split()
        return found
    bench.wait_until(lambda: len(terminals()) == 3, "a child and its dialler are there", 5)
    expect([number != 0 for number in terminals()], [True, False, False], "who has a terminal")


# --- this machine ---


@case(root=True)
def a_mail_user_who_does_not_exist_is_told(bench):
    newcomer = Newcomer(bench)
    newcomer.write("sshsm.conf", "run-as = nosuchuser\n")
    refuses(newcomer, "there is no user nosuchuser on this machine; make one with useradd --system --shell "
                      "/usr/sbin/nologin nosuchuser, or name another with run-as in sshsm.conf or with --as")
    refuses(newcomer, "the mail user must not be root (root); name another with run-as in sshsm.conf or with "
                      "--as", "--as", "root")


@case(root=True)
def root_believes_only_roots_own_sshsm_conf(bench):
    newcomer = Newcomer(bench)
    os.chown(newcomer.path("sshsm.conf"), 1, 1)
    refuses(newcomer, f"configuration file not to be trusted: {newcomer.path('sshsm.conf')}: owned by uid 1; it "
                      "must be root's or the mail user's (root's, where it says run-as), and nobody else's to "
                      "write")


@case
def a_mistake_in_sshsm_conf_is_told(bench):
    newcomer = Newcomer(bench)
    os.makedirs(newcomer.directory, exist_ok=True)
    run_as = newcomer.read("sshsm.conf") if bench.rig.is_root else "\n"
    newcomer.write("sshsm.conf", run_as + "frobnicate = yes\n")
    refuses(newcomer, f'configuration error: {newcomer.path("sshsm.conf")}:2: unknown key "frobnicate"; correct '
                      "the line")


@case
def an_ordinary_user_enrols_in_a_directory_of_his_own(bench):
    newcomer, prefix = ordinary(bench)
    newcomer.enrol("--fingerprint", newcomer.fingerprint(), prefix=prefix).has_status(0)
    newcomer.is_configured_with("ed25519")
    user = 1 if bench.rig.is_root else os.geteuid()
    for name, mode in (("friend.conf", 0o644), ("id_ed25519", 0o600), ("id_ed25519.pub", 0o644)):
        newcomer.has_file(name, user, mode)
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint("rsa"), prefix=prefix).prints(
        0, f"pinned: {newcomer.key_name('rsa')}")
    newcomer.has_file("friend.conf", user, 0o644)


@case(root=True)
def an_ordinary_user_is_no_other_user(bench):
    newcomer, prefix = ordinary(bench)
    refuses(newcomer, "only root can do this as nobody; you are daemon", "--as", "nobody", prefix=prefix)


@case(root=True)
def a_directory_that_is_not_ours_to_write_is_told_before_anything_else(bench):
    newcomer, prefix = ordinary(bench)
    os.chown(newcomer.directory, 0, 0)
    refuses(newcomer, f"cannot make files in {newcomer.directory}: Permission denied", prefix=prefix)
    newcomer.directory = os.path.join(newcomer.directory, "new", "one")
    refuses(newcomer, f"cannot make files in {os.path.dirname(os.path.dirname(newcomer.directory))}: Permission "
                      "denied", prefix=prefix)


@case
def a_key_that_is_there_and_cannot_be_used_is_not_written_over(bench):
    newcomer = Newcomer(bench)
    os.makedirs(newcomer.directory, exist_ok=True)
    path = newcomer.path("id_ed25519")
    new_key(path)
    mail_user = bench.rig.mail_user
    os.chown(path, mail_user.pw_uid, mail_user.pw_gid)

    def says(sentence):
        with open(path, "rb") as file:
            before = file.read()
        newcomer.enrol("--fingerprint", newcomer.fingerprint()).says(1, "sshsmctl: " + sentence)
        with open(path, "rb") as file:
            expect(file.read(), before, "the key")
        expect(os.path.exists(newcomer.path("friend.conf")), False, "no configuration")
    os.chmod(path, 0o640)
    says(f"private key file not to be trusted: {path}: mode 0640; give it to the mail user with mode 0600")
    os.chmod(path, 0o600)
    if bench.rig.is_root:
        os.chown(path, 1, 1)
        says(f"cannot read the private key: {path}: Permission denied; make one with ssh-keygen -t ed25519 "
             "-N '', or give this one to the mail user, mode 0600")
        os.chown(path, mail_user.pw_uid, mail_user.pw_gid)
    with open(path, "w", encoding="ascii") as file:
        file.write("no key\n")
    says(f"not a usable private key: {path}; create it with ssh-keygen -t ed25519 -N ''")


@case
def a_key_with_a_passphrase_is_told(bench):
    newcomer = Newcomer(bench)
    os.makedirs(newcomer.directory, exist_ok=True)
    path = newcomer.path("id_ed25519")
    new_key(path, passphrase="secret")
    os.chown(path, bench.rig.mail_user.pw_uid, bench.rig.mail_user.pw_gid)
    newcomer.enrol("--fingerprint", newcomer.fingerprint()).says(
        1, f"sshsmctl: the private key has a passphrase: {path}; remove it with ssh-keygen -p: nobody is there "
           "to type it")


@case
def a_line_that_nobody_can_read_is_no_success(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.enrol("--fingerprint", newcomer.fingerprint(), "--replace",
                   prefix=["sh", "-c", 'exec "$@" >/dev/full', "sh"]).says(
        1, "sshsmctl: cannot write to standard output: No space left on device")


@case
def what_cannot_be_written_leaves_what_was_there(bench):
    newcomer = Newcomer(bench).enrolled()
    before = newcomer.read("friend.conf")
    # Not a block more than nothing may be written.
    limited = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"]
    newcomer.enrol("--fingerprint", newcomer.fingerprint("rsa"), "--replace", prefix=limited).says(
        1, f"sshsmctl: cannot write {newcomer.path('friend.conf')}: File too large")
    expect(newcomer.read("friend.conf"), before, "the configuration")
    expect([name for name in os.listdir(newcomer.directory) if name.startswith("friend.conf.")], [],
           "files half written")
