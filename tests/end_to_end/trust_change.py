"""`sshsmctl trust`: what is pinned beside what is offered, and how that is changed."""

import os

from enrolling import SUFFIX, Newcomer
from registry import case, expect
from servers import fingerprint, free_port, new_key


def row(kind, key, state):
    return f"  {SUFFIX[kind]:<7}  {fingerprint(key)}  {state}"


def rows(newcomer, **states):
    return [row(kind, newcomer.host_key(kind), state) for kind, state in states.items()]


def shows(newcomer, status, lines, *errors):
    result = newcomer.trust()
    expect((result.status, result.stdout.decode().split("\n")[:-1], result.stderr.split("\n")[:-1]),
           (status, lines, [f"sshsmctl: {error}" for error in errors]), "what is shown")


def other_key(bench, name="other"):
    path = os.path.join(bench.directory, name)
    key = new_key(path)
    return path + ".pub", key


@case
def pinned_and_offered_keys_are_shown_side_by_side(bench):
    newcomer = Newcomer(bench).enrolled("ecdsa")
    shows(newcomer, 0, [newcomer.place, *rows(newcomer, ecdsa="pinned, offered", ed25519="offered, not pinned",
                                              rsa="offered, not pinned")])
    newcomer.write("known_hosts", f"{newcomer.place} {newcomer.host_key('rsa')}\n"
                                  f"@revoked * {newcomer.host_key('ed25519')}\n")
    shows(newcomer, 0, [newcomer.place, *rows(newcomer, rsa="pinned, offered", ecdsa="pinned, offered",
                                              ed25519="revoked, offered")])


@case
def a_host_that_shows_none_of_its_pins_is_told(bench):
    newcomer = Newcomer(bench).enrolled()
    _, key = other_key(bench)
    newcomer.write("friend.conf", newcomer.configuration() + f"host-key = {key}\n")
    shows(newcomer, 1, [newcomer.place, row("ed25519", key, "pinned, not offered"),
                        *rows(newcomer, ed25519="offered, not pinned", ecdsa="offered, not pinned",
                              rsa="offered, not pinned")],
          f"no key that {newcomer.place} shows is pinned, so mail to friend waits")


@case
def of_a_host_that_is_down_the_pins_are_shown(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.port = free_port()
    newcomer.write("friend.conf", newcomer.configuration("ed25519"))
    shows(newcomer, 1, [newcomer.place, *rows(newcomer, ed25519="pinned")],
          f"127.0.0.1: cannot connect: 127.0.0.1 port {newcomer.port}: Connection refused; check that sshd runs "
          "there and the port is open")


@case
def a_second_pin_is_added_and_the_rest_of_the_file_kept(bench):
    newcomer = Newcomer(bench).enrolled()
    text = (f"# Bob's host, told on 3 May\nuser={newcomer.user}\nhost = \"127.0.0.1\" # his only one\r\n\n"
            f"host-key = {newcomer.host_key()}  # the first\n\tport = {newcomer.port}\ntimeout = 60")
    newcomer.write("friend.conf", text)
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint("rsa")).prints(
        0, f"pinned: {newcomer.key_name('rsa')}")
    wanted = text.replace("# the first\n", "# the first\n" + newcomer.pin("rsa")) + "\n"
    with open(newcomer.path("friend.conf"), encoding="utf-8", newline="") as file:
        expect(file.read(), wanted, "the configuration")


@case
def what_is_pinned_already_is_not_pinned_twice(bench):
    newcomer = Newcomer(bench).enrolled()
    before = os.stat(newcomer.path("friend.conf")).st_ino
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint()).prints(
        0, f"was pinned already: {newcomer.key_name()}")
    newcomer.is_configured_with("ed25519")
    expect(os.stat(newcomer.path("friend.conf")).st_ino, before, "the file is not written again")


@case
def the_next_key_can_be_pinned_before_the_host_changes_to_it(bench):
    newcomer = Newcomer(bench, bench.sshd()).enrolled()
    file, key = other_key(bench)
    newcomer.trust("--add", "--host-key-file", file).prints(0, f"pinned: ED25519 {fingerprint(key)}")
    shows(newcomer, 0, [newcomer.place, *rows(newcomer, ed25519="pinned, offered"),
                        row("ed25519", key, "pinned, not offered")])
    # The day of the change: mail is not held up, and then the old pin goes.
    os.replace(file[:-len(".pub")], newcomer.sshd.directory + "/host_ed25519")
    port = newcomer.sshd.port
    newcomer.sshd.stop()
    newcomer.sshd.start()
    newcomer.write("friend.conf", newcomer.read("friend.conf").replace(str(port), str(newcomer.sshd.port)))
    newcomer.port, newcomer.sshd.host_keys["ed25519"] = newcomer.sshd.port, key
    newcomer.trust("--replace", "--fingerprint", fingerprint(key)).prints(
        0, f"was pinned already: ED25519 {fingerprint(key)}")
    newcomer.is_configured_with("ed25519")


