#include "config/destination.h"

#include "config/settings.h"
#include "config_text.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sshsm::config;
using sshsm::base::Cause;
using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

namespace {

const std::string two_lines = "user = bob\nhost = mx.friend.example\n";

}  // namespace

TEST_CASE("a destination name is short, plain and no path") {
  for (const char* const name :
       {"a", "0", "friend", "my.friend", "My_Friend-2", "a.", "a-", "a._-", "sshsm2", "SSHSM"}) {
    CAPTURE(name);
    CHECK(is_destination_name(name));
  }
  CHECK(is_destination_name(std::string(64, 'a')));
}

TEST_CASE("names as strangers can write them are no destinations") {
  for (const std::string name : {"",
                                 "sshsm",
                                 "-oproxy.dest",
                                 "\"a/../b\".dest",
                                 "`id`.dest",
                                 "a_b|c.dest",
                                 "a\xc3\xa4"
                                 "b.dest",
                                 "%.dest",
                                 "$.dest",
                                 "my.friend:25",
                                 ".",
                                 "..",
                                 ".hidden",
                                 "_a",
                                 "a..b",
                                 "a/b",
                                 "/etc/passwd",
                                 "../friend",
                                 "a b",
                                 "a\n",
                                 "a;b",
                                 "a\\b",
                                 "a\x7f"}) {
    CAPTURE(name);
    CHECK(!is_destination_name(name));
  }
  CHECK(!is_destination_name(std::string_view("a\0b", 3)));
  CHECK(!is_destination_name(std::string(65, 'a')));
}

TEST_CASE("the two lines of the old recipe are a whole configuration") {
  for (const std::string text :
       {"user=bob\nhost=mx.friend.example\n", "user=\"bob\"\nhost=\"mx.friend.example\"\n",
        "user='bob'\nhost='mx.friend.example'", "user=bob\r\nhost=\"mx.friend.example\"\r\n",
        "# my friend\nuser=bob # his login\nhost=\"mx.friend.example\" # his host\n"}) {
    CAPTURE(text);
    const Destination destination = read(text);
    CHECK(destination.name == "friend");
    CHECK(destination.user == "bob");
    CHECK(destination.hosts == Texts{"mx.friend.example"});
  }
}

TEST_CASE("what is not set has its default") {
  const Destination destination = read(two_lines);
  CHECK(destination.port == 22);
  CHECK(destination.identity_file == "/etc/sshsm/id_ed25519");
  CHECK(destination.certificate_file == "");
  CHECK(destination.known_hosts_files == Texts{"/etc/sshsm/known_hosts"});
  CHECK(destination.known_hosts_is_default);
  CHECK(destination.host_keys.empty());
  CHECK(destination.host_key_alias == "");
  CHECK(destination.command == "exit");
  CHECK(destination.address_family == AddressFamily::any);
  CHECK(destination.bind_address == "");
  CHECK(destination.connect_timeout == 30s);
  CHECK(destination.greeting_timeout == 270s);
  CHECK(destination.timeout == 300s);
  CHECK(destination.dot_timeout == 600s);
  CHECK(destination.batch_timeout == 2940s);
  CHECK(destination.idle_timeout == 300s);
  CHECK(destination.messages_per_session == 10);
  CHECK(destination.server_alive_interval == 15s);
  CHECK(destination.server_alive_count_max == 3);
  CHECK(destination.ciphers == "chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr");
  CHECK(destination.macs == "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com");
  CHECK(destination.kex_algorithms.starts_with("curve25519-sha256,"));
  CHECK(destination.helo == "");
}

