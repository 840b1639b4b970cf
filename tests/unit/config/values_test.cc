#include "config/values.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

using namespace sshsm::config;

namespace {

void takes(const char* key, std::initializer_list<std::string> values) {
  CAPTURE(key);
  for (const std::string& value : values) CHECK(fault_of(*find_key(key), value) == "");
}

void refuses(const char* key, std::initializer_list<std::string> values) {
  CAPTURE(key);
  for (const std::string& value : values) {
    CAPTURE(value);
    CHECK(fault_of(*find_key(key), value) != "");
  }
}

}  // namespace

TEST_CASE("a user name is no option and has nothing that a shell would act on") {
  takes("user", {"b", "bob.smith", "bob_1", "bob+mail", "bob@corp.example", "bob%gw",
                 std::string(max_name, 'b')});
  refuses("user", {"",
                   "-obob",
                   "bob smith",
                   "bob;id",
                   "bob|id",
                   "bob&",
                   "bob>x",
                   "bob<x",
                   "(bob)",
                   "{bob}",
                   "bob'",
                   "bob\"",
                   "bob*",
                   "b?b",
                   "[b]",
                   "!b",
                   "#b",
                   "~b",
                   "b\xc3\xb6"
                   "b",
                   "b\tb",
                   std::string(max_name + 1, 'b')});
}

TEST_CASE("a host is a name or an address, without port, brackets or zone") {
  takes("host", {"mx.friend.example", "my_mx", "192.0.2.1", "2001:db8::1", "::1", "a b",
                 std::string(max_name, 'm')});
  refuses("host", {"", "-mx", "mx:22", "[::1]", "[mx]:22", "::1::2", "fe80::1%eth0", "m x;id",
                   "mx/a", "bob@mx", "m\xc3\xbcx", "*", "1:2:3", std::string(max_name + 1, 'm')});
}

TEST_CASE("a hello name is a host name or an address literal of RFC 5321") {
  takes("helo", {"mx.example", "my_mx", "[192.0.2.1]", "[IPv6:2001:db8::1]", "[ipv6:::1]"});
  refuses("helo", {"", "-mx", "mx example", "2001:db8::1", "[2001:db8::1]", "[IPv6:]", "[IPv6:x]",
                   "[192.0.2.1", "192.0.2.1]", "[]", "[mx]", std::string(max_name + 1, 'm')});
}

TEST_CASE("a number is of digits alone and in its range") {
  takes("port", {"1", "22", "65535", "0022"});
  refuses("port", {"", "0", "65536", "+22", "-1", " 22", "22 ", "22.0", "0x16", "ssh",
                   "18446744073709551638"});
  takes("server-alive-interval", {"0", "1", "86400"});
  refuses("connect-timeout", {"0", "86401", "30s"});
}

TEST_CASE("a host key has the shape of one") {
  takes("host-key",
        {"ssh-ed25519 AAAA", "ecdsa-sha2-nistp256\tAAA=", "sk-ssh-ed25519@openssh.com AA=="});
  refuses("host-key", {"", "ssh-ed25519", "AAAA", "ssh-ed25519 AAAA bob@mx", "ssh-ed25519 AAA",
                       "ssh-ed25519 A===", "ssh-ed25519 ====", "ssh-ed25519 AA*A", "-x AAAA",
                       "SHA256:abcd AAAA"});
}

TEST_CASE("a list of algorithms cannot change libssh's own list") {
  takes("ciphers", {"aes256-ctr", "chacha20-poly1305@openssh.com,aes256-ctr"});
  refuses("ciphers",
          {"", "-aes256-ctr", "+aes256-ctr", "^aes256-ctr", ",a", "a,", "a,,b", "a, b", "*"});
}

TEST_CASE("a listener is a Unix path or on loopback") {
  takes("listen", {"/run/x", "smtp:/run/x", "lmtp:/run/x", "127.0.0.1:25", "127.1.2.3:25",
                   "[::1]:25", "localhost:2525", "smtp:localhost:25"});
  refuses("listen", {"", "run/x", "smtp:", "smtp:lmtp:/x", "0.0.0.0:25", "192.0.2.1:25", "[::]:25",
                     "::1:25", "127.evil.example:25", "localhost", "localhost:0", "localhost:65536",
                     ":25", "lmtp:mx:24"});
}

TEST_CASE("what a list of names holds is checked one by one") {
  takes("allow-users", {"bob", "bob alice\tcarol"});
  refuses("allow-users", {"", "bob -x", "bob,alice;"});
}

TEST_CASE("a long bad value is cut in its sentence") {
  CHECK(fault_of(*find_key("port"), std::string(200, '9')) ==
        "port: \"" + std::string(77, '9') + "...\" is not a number from 1 to 65535");
}

TEST_CASE("the address of the mail server is a host and a port, and IPv6 stands in brackets") {
  takes("smtp-address", {"localhost:25", "127.0.0.1:2526", "my_mx.example:65535", "[::1]:25",
                         "[2001:db8::1]:1", std::string(max_name, 'm') + ":25"});
  refuses("smtp-address", {"",
                           "localhost",
                           ":25",
                           "localhost:",
                           "localhost:0",
                           "localhost:65536",
                           "localhost:smtp",
                           "localhost:-1",
                           "localhost:25 ",
                           "local host:25",
                           "-oX:25",
                           "::1:25",
                           "[::1]",
                           "[::1]25",
                           "[]:25",
                           "[127.0.0.1]:25",
                           "[fe80::1%eth0]:25",
                           "[::1:25",
                           "::1]:25",
                           "/run/smtp:25",
                           "*:25",
                           "smtp:localhost:25",
                           std::string(max_name + 1, 'm') + ":25"});
}

TEST_CASE("the address of the mail server is kept in its parts, and as it was written") {
  Destination destination;
  apply(*find_key("smtp-address"), "[2001:db8::1]:2526", "/etc/sshsm", destination);
  REQUIRE(destination.smtp_address);
  CHECK(destination.smtp_address->host == "2001:db8::1");
  CHECK(destination.smtp_address->port == 2526);
  CHECK(destination.smtp_address->text == "[2001:db8::1]:2526");
}
