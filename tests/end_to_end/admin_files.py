"""Where `sshsmctl` writes as root, and where it does not: nobody else leads its hand."""

import os

from enrolling import Newcomer
from enrol_refusals import ordinary, refuses
from registry import case, expect


@case(root=True)
def root_enrols_nobody_by_way_of_somebody_elses_directory(bench):
    newcomer, _ = ordinary(bench)
    by_way = "sshsmctl: root writes nothing by way of " + newcomer.directory
    newcomer.directory = os.path.join(newcomer.directory, "new")
    newcomer.enrol("--fingerprint", newcomer.fingerprint(), "--as", bench.rig.mail_user.pw_name).says(
        1, by_way + ": it is owned by uid 1, who could put another in its place; run sshsmctl as that user, or make "
                    "it root's")
    expect(os.path.exists(newcomer.directory), False, "the directory")


@case(root=True)
def root_does_not_write_where_a_file_of_the_mail_users_says(bench):
    newcomer = Newcomer(bench).enrolled()
    user = bench.rig.mail_user
    victim = os.path.join(bench.directory, "victim")
    with open(victim, "w", encoding="ascii") as file:
        file.write("kept\n")
    text = newcomer.read("friend.conf") + f"known-hosts-file = {victim}\n"
    newcomer.write("friend.conf", text)
    os.chown(newcomer.path("friend.conf"), user.pw_uid, user.pw_gid)
    newcomer.trust("--revoke", newcomer.fingerprint()).says(
        1, f"sshsmctl: {newcomer.path('friend.conf')} is not root's, so root does not write where it says, "
           f"{victim}; nothing is changed. Run sshsmctl as {user.pw_name}, or make it root's")
    with open(victim, encoding="ascii") as file:
        expect(file.read(), "kept\n", "the file that it names")
    expect(newcomer.read("friend.conf"), text, "the configuration")
    os.chown(newcomer.path("friend.conf"), 0, 0)
    newcomer.trust("--revoke", newcomer.fingerprint()).has_status(0)


@case(root=True)
def root_changes_nothing_in_a_directory_of_somebody_elses(bench):
    newcomer = Newcomer(bench).enrolled()
    os.chown(newcomer.directory, bench.rig.mail_user.pw_uid, 0)
    newcomer.trust("--add", "--fingerprint", newcomer.fingerprint("rsa")).says(
        1, f"sshsmctl: root writes nothing by way of {newcomer.directory}: it is owned by uid "
           f"{bench.rig.mail_user.pw_uid}, who could put another in its place; run sshsmctl as that user, or make "
           "it root's")
    newcomer.is_configured_with("ed25519")
    # To look does no harm.
    newcomer.trust().has_status(0)


@case(root=True)
def a_directory_that_the_mail_user_cannot_search_is_told(bench):
    newcomer = Newcomer(bench)
    os.chmod(newcomer.directory, 0o700)
    refuses(newcomer, f"the mail user cannot get at {newcomer.path('id_ed25519')}: Permission denied; let others "
                      "search the directories above it")
