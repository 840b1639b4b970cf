"""`sshsmctl enrol`: one command here, one line to paste there, and mail goes through."""

import os
import pwd
import shlex
import subprocess

from enrolling import COMMENT, Newcomer, key_line_of
from friend import LETTER, Friend, canonical
from mail_root import USER, MailRoot
from registry import case, expect
from sendmail_host import QUEUE
from servers import fingerprint, new_key
from smtp_address import Listener

ACCOUNT = ("The friend makes an account {user} with the shell /bin/sh and the password * (not !, which "
           "is a locked\naccount to some sshds),\n\n"
           "useradd --create-home --shell /bin/sh --password '*' {user}\n\n"
           "and puts this line into ~{user}/.ssh/authorized_keys, a file of its own and not of root:\n\n")


def public_key(newcomer):
    return newcomer.read("id_ed25519.pub")


def sink_of(bench):
    """A mail server to be reached by a forced command; its friend's key is not used."""
    return Friend(bench, os.path.join(bench.directory, "sink"))


def paste(newcomer, line, sink):
    """Puts the line into the friend's file, with the sink as his mail server."""
    command = shlex.join(sink.sink_command())
    with open(newcomer.sshd.authorized_keys, "a", encoding="ascii") as file:
        file.write(line.replace("/usr/sbin/sendmail -bs", command) + "\n")


@case
def enrolment_prints_and_writes_all_that_mail_needs(bench):
    newcomer = Newcomer(bench, bench.sshd())
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint())
    key = public_key(newcomer)
    expect(key.split()[2:], [COMMENT], "the comment")
    result.prints(0, *(
        f"made {newcomer.path('id_ed25519')}, our key\n"
        f"wrote {newcomer.path('friend.conf')}\n"
        f"pinned for {newcomer.place}: {newcomer.key_name()}\n\n" + ACCOUNT.format(user=newcomer.user)
        + f'restrict,command="/usr/sbin/sendmail -bs" {key}\n'
        f"Then: sshsmctl --config-dir {newcomer.directory} check friend").split("\n"))
    newcomer.is_configured_with("ed25519")
    newcomer.has_file("friend.conf", os.geteuid(), 0o644)
    newcomer.has_file("id_ed25519", bench.rig.mail_user.pw_uid, 0o600)
    newcomer.has_file("id_ed25519.pub", os.geteuid(), 0o644)
    expect(sorted(name for name in os.listdir(newcomer.directory) if name != "sshsm.conf"),
           ["friend.conf", "id_ed25519", "id_ed25519.pub"], "files")


@case
def behind_enrolment_and_paste_mail_goes_through(bench):
    newcomer = Newcomer(bench, bench.sshd())
    sink = sink_of(bench)
    paste(newcomer, key_line_of(newcomer.enrol("--fingerprint", newcomer.fingerprint())), sink)
    newcomer.send().is_accepted()
    expect(sink.messages(), [canonical(LETTER)], "delivered messages")


@case(root=True)
def with_a_real_sendmail_the_line_is_pasted_as_it_is(bench):
    root = MailRoot("sendmail", os.path.join(bench.directory, "far"))
    bench.at_end(root.stop)
    newcomer = Newcomer(bench, root)
    newcomer.user = USER
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint(), prefix=root.prefix)
    root.write(f"/home/{USER}/.ssh/authorized_keys", key_line_of(result) + "\n")
    newcomer.send(prefix=root.prefix).is_accepted()
    names = root.run("ls", QUEUE).decode().split()
    expect(len([name for name in names if name.startswith("qf")]), 1, f"messages in the queue: {names}")