TEST_CASE("what is set arrives in its place") {
  const Destination destination = read(
      "user = u\nhost = 2001:db8::1\nport = 2222\nidentity-file = keys/a\n"
      "certificate-file = /c\nknown-hosts-file = k1\nknown-hosts-file = /k2\n"
      "host-key = ssh-ed25519 AAAA\nhost-key = ssh-rsa BBBB\nhost-key-alias = bobs\n"
      "command = sendmail -bs\naddress-family = inet6\nbind-address = ::1\nconnect-timeout = 1\n"
      "greeting-timeout = 2\ntimeout = 3\ndot-timeout = 4\nbatch-timeout = 5\n"
      "idle-timeout = 6\nmessages-per-session = 8\n"
      "server-alive-interval = 0\nserver-alive-count-max = 7\nciphers = a\nmacs = b\n"
      "kex-algorithms = c\nhelo = me.example\n");
  CHECK(destination.user == "u");
  CHECK(destination.hosts == Texts{"2001:db8::1"});
  CHECK(destination.port == 2222);
  CHECK(destination.identity_file == "/etc/sshsm/keys/a");
  CHECK(destination.certificate_file == "/c");
  CHECK(destination.known_hosts_files == Texts{"/etc/sshsm/k1", "/k2"});
  CHECK(!destination.known_hosts_is_default);
  CHECK(destination.host_keys == Texts{"ssh-ed25519 AAAA", "ssh-rsa BBBB"});
  CHECK(destination.host_key_alias == "bobs");
  CHECK(destination.command == "sendmail -bs");
  CHECK(destination.address_family == AddressFamily::inet6);
  CHECK(destination.bind_address == "::1");
  CHECK(destination.connect_timeout == 1s);
  CHECK(destination.greeting_timeout == 2s);
  CHECK(destination.timeout == 3s);
  CHECK(destination.dot_timeout == 4s);
  CHECK(destination.batch_timeout == 5s);
  CHECK(destination.idle_timeout == 6s);
  CHECK(destination.messages_per_session == 8);
  CHECK(destination.server_alive_interval == 0s);
  CHECK(destination.server_alive_count_max == 7);
  CHECK(destination.ciphers == "a");
  CHECK(destination.macs == "b");
  CHECK(destination.kex_algorithms == "c");
  CHECK(destination.helo == "me.example");
}

TEST_CASE("the friend's own file stands over sshsm.conf and that over the defaults") {
  const Destination destination =
      read("user = own\nport = 1\n", "user = lower\nhost = lower.example\nport = 2\nhelo = me\n");
  CHECK(destination.user == "own");
  CHECK(destination.hosts == Texts{"lower.example"});
  CHECK(destination.port == 1);
  CHECK(destination.helo == "me");
  CHECK(destination.command == "exit");
}

TEST_CASE("a repeatable key in the friend's own file replaces all of them in sshsm.conf") {
  const std::string lower =
      "host-key = ssh-rsa AAAA\nhost-key = ssh-rsa BBBB\nknown-hosts-file = lower\n";
  CHECK(read(two_lines, lower).host_keys == Texts{"ssh-rsa AAAA", "ssh-rsa BBBB"});
  CHECK(!read(two_lines, lower).known_hosts_is_default);
  CHECK(read(two_lines + "host-key = ssh-rsa CCCC\n", lower).host_keys == Texts{"ssh-rsa CCCC"});
}

TEST_CASE("a file named known_hosts by the configuration has to be there") {
  CHECK(!read(two_lines + "known-hosts-file = known_hosts\n").known_hosts_is_default);
}

TEST_CASE("mistakes between the lines have their sentences") {
  CHECK(complaint("user = bob\nhots = mx\n") == "/etc/sshsm/friend.conf:2: unknown key \"hots\"");
  CHECK(complaint("use = bob\n") == "/etc/sshsm/friend.conf:1: unknown key \"use\"");
  CHECK(complaint("export user=bob\n") == "/etc/sshsm/friend.conf:1: unknown key \"export user\"");
  CHECK(complaint("user = bob\n\nuser = bob\n") ==
        "/etc/sshsm/friend.conf:3: user is set twice, first in line 1");
  CHECK(complaint(two_lines, "port = 1\nport = 2\n") ==
        "/etc/sshsm/sshsm.conf:2: port is set twice, first in line 1");
  CHECK(complaint(two_lines + "run-as = bob\n") ==
        "/etc/sshsm/friend.conf:3: run-as may be set in sshsm.conf only");
  CHECK(complaint("host = mx\n") == "/etc/sshsm/friend.conf: user is missing");
  CHECK(complaint("user = bob\n") == "/etc/sshsm/friend.conf: host is missing");
  CHECK(complaint("") == "/etc/sshsm/friend.conf: user is missing");
}

