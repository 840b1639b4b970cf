#include "ssh/unreached_hosts.h"

#include "config/destination.h"

#include <doctest/doctest.h>

#include <string>

using namespace sshsm::ssh;
using namespace sshsm::base;
using sshsm::trust::KnownHostsFile;
using sshsm::trust::Pins;

namespace {

const std::string key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINlHgKlDUOLuPJ7TrB4bjCGOjeWR8x42aSgQ7bmKhfjq";

Pins no_pins() {
  return Pins({"mx.example", 22, ""}, {}, {});
}

Pins revoked_pins() {
  const KnownHostsFile file{"known_hosts", "mx.example " + key + "\n@revoked * " + key + "\n"};
  return Pins({"mx.example", 22, ""}, {&file, 1}, {});
}

Failure refused(const std::string& address) {
  return Failure(Cause::connection_failed, address + " port 22: Connection refused");
}

UnreachedHosts many_hosts(std::size_t count) {
  UnreachedHosts hosts;
  for (std::size_t i = 1; i <= count; ++i)
    hosts.add("mx" + std::to_string(i) + ".friend.example",
              refused("2001:db8:aaaa:bbbb:cccc:dddd:eeee:" + std::to_string(i)));
  return hosts;
}

}  // namespace

TEST_CASE("only a host that gave no SSH banner is followed by the next") {
  std::string names;
  for (const CauseRow& row : all_causes())
    if (leads_to_next_host(row.cause)) names += std::string(row.name) + " ";
  CHECK(names ==
        "name-unknown name-lookup-failed connection-failed connection-timed-out no-banner "
        "proxy-failed ");
}

TEST_CASE("one host that fails is told as if there were no list") {
  UnreachedHosts hosts;
  hosts.add("mx.example", Failure(Cause::no_banner, "192.0.2.1 port 22 is silent", "words"));
  CHECK(describe(hosts.sum(), "friend", hosts.last_dialled()) ==
        "4.4.1 sshsm: friend (mx.example): connected, but no SSH server answered: "
        "192.0.2.1 port 22 is silent; check port, and MaxStartups and PerSourcePenalties of the "
        "sshd there; then try: sshsmctl check friend: \"words\"");
}

TEST_CASE("the last host that was dialled gives cause and remedy, the others follow in order") {
  UnreachedHosts hosts;
  hosts.add("a.example", Failure(Cause::name_unknown, "a.example: Name or service not known"));
  hosts.add_unpinned("b.example", no_pins());
  hosts.add("c.example", refused("192.0.2.3"));
  hosts.add_left_over("d.example");
  CHECK(hosts.last_dialled() == "c.example");
  CHECK(describe(hosts.sum(), "friend", hosts.last_dialled()) ==
        "4.4.1 sshsm: friend (c.example): cannot connect: 192.0.2.3 port 22: Connection refused "
        "(other hosts: a.example: the host name does not exist: Name or service not known; "
        "b.example: not tried: no host key is pinned; d.example: not tried: no time was left); "
        "check that sshd runs there and the port is open; then try: sshsmctl check friend");
}

TEST_CASE("a host all of whose pins are revoked is told with them") {
  UnreachedHosts hosts;
  hosts.add_unpinned("mx.example", revoked_pins());
  CHECK(hosts.last() ==
        "mx.example: not tried: host key revoked: pinned ED25519 "
        "SHA256:iPYoXqtsK30vIKlcuZqZegHT1UgfjeWxL4fn600CWWo");
}

TEST_CASE("a host that answered and failed keeps its words before those about the others") {
  UnreachedHosts hosts;
  const Failure changed(Cause::host_key_changed, "offered A, pinned B");
  CHECK(hosts.beside(changed).detail() == "offered A, pinned B");
  hosts.add("a.example", refused("192.0.2.1"));
  const Failure both = hosts.beside(changed);
  CHECK(both.cause() == Cause::host_key_changed);
  CHECK(both.detail() ==
        "offered A, pinned B (other hosts: a.example: cannot connect: 192.0.2.1 port 22: "
        "Connection refused)");
}

TEST_CASE("where details do not fit, hosts of one sentence are named together") {
  UnreachedHosts hosts = many_hosts(5);
  hosts.add_unpinned("bare.example", no_pins());
  hosts.add("last.example", refused("192.0.2.9"));
  CHECK(describe(hosts.sum(), "friend", hosts.last_dialled()) ==
        "4.4.1 sshsm: friend (last.example): cannot connect: 192.0.2.9 port 22: Connection refused "
        "(other hosts: mx1.friend.example, mx2.friend.example, mx3.friend.example, "
        "mx4.friend.example, mx5.friend.example: cannot connect; bare.example: not tried: no host "
        "key is pinned); check that sshd runs there and the port is open; then try: sshsmctl check "
        "friend");
}

TEST_CASE("the longest list there can be stays one line of 500 octets that ends with the remedy") {
  const UnreachedHosts hosts = many_hosts(sshsm::config::max_hosts);
  const std::string line = describe(hosts.sum(), "friend", hosts.last_dialled());
  CHECK(line.size() <= max_sentence);
  CHECK(line.find("mx1.friend.example, mx2.friend.example") != std::string::npos);
  CHECK(line.find("...); check that sshd runs there and the port is open; then try: sshsmctl check "
                  "friend") != std::string::npos);
}

TEST_CASE("a host with many addresses and many words leaves room for the others") {
  UnreachedHosts hosts;
  hosts.add("a.example", refused("192.0.2.1"));
  hosts.add("b.example", Failure(Cause::no_banner, std::string(1000, 'x'), std::string(1000, 'y')));
  const Failure sum = hosts.sum();
  CHECK(sum.detail() == std::string(UnreachedHosts::max_detail - 3, 'x') +
                            "... (other hosts: a.example: cannot connect: 192.0.2.1 port 22: "
                            "Connection refused)");
  CHECK(sum.peer_text() == std::string(UnreachedHosts::max_peer_text - 3, 'y') + "...");
  CHECK(describe(sum, "friend", "b.example").size() <= max_sentence);
}

TEST_CASE("-v tells each host by itself, with the peer's words") {
  UnreachedHosts hosts;
  hosts.add("a.example",
            Failure(Cause::no_banner, "192.0.2.1 port 22 closed the connection", "Busy\r\n"));
  CHECK(hosts.last() ==
        "a.example: connected, but no SSH server answered: 192.0.2.1 port 22 closed the "
        "connection: \"Busy\\x0d\\x0a\"");
}
