#include "config/keys.h"

#include "config/values.h"
#include "config_text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

using namespace sshsm::config;

namespace {

struct Sample {
  const char* key;
  const char* good;
  const char* bad;
  const char* complaint;  ///< behind `file:line: key: "bad" is not `
};

constexpr const char* user_name = "a user name of letters, digits and ._+@%:/=,-";
constexpr const char* day = "a number of seconds from 1 to 86400";
constexpr const char* day_or_never = "a number of seconds from 0 to 86400";
constexpr const char* file_name = "a file name, since ~ is not expanded";
constexpr const char* algorithms = "a list of algorithms between commas";

// Each key of the table once; no value is bad for a command.
const Sample samples[] = {
    {"user", "bob", "bob smith", user_name},
    {"host", "mx.friend.example", "mx.friend.example:22",
     "a list of 1 to 16 host names or addresses between blanks"},
    {"port", "65535", "65536", "a number from 1 to 65535"},
    {"identity-file", "/root/key", "~/key", file_name},
    {"certificate-file", "key-cert.pub", "~bob/x", file_name},
    {"known-hosts-file", "hosts", "~", file_name},
    {"host-key", "ssh-ed25519 AAAA", "ssh-ed25519", "TYPE BASE64"},
    {"host-key-alias", "friend", "friend!", "a name of letters, digits and ._:-"},
    {"command", "sendmail -bs", nullptr, nullptr},
    {"smtp-address", "localhost:25", "localhost", "HOST:PORT, an IPv6 address in [ ]"},
    {"address-family", "inet6", "ipx", "any, inet or inet6"},
    {"bind-address", "192.0.2.1", "eth0", "an IPv4 or IPv6 address"},
    {"proxy-command", "/bin/nc %h %p", nullptr, nullptr},
    {"connect-timeout", "86400", "86401", day},
    {"greeting-timeout", "270", "271", "a number of seconds from 1 to 270"},
    {"timeout", "300", "301", "a number of seconds from 1 to 300"},
    {"dot-timeout", "600", "601", "a number of seconds from 1 to 600"},
    {"batch-timeout", "2940", "2941", "a number of seconds from 1 to 2940"},
    {"idle-timeout", "1", "0", day},
    {"wait-timeout", "1", "soon", day},
    {"server-alive-interval", "0", "-1", day_or_never},
    {"server-alive-count-max", "1", "0", "a number from 1 to 1000"},
    {"ciphers", "aes256-gcm@openssh.com", "-aes256-ctr", algorithms},
    {"macs", "hmac-sha2-256", "a,,b", algorithms},
    {"kex-algorithms", "a,b_c.d@e-f", "a b", algorithms},
    {"helo", "[192.0.2.1]", "[192.0.2]", "a host name or an address in [ ]"},
    {"run-as", "mail", "-mail", user_name},
    {"listen", "lmtp:127.0.0.1:24", "192.0.2.1:25",
     "smtp: or lmtp: before a Unix path or loopback HOST:PORT"},
    {"linger", "0", "86401", day_or_never},
    {"linger-jitter", "0", "1.5", day_or_never},
    {"persistent", "yes", "true", "yes or no"},
    {"max-sessions", "1", "1001", "a number from 1 to 1000"},
    {"max-connections", "1000", "0", "a number from 1 to 1000"},
    {"messages-per-session", "1000000", "1000001", "a number from 1 to 1000000"},
    {"allow-users", "bob alice", "bob al;ce", "a list of user names between blanks"},
    {"metrics-file", "/run/x", "~x", file_name},
};

}  // namespace

TEST_CASE("the samples are the keys of the table, in its order") {
  CHECK(std::equal(std::begin(samples), std::end(samples), all_keys().begin(), all_keys().end(),
                   [](const Sample& sample, const Key& key) { return sample.key == key.name; }));
}

TEST_CASE("a key has a name of lower case and hyphens, and a help") {
  for (const Key& key : all_keys()) {
    CAPTURE(key.name);
    CHECK(key.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
    CHECK(!key.help.empty());
    CHECK(!key.help.ends_with('.'));
    CHECK(find_key(key.name) == &key);
  }
}

TEST_CASE("no key is found by the beginning of its name or in capitals") {
  for (const char* const name : {"", "use", "users", "User", "host-", "known-hosts", "timeou"}) {
    CAPTURE(name);
    CHECK(find_key(name) == nullptr);
  }
}

TEST_CASE("every default is a good value") {
  for (const Key& key : all_keys())
    if (!key.default_value.empty()) CHECK(fault_of(key, key.default_value) == "");
}

TEST_CASE("the defaults are those of the manual") {
  const std::map<std::string_view, std::string_view> defaults{
      {"port", "22"},
      {"identity-file", "id_ed25519"},
      {"known-hosts-file", "known_hosts"},
      {"command", "exit"},
      {"address-family", "any"},
      {"connect-timeout", "30"},
      {"greeting-timeout", "270"},
      {"timeout", "300"},
      {"dot-timeout", "600"},
      {"batch-timeout", "2940"},
      {"idle-timeout", "300"},
      {"wait-timeout", "120"},
      {"server-alive-interval", "15"},
      {"server-alive-count-max", "3"},
      {"ciphers", "chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr"},
      {"macs", "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com"},
      {"kex-algorithms",
       "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
       "ecdh-sha2-nistp521,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
       "diffie-hellman-group14-sha256,diffie-hellman-group-exchange-sha256"},
      {"linger", "10"},
      {"linger-jitter", "25"},
      {"persistent", "no"},
      {"max-sessions", "10"},
      {"max-connections", "4"},
      {"messages-per-session", "10"},
  };
  for (const Key& key : all_keys()) {
    CAPTURE(key.name);
    const auto found = defaults.find(key.name);
    CHECK(key.default_value == (found == defaults.end() ? "" : found->second));
  }
}

TEST_CASE("every key takes a good value and names a bad one with its place") {
  for (const Sample& sample : samples) {
    CAPTURE(sample.key);
    const Key& key = *find_key(sample.key);
    CHECK(fault_of(key, sample.good) == "");
    if (sample.bad == nullptr) continue;
    const std::string line = std::string(sample.key) + " = " + sample.bad;
    const std::string wanted =
        std::string(sample.key) + ": \"" + sample.bad + "\" is not " + sample.complaint;
    CHECK(fault_of(key, sample.bad) == wanted);
    CHECK(complaint("\n", "\n\n" + line) == "/etc/sshsm/sshsm.conf:3: " + wanted);
    if (key.scope == Scope::both_files)
      CHECK(complaint("\n" + line) == "/etc/sshsm/friend.conf:2: " + wanted);
  }
}

TEST_CASE("the keys that may be repeated, that are required and that have a file of their own") {
  const auto names_where = [](bool (*holds)(const Key&)) {
    std::set<std::string_view> names;
    for (const Key& key : all_keys())
      if (holds(key)) names.insert(key.name);
    return names;
  };
  using Names = std::set<std::string_view>;
  CHECK(names_where([](const Key& key) { return key.is_repeatable; }) ==
        Names{"known-hosts-file", "host-key", "listen"});
  CHECK(names_where([](const Key& key) { return key.is_required; }) == Names{"user", "host"});
  CHECK(names_where([](const Key& key) { return key.scope == Scope::defaults_file; }) ==
        Names{"run-as"});
}