@case
def a_new_key_replaces_all_others(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint("rsa")).has_status(0)
    newcomer.trust("--replace", "--fingerprint", newcomer.fingerprint("ecdsa")).prints(
        0, f"pinned: {newcomer.key_name('ecdsa')}")
    newcomer.is_configured_with("ecdsa")


@case
def pins_of_known_hosts_that_stay_are_told_of(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.write("known_hosts", "".join(f"{newcomer.place} {newcomer.host_key(kind)}\n"
                                          for kind in ("rsa", "ed25519")))
    newcomer.trust("--replace", "--fingerprint", newcomer.fingerprint("ecdsa")).prints(
        0, f"pinned: {newcomer.key_name('ecdsa')}", *(
            f"still pinned by known_hosts: {newcomer.key_name(kind)}; take its line out, or --revoke it"
            for kind in ("rsa", "ed25519")))
    newcomer.is_configured_with("ecdsa")


@case
def a_key_that_was_not_confirmed_changes_nothing(bench):
    newcomer = Newcomer(bench).enrolled()
    _, key = other_key(bench)
    for option in ("--add", "--replace"):
        newcomer.trust(option, "--fingerprint", fingerprint(key)).says(
            1, f"sshsmctl: no key that {newcomer.place} shows has the fingerprint given; nothing is pinned. Either "
               "that is not the friend's key, or somebody else answers there")
        newcomer.trust(option).says(
            1, "sshsmctl: nobody sits at a terminal to type the fingerprint of the host's key; give it with "
               "--fingerprint, or the key with --host-key-file")
    newcomer.is_configured_with("ed25519")


@case
def a_revoked_key_is_never_taken_again(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint("rsa")).has_status(0)
    newcomer.trust("--revoke", newcomer.fingerprint()[:len("SHA256:") + 16]).prints(
        0, f"revoked: {newcomer.key_name()}")
    newcomer.is_configured_with("rsa")
    line = f"@revoked {newcomer.place} {newcomer.host_key()}\n"
    expect(newcomer.read("known_hosts"), line, "known_hosts")
    newcomer.has_file("known_hosts", os.geteuid(), 0o644)
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint()).says(
        1, f"sshsmctl: the key {newcomer.key_name()} of {newcomer.place} is revoked by known_hosts; nothing is "
           "pinned")
    file = os.path.join(bench.directory, "key.pub")
    with open(file, "w", encoding="ascii") as out:
        out.write(newcomer.host_key())
    newcomer.trust("--add", "--host-key-file", file).says(
        1, f"sshsmctl: the key {newcomer.key_name()} is revoked by known_hosts; nothing is pinned")
    newcomer.trust("--revoke", newcomer.fingerprint()).prints(0, f"was revoked already: {newcomer.key_name()}")
    expect(newcomer.read("known_hosts"), line, "known_hosts")
    newcomer.is_configured_with("rsa")


@case
def when_the_last_pin_is_revoked_mail_waits_and_one_is_told(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.trust("--revoke", newcomer.fingerprint()).prints(
        0, f"revoked: {newcomer.key_name()}", "no key of friend is pinned now, so its mail waits; pin one with "
        "sshsmctl trust --add friend")
    newcomer.is_configured_with()
    result = newcomer.send()
    result.has_status(75)
    expect("no host key is pinned" in result.stderr, True, result.stderr)
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint("rsa")).prints(
        0, f"pinned: {newcomer.key_name('rsa')}")
    newcomer.is_configured_with("rsa")