TEST_CASE("the first mistake of a file is the one that is told") {
  CHECK(complaint("port = 0\nhots = mx\nuser\n") ==
        "/etc/sshsm/friend.conf:1: port: \"0\" is not a number from 1 to 65535");
}

TEST_CASE("a mistake in sshsm.conf is told even where the friend's own file sets the key") {
  CHECK(complaint(two_lines + "port = 1\n", "port = 0\n") ==
        "/etc/sshsm/sshsm.conf:1: port: \"0\" is not a number from 1 to 65535");
}

TEST_CASE("a repeatable key has a limit") {
  std::string text = two_lines;
  for (std::size_t i = 0; i < max_repetitions; ++i) text += "host-key = ssh-rsa AAAA\n";
  CHECK(read(text).host_keys.size() == max_repetitions);
  CHECK(complaint(text + "host-key = ssh-rsa AAAA\n") ==
        "/etc/sshsm/friend.conf:67: host-key is set more than 64 times");
}

TEST_CASE("several hosts stand between blanks, in the order in which they are tried") {
  CHECK(read("user = bob\nhost = mx2.example \t 192.0.2.1  2001:db8::1\n").hosts ==
        Texts{"mx2.example", "192.0.2.1", "2001:db8::1"});
  std::string text = "user = bob\nhost =";
  for (std::size_t i = 0; i < max_hosts; ++i) text += " mx" + std::to_string(i + 1);
  CHECK(read(text + "\n").hosts.size() == max_hosts);
  CHECK(complaint(text + " mx17\n") ==
        "/etc/sshsm/friend.conf:2: host: \"mx1 mx2 mx3 mx4 mx5 mx6 mx7 mx8 mx9 mx10 mx11 mx12 mx13 "
        "mx14 mx15 mx16 mx17\" is not a list of 1 to 16 host names or addresses between blanks");
}

TEST_CASE("a proxy-command is words between blanks, the first an absolute path") {
  CHECK(read(two_lines).proxy_command.empty());
  CHECK(read(two_lines + "proxy-command = /usr/bin/ssh -F none \t -W %h:%p  jump%% # a host\n")
            .proxy_command == Texts{"/usr/bin/ssh", "-F", "none", "-W", "%h:%p", "jump%%"});
  // As ssh_config has it in quotes: they are one value, and no shell's.
  CHECK(read(two_lines + "proxy-command = '/bin/nc  %h %p'\n").proxy_command ==
        Texts{"/bin/nc", "%h", "%p"});
}

TEST_CASE("a proxy-command that would be searched for, or has other escapes, is refused") {
  const auto refused = [](const std::string& value) {
    return complaint(two_lines + "proxy-command = " + value + "\n") ==
           "/etc/sshsm/friend.conf:3: proxy-command: \"" + value +
               "\" is not the absolute path of a program and its arguments, 64 words at most, with "
               "%h, %p and %% alone";
  };
  CHECK(refused("nc %h %p"));
  CHECK(refused("./nc %h %p"));
  CHECK(refused("~/bin/nc"));
  CHECK(refused("/bin/%h"));
  CHECK(refused("/bin/nc %r@%h"));
  CHECK(refused("/bin/nc %"));
  CHECK(refused("/bin/nc %%%"));
  CHECK(complaint(two_lines, "proxy-command = nc\n").starts_with("/etc/sshsm/sshsm.conf:1: "));
}

TEST_CASE("a proxy-command of one word too many is refused") {
  std::string text = two_lines + "proxy-command = /bin/nc";
  for (std::size_t i = 1; i < max_proxy_words; ++i) text += " x";
  CHECK(read(text + "\n").proxy_command.size() == max_proxy_words);
  CHECK(complaint(text + " x\n").starts_with("/etc/sshsm/friend.conf:3: proxy-command: "));
}

