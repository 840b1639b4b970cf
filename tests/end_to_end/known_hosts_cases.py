"""The meaning of known_hosts files, case by case; known_hosts_oracle.py runs them.

In the texts {ed} is `ssh-ed25519 BASE64` of the key ed, {ed.b64} its base64 alone, and {hash NAME}
a hashed name. The keys that can be offered are ed, ed2, rsa, rsa1024, ec256, ec384 and ec521. For
lines alone there are rsa768, dss, sk, cert, future (a type of no ssh) and odd spellings of ed and
rsa, which known_hosts_oracle.py makes.
"""

import dataclasses

ACCEPT, REFUSE = "accept", "refuse"
HOST = "mx.example"


@dataclasses.dataclass(frozen=True)
class Case:
    """`expected` is what ssh says. Ours says the same, unless `stricter` says why not.
    Where `widened` is set, a newer ssh may accept what is refused here; it says why."""
    name: str
    files: tuple
    expected: str
    offered: str = "ed"
    host: str = HOST
    port: int = 22
    alias: str = ""
    stricter: str = ""
    widened: str = ""


def case(name, text, expected, **more):
    return Case(name, (text,) if isinstance(text, str) else text, expected, **more)


CASES = [
    # Names.
    case("plain name", "mx.example {ed}\n", ACCEPT),
    case("another name", "mail.example {ed}\n", REFUSE),
    case("another key of the type", "mx.example {ed2}\n", REFUSE),
    case("no line at all", "", REFUSE),
    case("comments and empty lines", "# mx.example {ed2}\n\n   \n  # x\nmx.example {ed}\n", ACCEPT),
    case("the line is a comment", "#mx.example {ed}\n", REFUSE),
    case("a comment behind the key", "mx.example {ed} root@mx\n", ACCEPT),
    case("blanks before the name", " \t mx.example {ed}\n", ACCEPT),
    case("name in a comma list", "mail.example,mx.example,192.0.2.1 {ed}\n", ACCEPT),
    case("blank behind the comma parts the fields", "mail.example, mx.example {ed}\n", REFUSE),
    case("empty members of a list", ",,mx.example, {ed}\n", ACCEPT),
    case("a name that only begins the same", "mx.example.org {ed}\n", REFUSE),
    case("a name that only ends the same", "example {ed}\n", REFUSE),
    case("capitals in the file", "MX.Example {ed}\n", ACCEPT),
    case("capitals in the host", "mx.example {ed}\n", ACCEPT, host="MX.EXAMPLE"),
    case("an underscore in the name", "my_mx.example {ed}\n", ACCEPT, host="my_mx.example"),
    case("an IPv6 literal", "2001:db8::1 {ed}\n", ACCEPT, host="2001:db8::1"),
    case("an IPv6 literal with a port", "[2001:db8::1]:2222 {ed}\n", ACCEPT, host="2001:db8::1",
         port=2222),
    case("an IPv6 literal is looked up in its shortest form", "2001:db8::1 {ed}\n", ACCEPT,
         host="2001:DB8:0:0::1"),
    case("an IPv6 literal in the file as it was typed", "2001:db8:0:0::1 {ed}\n", REFUSE,
         host="2001:db8:0:0::1"),
    case("an IPv4 literal is looked up in its full form", "127.0.0.1 {ed}\n", ACCEPT, host="127.1"),
    case("an IPv4 literal in the file as it was typed", "127.1 {ed}\n", REFUSE, host="127.1"),
    case("several lines, the right one last",
         "mx.example {ed2}\nmx.example {rsa}\nmx.example {ed}\n",
         ACCEPT),
    case("twelve other keys before the right one", "mx.example {rsa}\n" * 11 + "mx.example {ed}\n",
         ACCEPT),
    # Wildcards and negation.
    case("a star", "* {ed}\n", ACCEPT),
    case("a star for one label", "*.example {ed}\n", ACCEPT),
    case("a star in the middle", "m*e {ed}\n", ACCEPT),
    case("stars that need going back", "*m*x*a*ple {ed}\n", ACCEPT),
    case("a star that does not reach", "*.example.org {ed}\n", REFUSE),
    case("question marks", "m?.exampl? {ed}\n", ACCEPT),
    case("a question mark is exactly one character", "mx.example? {ed}\n", REFUSE),
    case("negation behind the match", "*.example,!mx.example {ed}\n", REFUSE),
    case("negation before the match", "!mx.example,*.example {ed}\n", REFUSE),
    case("negation of another", "*.example,!mail.example {ed}\n", ACCEPT),
    case("negation alone matches nothing", "!mail.example {ed}\n", REFUSE),
    case("negation with a wildcard", "*,!m?.example {ed}\n", REFUSE),
    case("negation in capitals", "*,!MX.EXAMPLE {ed}\n", REFUSE),
    case("negation counts for its line alone", "*,!mx.example {ed2}\nmx.example {ed}\n", ACCEPT),
    case("a pattern of 1022 characters", "mx.example," + "x" * 1022 + " {ed}\n", ACCEPT),
    case("a pattern too long voids its list", "mx.example," + "x" * 1023 + " {ed}\n", REFUSE),
    # Hashed names.
    case("a hashed name", "{hash mx.example} {ed}\n", ACCEPT),
    case("the hash of another name", "{hash mail.example} {ed}\n", REFUSE),
    case("a hashed name with a port", "{hash [mx.example]:2222} {ed}\n", ACCEPT, port=2222),
    case("a hash is of the name in lower case", "{hash mx.example} {ed}\n", ACCEPT,
         host="MX.example"),
    case("the hash of a name in capitals", "{hash MX.example} {ed}\n", REFUSE, host="MX.example"),
    case("a hash is no member of a list", "mail.example,{hash mx.example} {ed}\n", REFUSE),
    case("a list is no part of a hash", "{hash mx.example},mx.example {ed}\n", REFUSE),
    case("a hash cut short", "{hash mx.example cut} {ed}\n", REFUSE),
    case("a hash with a short salt", "{hash mx.example salt8} {ed}\n", REFUSE),
    case("a broken hash beside the right line", "|1|x|y {ed2}\nmx.example {ed}\n", ACCEPT),
    # Ports and the bare name.
    case("name and port", "[mx.example]:2222 {ed}\n", ACCEPT, port=2222),
    case("another port", "[mx.example]:2223 {ed}\n", REFUSE, port=2222),
    case("port 22 is written without brackets", "[mx.example]:22 {ed}\n", REFUSE),
    case("bare name for another port", "mx.example {ed}\n", ACCEPT, port=2222),
    case("bare name where the port has another key", "[mx.example]:2222 {ed2}\nmx.example {ed}\n",
         REFUSE, port=2222),
    case("bare name where the port has another type", "[mx.example]:2222 {rsa}\nmx.example {ed}\n",
         REFUSE, port=2222),
    case("bare name in one file, the port in another",
         ("mx.example {ed}\n", "[mx.example]:2222 {rsa}\n"), REFUSE, port=2222),
    case("bare name where the port has a key type of ssh alone",
         "[mx.example]:2222 {sk}\nmx.example {ed}\n", REFUSE, port=2222),
    case("bare name where the port has a certificate",
         "[mx.example]:2222 {cert}\nmx.example {ed}\n",
         REFUSE, port=2222),
    case("bare name where the port has an authority",
         "@cert-authority [mx.example]:2222 {ed2}\nmx.example {ed}\n", ACCEPT, port=2222),
    case("bare name where the port has a revoked key",
         "@revoked [mx.example]:2222 {ed2}\nmx.example {ed}\n", ACCEPT, port=2222),
    case("bare name where the port has an unknown type",
         "[mx.example]:2222 {future}\nmx.example {ed}\n", ACCEPT, port=2222,
         stricter="a newer ssh may know the type and refuse, so an entry is an entry"),
    case("a wildcard port", "[mx.example]:* {ed}\n", ACCEPT, port=2222),
    case("a star is an entry for the port too", "* {ed2}\nmx.example {ed}\n", REFUSE, port=2222),
    # Alias.
    case("alias", "friend {ed}\n", ACCEPT, alias="friend"),
    case("alias in place of the host", "mx.example {ed}\n", REFUSE, alias="friend"),
    case("alias goes without the port", "friend {ed}\n", ACCEPT, alias="friend", port=2222),
    case("alias with the port", "[friend]:2222 {ed}\n", REFUSE, alias="friend", port=2222),
    case("alias in capitals", "Friend {ed}\n", ACCEPT, alias="FRIEND"),
    # Key types.
    case("an RSA key", "mx.example {rsa}\n", ACCEPT, offered="rsa"),
    case("an ECDSA key, 256", "mx.example {ec256}\n", ACCEPT, offered="ec256"),
    case("an ECDSA key, 384", "mx.example {ec384}\n", ACCEPT, offered="ec384"),
    case("an ECDSA key, 521", "mx.example {ec521}\n", ACCEPT, offered="ec521"),
    case("an RSA key of 1024 bits", "mx.example {rsa1024}\n", ACCEPT, offered="rsa1024"),
    case("an RSA key where ed25519 is pinned", "mx.example {ed}\n", REFUSE, offered="rsa"),
    case("another curve", "mx.example {ec384}\n", REFUSE, offered="ec256"),
    case("types side by side", "mx.example {rsa}\nmx.example {ec256}\nmx.example {ed}\n", ACCEPT,
         offered="ec256"),
    case("a type in capitals", "mx.example SSH-ED25519 {ed.b64}\n", REFUSE),
    case("the signature's name for the type", "mx.example rsa-sha2-512 {rsa.b64}\n", ACCEPT,
         offered="rsa", stricter="a pin has the type that stands in its key"),
    case("an RSA key in a longer spelling", "mx.example ssh-rsa {rsa.zeros}\n", ACCEPT,
         offered="rsa", stricter="a pin has one spelling"),
    # Lines passed over without harm.
    case("an unknown type before", "* {future}\nmx.example {ed}\n", ACCEPT),
    case("an unknown type behind", "mx.example {ed}\nmx.example {future}\n", ACCEPT),
    case("ssh-dss beside", "mx.example {dss}\nmx.example {ed}\n", ACCEPT),
    case("an RSA key of 768 bits beside", "mx.example {rsa768}\nmx.example {ed}\n", ACCEPT),
    case("a line of SSH 1 beside", "mx.example 1024 35 1234567\nmx.example {ed}\n", ACCEPT),
    case("a name alone beside",
         "mx.example\nmx.example \nmx.example ssh-ed25519\nmx.example {ed}\n",
         ACCEPT),
    case("type and blob differ", "mx.example ssh-rsa {ed.b64}\n", REFUSE),
    case("base64 cut short", "mx.example ssh-ed25519 {ed.cut}\n", REFUSE),
    case("base64 with a stray character", "mx.example ssh-ed25519 {ed.stray}\n", REFUSE),
    case("base64 with a form feed inside", "mx.example ssh-ed25519 {ed.feed}\n", ACCEPT,
         stricter="base64 is read strictly"),
    case("a byte behind the key in the blob", "mx.example ssh-ed25519 {ed.tail}\n", REFUSE),
    case("a byte missing in the blob", "mx.example ssh-ed25519 {ed.short}\n", REFUSE),
    case("a certificate pins no plain key", "mx.example {cert}\n", REFUSE),
    # Markers.
    case("revoked", "mx.example {ed}\n@revoked mx.example {ed}\n", REFUSE),
    case("revoked before", "@revoked mx.example {ed}\nmx.example {ed}\n", REFUSE),
    case("revoked for all hosts", "@revoked * {ed}\nmx.example {ed}\n", REFUSE),
    case("revoked in another file", ("mx.example {ed}\n", "@revoked * {ed}\n"), REFUSE),
    case("revoked under a hashed name",
         "mx.example {ed}\n@revoked {hash mx.example} {ed}\n", REFUSE),
    case("revoked for another host", "@revoked mail.example {ed}\nmx.example {ed}\n", ACCEPT),
    case("revoked for all but this host", "@revoked *,!mx.example {ed}\nmx.example {ed}\n", ACCEPT),
    case("another key revoked", "@revoked mx.example {ed2}\nmx.example {ed}\n", ACCEPT),
    case("revoked alone", "@revoked mx.example {ed}\n", REFUSE),
    case("revoked for the port", "@revoked [mx.example]:2222 {ed}\nmx.example {ed}\n", REFUSE,
         port=2222),
    case("revoked for the bare name", "@revoked mx.example {ed}\nmx.example {ed}\n", REFUSE,
         port=2222),
    case("revoked for the bare name, pinned for the port",
         "@revoked mx.example {ed}\n[mx.example]:2222 {ed}\n", ACCEPT, port=2222,
         stricter="a key revoked under either name is revoked"),
    case("revoked under the alias", "@revoked friend {ed}\nfriend {ed}\n", REFUSE, alias="friend"),
    case("revoked in a longer spelling",
         "@revoked mx.example ssh-rsa {rsa.zeros}\nmx.example {rsa}\n",
         REFUSE, offered="rsa"),
    case("revoked under the signature's name",
         "@revoked * rsa-sha2-512 {rsa.b64}\nmx.example {rsa}\n",
         REFUSE, offered="rsa"),
    case("revoked with the signature's name in the blob",
         "@revoked * ssh-rsa {rsa.signature}\nmx.example {rsa}\n", REFUSE, offered="rsa"),
    case("revoked with the short name in the blob",
         "@revoked * ssh-rsa {rsa.name}\nmx.example {rsa}\n", REFUSE, offered="rsa",
         widened="ssh 10 reads no short names, and so not this revocation"),
    case("revoked with a form feed inside the base64",
         "@revoked mx.example ssh-ed25519 {ed.feed}\nmx.example {ed}\n", REFUSE),
    case("revoked under another type", "@revoked mx.example ssh-rsa {ed.b64}\nmx.example {ed}\n",
         ACCEPT, stricter="a revocation counts at its widest"),
    case("a tab behind @revoked", "@revoked\tmx.example {ed}\nmx.example {ed}\n", ACCEPT,
         stricter="ssh overlooks it where blanks follow; a revocation counts at its widest"),
    case("revoked with CRLF", "mx.example {ed}\r\n@revoked mx.example {ed}\r\n", REFUSE),
    case("an authority pins no plain key", "@cert-authority mx.example {ed}\n", REFUSE),
    case("an authority beside", "@cert-authority *.example {ed2}\nmx.example {ed}\n", ACCEPT),
    case("an unknown marker", "@trusted mx.example {ed}\n", REFUSE),
    case("two markers", "@revoked @revoked mx.example {ed}\nmx.example {ed}\n", ACCEPT),
    case("two different markers", "@cert-authority @revoked mx.example {ed}\nmx.example {ed}\n",
         ACCEPT),
    case("a marker in capitals", "@REVOKED mx.example {ed}\nmx.example {ed}\n", ACCEPT),
    # How the text is cut into lines and fields.
    case("tabs between the fields", "mx.example\tssh-ed25519\t{ed.b64}\tcomment\n", ACCEPT),
    case("many blanks between the fields", "mx.example   ssh-ed25519 \t {ed.b64}\n", ACCEPT),
    case("CRLF", "mail.example {ed2}\r\nmx.example {ed}\r\n", ACCEPT),
    case("CRLF behind a comment", "mx.example {ed} comment\r\n", ACCEPT),
    case("no newline at the end", "mail.example {ed2}\nmx.example {ed}", ACCEPT),
    case("CR alone is no line end", "mail.example {ed2}\rmx.example {ed}\n", REFUSE),
    case("a line of 20000 characters before", "x" * 20000 + " {ed}\nmx.example {ed}\n", ACCEPT),
    case("a comment of 100000 characters", "mx.example {ed} " + "x" * 100000 + "\n", ACCEPT),
    case("a NUL ends the line", "mx.example {ed}\0mx\nmail.example {ed}\n", ACCEPT),
    case("a NUL before the name", "\0mx.example {ed}\n", REFUSE),
    case("a NUL behind a revoked key", "@revoked mx.example {ed}\0\nmx.example {ed}\n", REFUSE),
    case("pinned in the second file", ("mail.example {ed2}\n", "mx.example {ed}\n"), ACCEPT),
    case("another key in the first file", ("mx.example {ed2}\n", "mx.example {ed}\n"), ACCEPT),
]
