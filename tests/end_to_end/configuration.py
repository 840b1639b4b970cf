"""DEST.conf, key and the files' owners: every mistake is 75 and is named with its place."""

import os

from friend import LETTER, ONE, canonical
from registry import case, expect
from servers import new_key, run_quietly


def is_told(friend, wanted):
    """75 and a line that begins so, before anything was dialled."""
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.count("\n"), 1, f"lines in {result.stderr!r}")
    text = result.stderr.replace(" (127.0.0.1):", ":", 1)
    code, sentence = wanted.split(" ", 1)
    expect(text.startswith(f"{code} sshsm: friend: {sentence}"), True, result.stderr)
    friend.received_nothing()
    return result


@case
def a_friend_without_a_file_is_told_with_its_path(bench):
    friend = bench.friend()
    os.remove(friend.path("friend.conf"))
    friend.send().says(75, "4.3.5 sshsm: friend: cannot read the configuration: "
                       f"{friend.path('friend.conf')}: No such file or directory; "
                       "make it with sshsmctl enrol friend, or let the mail user read it")


@case
def a_mistake_is_named_with_its_file_and_line(bench):
    friend = bench.friend()
    for text, line in (("user = x\nhots = y\n", 2), ("user = x\n\n\nport = 0\n", 4),
                       ("user = x\nport = 65536\n", 2), ("user = x\nport = +22\n", 2),
                       ("user = x\nuser = y\n", 2), ("user\n", 1), ("= x\n", 1),
                       ("user = x\nhost = $(id)\n", 2), ("user = `id`\n", 1),
                       ("user = a\\b\n", 1), ("timeout = soon\n", 1), ("address-family = ipx\n", 1),
                       ('host = "unfinished\n', 1)):
        friend.write_configuration(text)
        is_told(friend, f"4.3.5 configuration error: {friend.path('friend.conf')}:{line}: ")


@case
def what_is_required_is_asked_for(bench):
    friend = bench.friend()
    for text in ("user = x\n", "host = y\n", ""):
        friend.write_configuration(text)
        is_told(friend, "4.3.5 configuration error: ")


@case
def the_keepers_settings_are_checked_and_otherwise_without_effect(bench):
    friend = bench.friend(settings={"listen": "127.0.0.1:2525", "linger": "10", "persistent": "yes",
                                    "max-sessions": "4"})
    friend.send().is_accepted()
    friend = bench.friend(settings={"linger": "long"})
    is_told(friend, "4.3.5 configuration error: ")


@case
def comments_quotes_and_blanks_are_read_as_people_write_them(bench):
    friend = bench.friend()
    friend.write_configuration(
        f"# a comment\n\n  user   =  {friend.settings['user']}   # who\n\thost=\"127.0.0.1\"\n"
        f"port={friend.sshd.port}\r\n" + 'helo = "here.example"')
    friend.send().is_accepted()
    expect(b"EHLO here.example\r\n" in friend.transcript(), True, "helo was read")


@case
def the_defaults_file_is_below_the_friends_own(bench):
    friend = bench.friend(settings={"port": None})
    run_as = "run-as = nobody\n" if bench.rig.is_root else ""
    friend.write("sshsm.conf", run_as + f"port = {friend.sshd.port}\nhelo = defaults.example\n")
    friend.send().is_accepted()
    expect(b"EHLO defaults.example\r\n" in friend.transcript(), True, "the default was read")
    friend.settings["helo"] = "own.example"
    friend.write("friend.conf", "".join(f"{key} = {value}\n" for key, value in friend.settings.items()
                                        if value))
    friend.send().is_accepted()
    expect(b"EHLO own.example\r\n" in friend.transcript(), True, "the friend's own won")


@case
def run_as_counts_in_the_defaults_file_alone(bench):
    friend = bench.friend(settings={"run-as": "root"})
    is_told(friend, "4.3.5 configuration error: ")


@case(root=True)
def a_mail_user_that_does_not_exist_or_is_root_is_refused(bench):
    friend = bench.friend()
    for user in ("no-such-user-here", "root"):
        friend.write("sshsm.conf", f"run-as = {user}\n")
        is_told(friend, "4.3.5 cannot become the mail user")


@case(root=True)
def root_without_run_as_and_without_the_default_user_is_refused(bench):
    friend = bench.friend()
    os.remove(friend.path("sshsm.conf"))
    result = friend.send()
    result.has_status(75)
    friend.received_nothing()


@case(root=True)
def a_defaults_file_that_is_not_roots_does_not_say_whom_root_becomes(bench):
    friend = bench.friend()
    os.chown(friend.path("sshsm.conf"), bench.rig.mail_user.pw_uid, 0)
    is_told(friend, "4.3.5 configuration file not to be trusted")


@case(root=True)
def a_configuration_of_a_stranger_is_not_trusted(bench):
    friend = bench.friend()
    os.chown(friend.path("friend.conf"), 2, 2)
    is_told(friend, f"4.3.5 configuration file not to be trusted: {friend.path('friend.conf')}: ")


@case
def a_configuration_that_others_may_write_is_not_trusted(bench):
    friend = bench.friend()
    for mode in (0o664, 0o646):
        os.chmod(friend.path("friend.conf"), mode)
        is_told(friend, f"4.3.5 configuration file not to be trusted: {friend.path('friend.conf')}: ")


@case
def a_configuration_that_is_no_file_is_not_read(bench):
    friend = bench.friend()
    os.remove(friend.path("friend.conf"))
    os.mkdir(friend.path("friend.conf"))
    is_told(friend, "4.3.5 cannot read the configuration")
    os.rmdir(friend.path("friend.conf"))
    os.mkfifo(friend.path("friend.conf"))
    os.chmod(friend.path("friend.conf"), 0o644)
    is_told(friend, "4.3.5 cannot read the configuration")


