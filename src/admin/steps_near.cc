#include "admin/steps.h"
#include "base/failure.h"
#include "base/text.h"
#include "mailer/configuration.h"
#include "privilege/sandbox.h"
#include "ssh/unreached_hosts.h"

#include <utility>

namespace sshsm::admin {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

/// What of a list of addresses or names is shown.
constexpr std::size_t max_list = 300;

std::string port_text(const config::Destination& destination) {
  return std::to_string(destination.port);
}

/// `mx1.friend.example: ED25519 SHA256:…; mx2…`, or the keys alone of an only host.
std::string pins_text(const mailer::Setup& setup) {
  if (setup.pins.size() == 1) return setup.pins.front().summary();
  std::string text;
  for (std::size_t i = 0; i < setup.pins.size(); ++i)
    text += concat({text.empty() ? "" : "; ", setup.destination.hosts[i], ": ",
                    setup.pins[i].empty() ? "none" : setup.pins[i].summary()});
  return text;
}

void append(std::string& list, std::string_view item, std::string_view separator) {
  list += concat({list.empty() ? "" : separator, item});
}

/// `127.0.0.1 ::1`, or the failure.
std::string addresses_of(Examination& examination, std::size_t host, ssh::UnreachedHosts& unknown) {
  const config::Destination& destination = examination.settings();
  try {
    std::string list;
    for (const std::string& address : examination.dialler->look_up(
             host, base::Deadline::after(destination.connect_timeout), examination.waiter))
      append(list, address, " ");
    return list;
  } catch (const Failure& failure) {
    unknown.add(destination.hosts[host], failure);
    return {};
  }
}

}  // namespace

Finding read_configuration(Examination& examination) {
  const Place& place = examination.place;
  const std::string& name = examination.arguments.destination;
  examination.destination = mailer::read_own_destination(place.directory, name, place.caller);
  // Here as in the mailer, so that the children that parse what name servers say have no key.
  examination.dialler.emplace(*examination.destination);
  return {base::printable(
      concat({mailer::configuration_path(place.directory, name), ", as ", place.mail_user.name}),
      max_list)};
}

Finding read_files(Examination& examination) {
  examination.setup = mailer::load_setup(*examination.destination);
  examination.timer.emplace(examination.setup->destination);
  return {base::shortened(
      concat({"key ", examination.setup->key.name(), ", pinned ", pins_text(*examination.setup)}),
      max_list)};
}

Finding close_sandbox(Examination&) {
  const privilege::Sandbox sandbox = privilege::enter_sandbox();
  return {concat({"Landlock ", sandbox.has_landlock ? "on" : "not available on this machine",
                  ", seccomp ", sandbox.has_seccomp ? "on" : "not available on this machine"})};
}

Finding look_names_up(Examination& examination) {
  const mailer::Setup& setup = *examination.setup;
  if (!setup.destination.proxy_command.empty()) return {"left to proxy-command"};
  ssh::UnreachedHosts unknown;
  std::size_t known = 0;
  std::string seen;
  for (std::size_t i = 0; i < setup.pins.size(); ++i) {
    const std::string& host = setup.destination.hosts[i];
    std::string addresses;
    if (setup.pins[i].empty())
      unknown.add_unpinned(host, setup.pins[i]);
    else
      addresses = addresses_of(examination, i, unknown);
    if (!addresses.empty()) ++known;
    append(seen, addresses.empty() ? unknown.last() : concat({host, ": ", addresses}), "; ");
  }
  // One that is known will do: mail goes to the next host of a list.
  if (known > 0) return {base::printable(seen, max_list)};
  examination.progress.host = unknown.last_dialled();
  throw unknown.sum();
}

Finding connect_to_host(Examination& examination) {
  mailer::Setup& setup = *examination.setup;
  examination.timer->start();
  examination.means.emplace(ssh::Means{setup.destination, setup.pins, *examination.dialler,
                                       examination.waiter, examination.trace});
  examination.approach.emplace(*examination.means, examination.timer->greeting_deadline(),
                               examination.progress);
  try {
    examination.approach->reach();
  } catch (const Failure& failure) {
    // Connected all the same: that is of the next step.
    if (failure.cause() != Cause::no_banner) throw;
    examination.missing_banner = failure;
  }
  const ssh::Progress& progress = examination.progress;
  const bool is_direct = setup.destination.proxy_command.empty();
  return {.seen = is_direct ? concat({progress.address, " port ", port_text(setup.destination)})
                            : "proxy-command runs",
          .ended_at = progress.connected_at};
}

Finding wait_for_banner(Examination& examination) {
  if (examination.missing_banner) throw Failure(*examination.missing_banner);
  return {base::quoted(examination.approach->peek_at_banner(), base::max_peer_text)};
}

Finding prove_host(Examination& examination) {
  return {examination.approach->prove_host() + " is pinned"};
}

Finding log_in(Examination& examination) {
  // Gone at the end of this function, as it is in the mailer.
  const ssh::ClientKey key = std::move(examination.setup->key);
  examination.session = examination.approach->log_in(key);
  examination.approach.reset();
  return {base::printable(examination.settings().user, 64) + " with our key " + key.name()};
}

}  // namespace sshsm::admin
