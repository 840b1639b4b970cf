"""Which host key is taken and which is not. The matrix against ssh is known_hosts_oracle.py."""

import base64
import hashlib
import hmac
import os

from friend import LETTER, canonical
from registry import case, expect
from servers import fingerprint, new_key


def other_key(bench, kind="ed25519"):
    path = os.path.join(bench.directory, f"other_{kind}_{os.urandom(4).hex()}")
    return new_key(path, kind)


def place(friend):
    return f"[127.0.0.1]:{friend.sshd.port}"


def own(friend, kind="ed25519"):
    return friend.sshd.host_keys[kind]


def takes(friend):
    friend.send().is_accepted()
    expect(friend.messages()[-1], canonical(LETTER), "the delivered message")


def refuses(friend, wanted):
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line(wanted)), True, result.stderr)
    friend.received_nothing()
    return result


@case
def a_changed_host_key_is_refused_with_both_fingerprints(bench):
    friend = bench.friend()
    other = other_key(bench)
    friend.write_pins([f"{place(friend)} {other}"])
    friend.send().says(75, friend.line(
        f"4.7.0 host key changed: offered ED25519 {fingerprint(own(friend))}, pinned ED25519 "
        f"{fingerprint(other)}; if the change is genuine, pin the new key: sshsmctl trust --replace friend"))
    friend.received_nothing()


@case
def a_revoked_host_key_is_refused_even_if_it_is_pinned(bench):
    friend = bench.friend()
    friend.write_pins([f"{place(friend)} {own(friend)}", f"@revoked * {own(friend)}",
                       f"{place(friend)} {other_key(bench)}"])
    friend.send().says(75, friend.line(
        f"4.7.0 host key revoked: ED25519 {fingerprint(own(friend))}; the host uses a key that "
        "known_hosts revokes; pin its new key: sshsmctl trust --add friend"))
    friend.received_nothing()


@case
def a_host_whose_only_pin_is_revoked_is_not_even_dialled(bench):
    friend = bench.friend()
    friend.write_pins([f"{place(friend)} {own(friend)}", f"@revoked * {own(friend)}"])
    refuses(friend, "4.7.0 host key revoked: pinned ED25519 SHA256:")


@case
def a_host_without_a_pin_is_not_even_dialled(bench):
    friend = bench.friend(settings={"port": "1"})
    friend.write_pins([f"[elsewhere.example]:1 {own(friend)}"])
    refuses(friend, "4.7.5 no host key is pinned")


@case
def a_pin_of_another_type_is_not_enough(bench):
    sshd = bench.sshd(key_types=("ed25519",))
    friend = bench.friend(sshd=sshd)
    friend.write_pins([f"{place(friend)} {other_key(bench, 'ecdsa')}"])
    refuses(friend, "4.7.0 the host has no key of a pinned type")


@case
def of_several_host_keys_the_pinned_type_is_asked_for(bench):
    for kind in ("ed25519", "rsa", "ecdsa"):
        friend = bench.friend(pinned=(kind,))
        takes(friend)


@case
def one_of_several_pins_is_enough(bench):
    friend = bench.friend()
    friend.write_pins([f"{place(friend)} {other_key(bench)}", f"{place(friend)} {own(friend)}"])
    takes(friend)


@case
def a_pin_in_the_configuration_is_enough(bench):
    friend = bench.friend()
    os.remove(friend.path("known_hosts"))
    friend.settings["host-key"] = own(friend)
    friend.write_configuration()
    takes(friend)


@case
def a_wrong_pin_in_the_configuration_is_refused(bench):
    friend = bench.friend()
    os.remove(friend.path("known_hosts"))
    friend.settings["host-key"] = other_key(bench)
    friend.write_configuration()
    refuses(friend, "4.7.0 host key changed")


@case
def a_name_hashed_in_known_hosts_is_found(bench):
    friend = bench.friend()
    salt = os.urandom(20)
    digest = hmac.new(salt, place(friend).encode(), hashlib.sha1).digest()
    hashed = "|1|" + base64.b64encode(salt).decode() + "|" + base64.b64encode(digest).decode()
    friend.write_pins([f"{hashed} {own(friend)}"])
    takes(friend)


@case
def an_alias_is_looked_up_instead_of_the_host(bench):
    friend = bench.friend(settings={"host-key-alias": "bobs-machine"})
    refuses(friend, "4.7.5 no host key is pinned")
    friend.write_pins([f"bobs-machine {own(friend)}"])
    takes(friend)


@case
def several_known_hosts_files_add_up_and_a_revocation_in_any_counts(bench):
    friend = bench.friend()
    lines = "".join(f"{key} = {value}\n" for key, value in friend.settings.items())
    friend.write_configuration(lines + "known-hosts-file = first\nknown-hosts-file = second\n")
    friend.write("first", f"{place(friend)} {other_key(bench)}\n")
    friend.write("second", f"{place(friend)} {own(friend)}\n")
    takes(friend)
    friend.write("first", f"@revoked * {own(friend)}\n{place(friend)} {other_key(bench)}\n")
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.7.0 host key revoked")), True, result.stderr)


@case
def broken_lines_in_known_hosts_do_no_harm(bench):
    friend = bench.friend()
    friend.write_pins(["# comment", "", "one-word", f"{place(friend)} ssh-ed25519 AAAA!!!!",
                       f"{place(friend)} ssh-unknown {own(friend).split()[1]}", "|1|broken| x y",
                       f"@unknown {place(friend)} {own(friend)}", "@cert-authority * " + own(friend),
                       f"{place(friend)} {own(friend)}"])
    takes(friend)


@case
def a_certificate_authority_alone_is_no_pin(bench):
    friend = bench.friend()
    friend.write_pins([f"@cert-authority * {own(friend)}"])
    refuses(friend, "4.7.5 no host key is pinned")


@case
def a_known_hosts_that_cannot_be_read_is_told_apart_from_an_unknown_host(bench):
    friend = bench.friend()
    os.remove(friend.path("known_hosts"))
    refuses(friend, "4.7.5 cannot read the known hosts")


@case(root=True)
def a_known_hosts_of_a_stranger_is_not_trusted(bench):
    friend = bench.friend()
    os.chown(friend.path("known_hosts"), 2, 2)
    friend.send().has_status(75)
    friend.received_nothing()


@case
def a_known_hosts_that_others_may_write_is_not_trusted(bench):
    friend = bench.friend()
    os.chmod(friend.path("known_hosts"), 0o666)
    friend.send().has_status(75)
    friend.received_nothing()


@case
def a_key_in_the_handshake_is_judged_before_our_own_is_used(bench):
    friend = bench.friend()
    friend.write_pins([f"{place(friend)} {other_key(bench)}"])
    friend.send().has_status(75)
    with open(friend.sshd.log, encoding="utf-8") as file:
        with open(friend.key + ".pub", encoding="ascii") as key:
            expect(fingerprint(" ".join(key.read().split()[:2])) in file.read(), False,
                   "our key was shown to the wrong host")
