"""A few words of SMTP with a listener of a host, said from that host itself."""

import re

# Says each argument behind the port and waits for its answer.
PROGRAM = r"""
use IO::Socket::INET;
my $s = IO::Socket::INET->new('127.0.0.1:' . shift) or die $!;
for my $line ('', @ARGV) {
  print $s "$line\r\n" if $line;
  while (<$s>) { print; last if /^\d+ / }
}
"""


def replies(host, port, *lines):
    """The last line of the answer to each."""
    said = host.run("perl", "-e", PROGRAM, str(port), *lines).decode("utf-8", "backslashreplace")
    return re.findall(r"(?m)^(\d{3} .*?)\r?$", said)[1:]


def reply_to_recipient(host, port, recipient):
    return replies(host, port, "EHLO x.here.example", "MAIL FROM:<alice@here.example>",
                   f"RCPT TO:<{recipient}>", "QUIT")[2]
