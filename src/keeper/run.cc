#include "keeper/run.h"

#include "base/failure.h"
#include "base/log.h"
#include "base/text.h"
#include "base/trace.h"
#include "keeper/attendant.h"
#include "keeper/keeper.h"
#include "mailer/configuration.h"
#include "privilege/identity.h"
#include "privilege/sandbox.h"

#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::concat;
using base::ExitStatus;
using base::Failure;

struct Arguments {
  std::string destination;
  std::string config_dir;
  bool is_verbose = false;
};

Arguments parse_arguments(std::span<char* const> words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "-v")
      arguments.is_verbose = true;
    else if (word == "--config-dir" && i + 1 < words.size())
      arguments.config_dir = words[++i];
    else if (!word.starts_with('-') && arguments.destination.empty())
      arguments.destination = word;
    else
      throw Failure(Cause::bad_arguments, base::quoted(word, 64));
  }
  if (arguments.destination.empty()) throw Failure(Cause::bad_arguments, "no destination");
  return arguments;
}

/// Each client, and each line, is a descriptor.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::vector<Listener> listen_everywhere(const config::Destination& settings) {
  std::vector<Listener> listeners;
  for (const std::string& value : settings.listeners)
    listeners.push_back(
        listen_at(parse_listen_address(value), Remains::replaced_if_dead, getegid()));
  return listeners;
}

/// What failures are told of, as far as it is known.
struct Request {
  Arguments arguments;
  base::Log log{"sshsmd"};
};

/// The order is the safety: one identity, configuration, sockets, attendant, sandbox, clients.
void serve(Request& request) {
  const Arguments& arguments = request.arguments;
  base::Trace trace = arguments.is_verbose ? base::Trace(STDERR_FILENO) : base::Trace();
  if (!config::is_destination_name(arguments.destination))
    throw Failure(Cause::bad_destination, base::quoted(arguments.destination, 64));
  const privilege::Caller caller = privilege::current_caller();
  const std::string directory = mailer::configuration_directory(arguments.config_dir, caller);
  privilege::become_mail_user(caller, caller.is_root() ? mailer::run_as(directory) : std::string());
  raise_descriptor_limit();
  config::Destination settings =
      mailer::read_own_destination(directory, arguments.destination, caller);
  if (settings.helo.empty()) settings.helo = mailer::own_host_name();
  AllowedUsers users(geteuid(), settings.allowed_users);
  Signals signals;
  Attendant attendant({directory, arguments.destination, caller});
  std::vector<Listener> listeners = listen_everywhere(settings);
  request.log = base::Log("sshsmd", attendant.take_log_socket());
  privilege::enter_server_sandbox();
  Keeper keeper({std::move(listeners), std::move(users), std::move(settings), attendant, signals,
                 request.log, trace});
  keeper.run();
}

ExitStatus give_up(const Failure& failure, Request& request) {
  const std::string line = base::describe(failure, request.arguments.destination, {});
  request.log.write(LOG_ERR, line);
  const std::string text = line + "\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text.data(), text.size());
  return ExitStatus::deferred;
}

}  // namespace

ExitStatus run(std::span<char* const> words) noexcept {
  Request request;
  try {
    request.arguments = parse_arguments(words);
    serve(request);
    return ExitStatus::accepted;
  } catch (const Failure& failure) {
    return give_up(failure, request);
  } catch (const std::bad_alloc&) {
    return give_up(Failure(Cause::resources_exhausted, "memory"), request);
  } catch (const std::exception& error) {
    return give_up(Failure(Cause::internal_error, error.what()), request);
  }
}

}  // namespace sshsm::keeper