@case
def a_stolen_key_is_replaced_and_revoked_at_once(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.write("known_hosts", "# no line end")
    newcomer.trust("--replace", "--fingerprint", newcomer.fingerprint("rsa"), "--revoke",
                   newcomer.fingerprint()).prints(0, f"pinned: {newcomer.key_name('rsa')}",
                                                  f"revoked: {newcomer.key_name()}")
    newcomer.is_configured_with("rsa")
    expect(newcomer.read("known_hosts"), f"# no line end\n@revoked {newcomer.place} {newcomer.host_key()}\n",
           "known_hosts")


@case
def a_key_that_is_pinned_by_known_hosts_alone_can_be_revoked(bench):
    newcomer = Newcomer(bench).enrolled()
    own = f"{newcomer.place} {newcomer.host_key('rsa')}\n"
    newcomer.write("known_hosts", own)
    newcomer.trust("--revoke", newcomer.fingerprint("rsa")).prints(0, f"revoked: {newcomer.key_name('rsa')}")
    expect(newcomer.read("known_hosts"), own + f"@revoked {newcomer.place} {newcomer.host_key('rsa')}\n",
           "known_hosts")
    newcomer.is_configured_with("ed25519")


@case
def what_is_revoked_at_once_is_not_said_to_stay(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.write("known_hosts", f"{newcomer.place} {newcomer.host_key('rsa')}\n")
    newcomer.trust("--replace", "--fingerprint", newcomer.fingerprint("ecdsa"), "--revoke",
                   newcomer.fingerprint("rsa")).prints(0, f"pinned: {newcomer.key_name('ecdsa')}",
                                                       f"revoked: {newcomer.key_name('rsa')}")
    newcomer.is_configured_with("ecdsa")


@case
def a_key_is_revoked_for_every_host_of_the_friend(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.hosts = ("127.0.0.1", "mx2.friend.example")
    newcomer.write("friend.conf", newcomer.configuration("ed25519", "rsa"))
    own = f"@revoked {newcomer.place} {newcomer.host_key()}\n"
    newcomer.write("known_hosts", own)
    newcomer.trust("--revoke", newcomer.fingerprint()).prints(0, f"revoked: {newcomer.key_name()}")
    line = f"@revoked {newcomer.place},[mx2.friend.example]:{newcomer.port} {newcomer.host_key()}\n"
    expect(newcomer.read("known_hosts"), own + line, "known_hosts")
    newcomer.is_configured_with("rsa")


@case
def a_key_that_is_told_twice_is_revoked_once(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.write("friend.conf", newcomer.configuration("ed25519", "rsa"))
    told = newcomer.fingerprint()
    newcomer.trust("--revoke", told, "--revoke", told[:len("SHA256:") + 16]).prints(
        0, f"revoked: {newcomer.key_name()}")
    expect(newcomer.read("known_hosts"), f"@revoked {newcomer.place} {newcomer.host_key()}\n", "known_hosts")


@case
def a_file_beside_it_makes_no_revoked_key_good(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.write("known_hosts", f"@revoked * {newcomer.host_key('rsa')}\n")
    file, _ = other_key(bench)
    newcomer.trust("--add", "--host-key-file", file, "--fingerprint", newcomer.fingerprint("rsa")).says(
        1, f"sshsmctl: the key {newcomer.key_name('rsa')} is revoked by known_hosts; nothing is pinned")
    newcomer.is_configured_with("ed25519")


@case
def a_revoked_key_is_refused_whoever_else_pins_it(bench):
    newcomer = Newcomer(bench, bench.sshd(key_types=("ed25519",))).enrolled()
    newcomer.write("known_hosts", f"* {newcomer.host_key()}\n")
    newcomer.trust("--revoke", newcomer.fingerprint()).has_status(0)
    result = newcomer.send()
    result.has_status(75)
    expect("revoked" in result.stderr and newcomer.fingerprint() in result.stderr, True, result.stderr)


@case
def pins_of_sshsm_conf_that_count_again_are_told_of(bench):
    newcomer = Newcomer(bench).enrolled()
    run_as = newcomer.read("sshsm.conf") if bench.rig.is_root else ""
    newcomer.write("sshsm.conf", run_as + newcomer.pin("rsa"))
    newcomer.trust("--revoke", newcomer.fingerprint()).prints(
        0, f"revoked: {newcomer.key_name()}", "pinned by sshsm.conf, since friend has no pin of its own now: "
        f"{newcomer.key_name('rsa')}; --revoke it, too, if it is not the friend's")
    newcomer.is_configured_with()


@case
def with_an_alias_the_alias_is_what_is_revoked(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.write("friend.conf", newcomer.configuration("ed25519", "rsa") + "host-key-alias = mx.friend\n"
                                                                             "known-hosts-file = others\n")
    newcomer.write("others", "")
    newcomer.trust("--revoke", newcomer.fingerprint()).prints(0, f"revoked: {newcomer.key_name()}")
    expect(newcomer.read("others"), f"@revoked mx.friend {newcomer.host_key()}\n", "the file in use")
    shows(newcomer, 0, [newcomer.place, *rows(newcomer, rsa="pinned, offered", ed25519="revoked, offered",
                                              ecdsa="offered, not pinned")])


@case
def what_cannot_be_meant_is_refused(bench):
    newcomer = Newcomer(bench).enrolled()
    own = newcomer.fingerprint()
    for options, sentence in (
            (["--add", "--replace"], "--add keeps the other pins and --replace does not; give one of them"),
            (["--fingerprint", own], "--fingerprint says which key to pin, with --add or with --replace"),
            (["--host-key-file", "x"], "--host-key-file says which keys to pin, with --add or with --replace"),
            (["--revoke", "yes"], '"yes" is no fingerprint: at least 16 characters behind SHA256:'),
            (["--revoke", newcomer.fingerprint("rsa")], "no pinned key of friend has the fingerprint "
             f'"{newcomer.fingerprint("rsa")}"; nothing is changed'),
            (["--add", "--fingerprint", own, "--revoke", own],
             f"the key {newcomer.key_name()} cannot be pinned and revoked at once; nothing is changed")):
        newcomer.trust(*options).says(1, "sshsmctl: " + sentence)
        newcomer.is_configured_with("ed25519")
        expect(os.path.exists(newcomer.path("known_hosts")), False, "no known_hosts")
    newcomer.name = "stranger"
    newcomer.trust().says(1, "sshsmctl: cannot read the configuration: " + newcomer.path("stranger.conf")
                          + ": No such file or directory; make it with sshsmctl enrol stranger, or let the mail "
                          "user read it")


@case
def a_link_is_not_written_through(bench):
    newcomer = Newcomer(bench).enrolled()
    os.rename(newcomer.path("friend.conf"), newcomer.path("real"))
    os.symlink(newcomer.path("real"), newcomer.path("friend.conf"))
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint("rsa")).says(
        1, f"sshsmctl: {newcomer.path('friend.conf')} is a link; change the file that it leads to by hand")
    expect(newcomer.read("real"), newcomer.configuration("ed25519"), "the configuration")
    os.rename(newcomer.path("real"), newcomer.path("friend.conf"))
    os.symlink(newcomer.path("elsewhere"), newcomer.path("known_hosts"))
    newcomer.trust("--revoke", newcomer.fingerprint()).has_status(1)
    expect(os.path.exists(newcomer.path("elsewhere")), False, "nothing is made where the link leads")
    newcomer.is_configured_with("ed25519")


@case(root=True)
def a_configuration_of_the_mail_users_stays_his(bench):
    newcomer = Newcomer(bench).enrolled()
    user = bench.rig.mail_user
    os.chown(newcomer.path("friend.conf"), user.pw_uid, user.pw_gid)
    os.chmod(newcomer.path("friend.conf"), 0o600)
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint("rsa")).has_status(0)
    newcomer.is_configured_with("ed25519", "rsa")
    newcomer.has_file("friend.conf", user.pw_uid, 0o600)


@case
def pins_of_sshsm_conf_are_kept_when_one_is_added(bench):
    newcomer = Newcomer(bench).enrolled()
    newcomer.write("friend.conf", newcomer.configuration())
    run_as = newcomer.read("sshsm.conf") if bench.rig.is_root else ""
    newcomer.write("sshsm.conf", run_as + newcomer.pin("ecdsa"))
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint()).prints(0, f"pinned: {newcomer.key_name()}")
    newcomer.is_configured_with("ecdsa", "ed25519")


@case
def a_file_that_is_changed_while_the_question_stands_is_not_written_over(bench):
    newcomer = Newcomer(bench).enrolled()
    talk = newcomer.at_terminal("trust", "--add")
    newcomer.write("friend.conf", newcomer.configuration("ed25519") + "timeout = 60\n")
    talk.say(newcomer.fingerprint("rsa") + "\n")
    process = talk.running.process
    expect((process.wait(20), process.stderr.read().decode()),
           (1, f"sshsmctl: {newcomer.path('friend.conf')} was changed meanwhile; nothing is written, run it "
               "again\n"), "the end")
    expect(newcomer.read("friend.conf"), newcomer.configuration("ed25519") + "timeout = 60\n",
           "the configuration")
