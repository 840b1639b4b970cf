"""The syslog line per recipient: Postfix's words in Postfix's order."""

import re

from friend import LETTER, ONE, batch
from registry import case, expect
from servers import fingerprint

NUMBER = r"\d+(?:\.\d+)?"
HEAD = r"(?:friend: )?to=(<[^>]*>), relay=friend\[([^\]]+)\]:(\d+), "
TIMES = rf"delay=({NUMBER}), delays={NUMBER}/{NUMBER}/{NUMBER}/{NUMBER}, "
SENT = HEAD + TIMES + r"dsn=(\d\.\d\.\d), status=(\w+) \((.*)\)"


def parsed(line):
    match = re.match(SENT, line)
    if not match:
        raise AssertionError(f"not a delivery line: {line!r}")
    return match.groups()


@case
def a_delivery_is_one_line_of_facility_mail(bench):
    friend = bench.friend()
    lines = friend.send().log_with_levels
    expect(len(lines), 1, f"lines in {lines!r}")
    expect(lines[0][0], 2 * 8 + 6, "facility mail, level info")
    recipient, address, port, delay, dsn, status, words = parsed(lines[0][1])
    expect((recipient, address, port, dsn, status, words),
           ("<bob@friend.example>", "127.0.0.1", str(friend.sshd.port), "2.0.0", "sent",
            "250 2.0.0 message accepted"), "the line")
    expect(0 < float(delay) < 10, True, f"delay {delay}")


@case
def every_recipient_has_its_line(bench):
    friend = bench.friend()
    recipients = [f"<person{n}@friend.example>" for n in range(3)]
    lines = friend.send(batch("<a@b.example>", recipients, LETTER)).log
    expect([parsed(line)[0] for line in lines], recipients, "recipients")


@case
def a_refusal_is_a_line_with_its_class_and_phase(bench):
    friend = bench.friend("reply RCPT 550 5.1.1 no such user")
    lines = friend.send().log
    expect(len(lines), 1, f"lines in {lines!r}")
    expect(parsed(lines[0])[4:], ("5.1.1", "bounced", "550 5.1.1 no such user"), "the line")
    expect("phase=envelope" in lines[0], True, lines[0])
    friend = bench.friend("reply dot 451 4.3.0 later")
    line = friend.send().log[0]
    expect(parsed(line)[4:6], ("4.3.0", "deferred"), "the line")
    expect("phase=dot" in line, True, line)


@case
def a_failure_on_the_way_is_a_line_with_its_class(bench):
    friend = bench.friend(command="exit 3")
    lines = friend.send().log
    expect(any("class=command-failed" in line and "status=deferred" in line for line in lines), True,
           f"{lines!r}")


@case
def a_changed_host_key_stands_in_the_log_with_its_fingerprint(bench):
    friend = bench.friend()
    offered = friend.sshd.host_keys["ed25519"]
    other = bench.sshd().host_keys["ed25519"]
    friend.write_pins([f"[127.0.0.1]:{friend.sshd.port} {other}"])
    lines = friend.send().log
    expect(any("class=host-key-changed" in line and fingerprint(offered) in line for line in lines), True,
           f"{lines!r}")


@case
def a_configuration_error_stands_in_the_log(bench):
    friend = bench.friend()
    friend.write_configuration("nonsense\n")
    lines = friend.send().log
    expect(any("class=configuration-invalid" in line for line in lines), True, f"{lines!r}")


@case
def a_lost_line_behind_the_dot_stands_in_the_log_as_maybe(bench):
    friend = bench.friend("drop after dot")
    lines = friend.send().log
    expect(len(lines), 1, f"lines in {lines!r}")
    expect("class=maybe-delivered" in lines[0] and "phase=dot" in lines[0], True, lines[0])


@case
def hostile_bytes_reach_the_log_only_escaped(bench):
    friend = bench.friend(r"reply RCPT 550 5.1.1 \x1b[31mred\x07 \xff" + "y" * 3000)
    for line in friend.send().log:
        expect(all(" " <= c <= "~" for c in line), True, f"printable: {line!r}")
        expect(len(line) < 1000, True, f"{len(line)} octets")
    friend = bench.friend()
    for line in friend.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<\"x\x1b[31m\"@d.example>\r\n"
                            b"DATA\r\nx: y\r\n.\r\n").log:
        expect(all(" " <= c <= "~" for c in line), True, f"printable: {line!r}")


@case
def v_prints_the_log_line_too(bench):
    friend = bench.friend()
    result = friend.send(ONE, "-v")
    result.has_status(0)
    for line in result.log:
        expect(line in result.stderr, True, f"{line!r} in {result.stderr!r}")