@case
def with_smtp_address_the_line_lets_through_to_that_address(bench):
    newcomer = Newcomer(bench, bench.sshd())
    sink = sink_of(bench)

    def serve(connection):
        process = subprocess.Popen(sink.sink_command(), stdin=connection, stdout=connection)
        bench.at_end(process.kill)
        process.wait()
    listener = Listener(bench, serve)
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint(), "--smtp-address", listener.name)
    line = key_line_of(result)
    expect(line, f'restrict,port-forwarding,permitopen="{listener.name}",permitlisten="localhost:1",'
                 f'command="/bin/false" {public_key(newcomer).strip()}', "the key line")
    paste(newcomer, line, sink)
    newcomer.send().is_accepted()
    expect(sink.messages(), [canonical(LETTER)], "delivered messages")


@case
def each_key_that_is_told_is_pinned_and_no_other(bench):
    newcomer = Newcomer(bench)
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint("rsa"), "--fingerprint",
                            newcomer.fingerprint("ecdsa"))
    result.has_status(0)
    # As the host shows them, the best type first.
    newcomer.is_configured_with("ecdsa", "rsa")
    shown = result.stdout.decode().splitlines()
    expect(shown[2:5], [f"pinned for {newcomer.place}: {newcomer.key_name('ecdsa')}",
                        f"pinned for {newcomer.place}: {newcomer.key_name('rsa')}",
                        f"not pinned: {newcomer.place}: {newcomer.key_name('ed25519')}"], "the pins")


@case
def every_type_of_ecdsa_can_be_pinned(bench):
    sshd = bench.sshd(key_types=("ed25519",))
    keys = {}
    for bits in ("384", "521"):
        path = os.path.join(sshd.directory, "host_" + bits)
        keys[bits] = new_key(path, "ecdsa_" + bits)
        sshd.host_keys[bits] = keys[bits]
    sshd.stop()
    sshd.start()
    newcomer = Newcomer(bench, sshd)
    newcomer.enrol("--fingerprint", fingerprint(keys["521"])).has_status(0)
    newcomer.is_configured_with("521")
    expect(keys["521"].split()[0], "ecdsa-sha2-nistp521", "its type")


@case
def a_known_hosts_file_or_a_pub_file_confirms_what_is_in_it(bench):
    newcomer = Newcomer(bench)
    file = os.path.join(bench.directory, "keys")
    for text, kinds in ((f"{newcomer.place} {newcomer.host_key('rsa')}\n", ["rsa"]),
                        (f"{newcomer.host_key('ecdsa')} root@mx\n", ["ecdsa"]),
                        (f"{newcomer.place} {newcomer.host_key('ed25519')}\n"
                         f"{newcomer.host_key('rsa')}", ["ed25519", "rsa"])):
        with open(file, "w", encoding="ascii") as out:
            out.write(text)
        newcomer.enrol("--host-key-file", file, "--replace").has_status(0)
        newcomer.is_configured_with(*kinds)


@case
def a_key_that_is_there_is_kept_and_used(bench):
    newcomer = Newcomer(bench)
    newcomer.enrolled()
    before = newcomer.read("id_ed25519"), public_key(newcomer)
    newcomer.name = "another"
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint())
    result.has_status(0)
    expect((newcomer.read("id_ed25519"), public_key(newcomer)), before, "the key")
    expect(key_line_of(result), f'restrict,command="/usr/sbin/sendmail -bs" {public_key(newcomer).strip()}',
           "the key line")
    expect("made " in result.stdout.decode(), False, "no key is made")


@case
def the_directory_is_made_for_others_to_search(bench):
    newcomer = Newcomer(bench)
    newcomer.directory = os.path.join(bench.directory, "some", "where")
    options = ["--as", bench.rig.mail_user.pw_name] if bench.rig.is_root else []
    newcomer.enrol("--fingerprint", newcomer.fingerprint(), *options).has_status(0)
    for directory in (newcomer.directory, os.path.dirname(newcomer.directory)):
        expect(f"{os.stat(directory).st_mode & 0o7777:04o}", "0755", "mode of the directory")
    newcomer.is_configured_with("ed25519")