@case
def a_configuration_of_a_megabyte_is_not_read(bench):
    friend = bench.friend()
    friend.write_configuration("# comment\n" * 120000 + "user = x\n")
    result = friend.send()
    result.has_status(75)
    friend.received_nothing()


@case
def a_missing_key_is_told_with_its_path(bench):
    friend = bench.friend()
    os.remove(friend.key)
    friend.send().says(75, friend.line(
        f"4.7.5 cannot read the private key: {friend.key}: No such file or directory; make one with "
        "ssh-keygen -t ed25519 -N '', or give this one to the mail user, mode 0600"))


@case
def a_key_that_others_may_read_is_not_trusted(bench):
    friend = bench.friend()
    for mode in (0o644, 0o640, 0o604, 0o620, 0o602):
        os.chmod(friend.key, mode)
        is_told(friend, f"4.7.5 private key file not to be trusted: {friend.key}: ")
    os.chmod(friend.key, 0o400)
    friend.send().is_accepted()


@case(root=True)
def a_key_of_root_that_the_mail_users_group_may_read_is_trusted(bench):
    friend = bench.friend()
    os.chown(friend.key, 0, bench.rig.mail_user.pw_gid)
    os.chmod(friend.key, 0o640)
    friend.send().is_accepted()


@case(root=True)
def a_key_of_a_stranger_is_not_trusted(bench):
    friend = bench.friend()
    os.chown(friend.key, 2, bench.rig.mail_user.pw_gid)
    os.chmod(friend.key, 0o640)
    is_told(friend, f"4.7.5 private key file not to be trusted: {friend.key}: ")


@case(root=True)
def a_key_that_the_mail_user_cannot_read_is_told(bench):
    friend = bench.friend()
    os.chown(friend.key, 0, 0)
    is_told(friend, f"4.7.5 cannot read the private key: {friend.key}: Permission denied")


@case
def a_key_with_a_passphrase_is_told(bench):
    friend = bench.friend()
    run_quietly("ssh-keygen", "-q", "-p", "-P", "", "-N", "secret words", "-f", friend.key)
    os.chown(friend.key, bench.rig.mail_user.pw_uid, bench.rig.mail_user.pw_gid)
    friend.send().says(75, friend.line(
        f"4.7.5 the private key has a passphrase: {friend.key}; remove it with ssh-keygen -p: nobody "
        "is there to type it"))


@case
def a_key_that_is_none_is_told(bench):
    friend = bench.friend()
    with open(friend.key, encoding="ascii") as file:
        whole = file.read()
    for text in ("", "garbage\n", whole[:200], whole.replace("A", "B", 20)):
        with open(friend.key, "w", encoding="ascii") as file:
            file.write(text)
        is_told(friend, f"4.7.5 not a usable private key: {friend.key}")


@case
def another_key_file_can_be_named(bench):
    friend = bench.friend()
    os.rename(friend.key, friend.path("other-key"))
    for name in ("other-key", friend.path("other-key")):
        friend.settings["identity-file"] = name
        friend.write_configuration()
        friend.send().is_accepted()


@case
def ciphers_can_be_chosen_and_gcm_only_by_choice(bench):
    sshd = bench.sshd(["Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com"])
    friend = bench.friend(sshd=sshd)
    friend.send().has_status(75)
    friend.settings["ciphers"] = "aes256-gcm@openssh.com"
    friend.write_configuration()
    friend.send().is_accepted()


@case
def ciphers_of_which_none_is_known_are_told_before_anything_is_dialled(bench):
    for key, what in (("ciphers", "encryption client->server"), ("macs", "mac algo client->server"),
                      ("kex-algorithms", "kex algos")):
        friend = bench.friend(settings={key: "none,of-these", "port": "1"})
        friend.send().says(75, friend.line(
            f"4.3.5 configuration error: {key}; correct the line: "
            f"\"Setting method: no allowed algorithm for method '{what}' (none,of-these)\""))


@case
def a_relative_config_dir_is_read(bench):
    friend = bench.friend()
    bench.run("--config-dir", os.path.relpath(friend.directory, "/"), "-bS", "--", "friend",
              stdin=ONE).is_accepted()


def certified_friend(bench):
    """A friend at whose sshd not our key itself is known but a certificate authority's."""
    sshd = bench.sshd()
    friend = bench.friend(sshd=sshd)
    authority = friend.path("authority")
    public_key = new_key(authority, "ed25519")
    with open(sshd.authorized_keys, "w", encoding="ascii"):
        pass
    sshd.authorize(public_key, " ".join(friend.sink_command()), "cert-authority,restrict")
    run_quietly("ssh-keygen", "-q", "-s", authority, "-I", "sshsm", "-n", friend.settings["user"],
                friend.key + ".pub")
    return friend


@case
def the_certificate_of_our_key_lets_us_in(bench):
    friend = certified_friend(bench)
    friend.send().matches(75, r"4\.7\.8 .*: the host refused our key: .*")
    friend.settings["certificate-file"] = "id_ed25519-cert.pub"
    friend.write_configuration()
    friend.send().is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_certificate_that_is_none_is_told_with_its_path(bench):
    friend = certified_friend(bench)
    friend.settings["certificate-file"] = "friend.conf"
    friend.write_configuration()
    friend.send().says(75, friend.line(
        f"4.7.5 not a usable certificate of our key: {friend.path('friend.conf')}; have "
        "id_ed25519.pub signed again with ssh-keygen -s"))
    friend.settings["certificate-file"] = "missing"
    friend.write_configuration()
    friend.send().says(75, friend.line(
        f"4.7.5 not a usable certificate of our key: {friend.path('missing')}: No such file or "
        "directory; have id_ed25519.pub signed again with ssh-keygen -s"))