TEST_CASE("the mail server is run by a command or found at an address, and not both") {
  const Destination destination = read(two_lines + "smtp-address = localhost:25\n");
  REQUIRE(destination.smtp_address);
  CHECK(destination.smtp_address->host == "localhost");
  CHECK(destination.smtp_address->port == 25);
  CHECK_FALSE(read(two_lines).smtp_address);
  CHECK_FALSE(read(two_lines + "command = sendmail -bs\n").smtp_address);

  const std::string both = "smtp-address and command (";
  CHECK(complaint(two_lines + "smtp-address = localhost:25\ncommand = x\n") ==
        "/etc/sshsm/friend.conf:3: " + both + "/etc/sshsm/friend.conf:4) cannot both be set");
  CHECK(complaint(two_lines + "smtp-address = localhost:25\n", "command = exit\n") ==
        "/etc/sshsm/friend.conf:3: " + both + "/etc/sshsm/sshsm.conf:1) cannot both be set");
  CHECK(complaint(two_lines + "command = x\n", "smtp-address = localhost:25\n") ==
        "/etc/sshsm/sshsm.conf:1: " + both + "/etc/sshsm/friend.conf:3) cannot both be set");
}

TEST_CASE("a foreign caller gets no proxy-command") {
  const std::string sentence = ": proxy-command is only for root and the mail user themselves";
  CHECK(complaint(two_lines + "proxy-command = /bin/nc\n", "", Cause::configuration_invalid,
                  true) == "/etc/sshsm/friend.conf:3" + sentence);
  CHECK(complaint(two_lines, "proxy-command = /bin/nc\n", Cause::configuration_invalid, true) ==
        "/etc/sshsm/sshsm.conf:1" + sentence);
  CHECK(read(two_lines + "smtp-address = mx:25\n", "", true).smtp_address->text == "mx:25");
  CHECK(read(two_lines, "", true).user == "bob");
}

TEST_CASE("the keeper's settings, with what holds where nothing is said") {
  const Destination silent = read(two_lines);
  CHECK(silent.listeners.empty());
  CHECK(silent.allowed_users.empty());
  CHECK(silent.metrics_file.empty());
  CHECK(silent.wait_timeout == 120s);
  CHECK(silent.linger == 10s);
  CHECK(silent.linger_jitter == 25s);
  CHECK_FALSE(silent.is_persistent);
  CHECK(silent.max_sessions == 10);
  CHECK(silent.max_connections == 4);

  const Destination told =
      read(two_lines + "listen = /run/a\nlisten = lmtp:127.0.0.1:24\nlinger = 0\n" +
           "linger-jitter = 1\npersistent = yes\nmax-sessions = 2\nmax-connections = 3\n" +
           "wait-timeout = 5\nallow-users = alice bob\nmetrics-file = friend.prom\n");
  CHECK(told.listeners == std::vector<std::string>{"/run/a", "lmtp:127.0.0.1:24"});
  CHECK(told.allowed_users == std::vector<std::string>{"alice", "bob"});
  CHECK(told.metrics_file == "/etc/sshsm/friend.prom");
  CHECK(told.wait_timeout == 5s);
  CHECK(told.linger == 0s);
  CHECK(told.linger_jitter == 1s);
  CHECK(told.is_persistent);
  CHECK(told.max_sessions == 2);
  CHECK(told.max_connections == 3);
}

TEST_CASE("run-as is read from sshsm.conf, which is checked as a whole") {
  CHECK(read_run_as({"s", "# x\nrun-as = mail\nport = 1\n"}) == "mail");
  CHECK(read_run_as({"s", "port = 1\n"}) == std::nullopt);
  CHECK(read_run_as({"s", ""}) == std::nullopt);
  CHECK(read(two_lines, "run-as = mail\n").user == "bob");
  CHECK_THROWS_AS((void)read_run_as({"s", "run-as = mail\nport = 0\n"}), sshsm::base::Failure);
  CHECK_THROWS_AS((void)read_run_as({"s", "run-as = -mail\n"}), sshsm::base::Failure);
}

TEST_CASE(
    "a file cut at any byte is read or refused with its name, and never half a setting more") {
  const std::string text =
      two_lines + "port = 2222\nhelo = \"me.example\" # x\r\nhost-key = t AAAA\n";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    CAPTURE(length);
    try {
      const Destination destination = read(text.substr(0, length));
      CHECK(destination.user == "bob");
      CHECK(std::string("mx.friend.example").starts_with(destination.hosts.front()));
    } catch (const sshsm::base::Failure& failure) {
      CHECK(failure.cause() == Cause::configuration_invalid);
      CHECK(failure.detail().starts_with("/etc/sshsm/friend.conf:"));
    }
  }
}