@case
def a_slash_behind_the_directory_means_nothing(bench):
    newcomer = Newcomer(bench)
    directory = newcomer.directory = os.path.join(bench.directory, "some", "where")
    options = ["--as", bench.rig.mail_user.pw_name] if bench.rig.is_root else []
    newcomer.directory += "//"
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint(), *options)
    newcomer.directory = directory
    result.has_status(0)
    expect(result.stdout.decode().splitlines()[1], f"wrote {newcomer.path('friend.conf')}", "what is told")


@case
def pins_of_known_hosts_that_count_besides_are_told_of(bench):
    newcomer = Newcomer(bench)
    os.makedirs(newcomer.directory, exist_ok=True)
    newcomer.write("known_hosts", f"{newcomer.place} {newcomer.host_key('rsa')}\n")
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint())
    result.has_status(0)
    expect([line for line in result.stdout.decode().splitlines() if "pinned" in line],
           [f"pinned for {newcomer.place}: {newcomer.key_name()}",
            f"pinned by known_hosts, too, for {newcomer.place}: {newcomer.key_name('rsa')}; take its line out, or "
            "sshsmctl trust --revoke it",
            f"not pinned: {newcomer.place}: {newcomer.key_name('ecdsa')}"], "the pins")


@case
def a_configuration_that_is_there_is_written_over_only_when_asked(bench):
    newcomer = Newcomer(bench).enrolled("rsa")
    newcomer.enrol("--fingerprint", newcomer.fingerprint()).says(
        1, f"sshsmctl: {newcomer.path('friend.conf')} is there already; sshsmctl trust friend changes its "
           "host keys, and --replace writes over it")
    newcomer.is_configured_with("rsa")
    newcomer.enrol("--fingerprint", newcomer.fingerprint(), "--replace").has_status(0)
    newcomer.is_configured_with("ed25519")


@case
def of_several_hosts_those_that_answer_are_enrolled(bench):
    newcomer = Newcomer(bench, hosts=("127.0.0.1", "127.0.0.2"))
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint())
    result.has_status(0)
    expect(result.stderr, f"sshsmctl: 127.0.0.2: cannot connect: 127.0.0.2 port {newcomer.port}: Connection "
           "refused; check that sshd runs there and the port is open\n", "standard error")
    newcomer.is_configured_with("ed25519")


@case
def the_lines_for_the_mail_server_here_are_printed_when_asked(bench):
    newcomer = Newcomer(bench).enrolled()
    for name, line in (("sendmail", "friend.example  sshsm:friend"), ("exim", "friend.example: friend"),
                       ("postfix", "friend.example    sshsm:unix:private/sshsm-friend")):
        result = newcomer.enrol("--fingerprint", newcomer.fingerprint(), "--replace", "--for", name)
        result.has_status(0)
        expect(line in result.stdout.decode().splitlines(), True, f"{name}: {result.stdout}")


@case
def settings_of_sshsm_conf_count_for_a_new_friend(bench):
    newcomer = Newcomer(bench)
    os.makedirs(newcomer.directory, exist_ok=True)
    run_as = newcomer.read("sshsm.conf") if bench.rig.is_root else ""
    newcomer.write("sshsm.conf", run_as + "identity-file = our_key\n")
    newcomer.enrol("--fingerprint", newcomer.fingerprint()).has_status(0)
    newcomer.has_file("our_key", bench.rig.mail_user.pw_uid, 0o600)


@case(root=True)
def another_mail_user_than_the_usual_one_is_told_of(bench):
    newcomer = Newcomer(bench)
    result = newcomer.enrol("--fingerprint", newcomer.fingerprint(), "--as", "daemon")
    result.has_status(0)
    newcomer.has_file("id_ed25519", pwd.getpwnam("daemon").pw_uid, 0o600)
    wanted = (f"Started by root, sshsm becomes nobody; for daemon write into {newcomer.path('sshsm.conf')}\n\n"
              f"run-as = daemon\n\nThen: sshsmctl --config-dir {newcomer.directory} check friend\n")
    expect(result.stdout.decode().endswith("\n\n" + wanted), True, result.stdout.decode())
