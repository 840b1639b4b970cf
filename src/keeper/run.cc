#include "keeper/run.h"

#include "base/failure.h"
#include "base/log.h"
#include "base/text.h"
#include "base/trace.h"
#include "keeper/arguments.h"
#include "keeper/attendant.h"
#include "keeper/keeper.h"
#include "keeper/premises.h"
#include "mailer/configuration.h"
#include "privilege/identity.h"
#include "privilege/sandbox.h"
#include "trust/libcrypto.h"

#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::concat;
using base::ExitStatus;
using base::Failure;

/// Each client, and each line, is a descriptor.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// What failures are told of, as far as it is known.
struct Request {
  Arguments arguments;
  base::Log log{std::string(program_name)};
};

/// The order is the safety: sockets, one identity, attendant, sandbox, clients.
void serve(Request& request, const Supervision& supervision) {
  const Arguments& arguments = request.arguments;
  base::Trace trace = arguments.is_verbose ? base::Trace(STDERR_FILENO) : base::Trace();
  const privilege::Caller caller = privilege::current_caller();
  Notifier notifier(supervision);
  raise_descriptor_limit();
  Premises premises = take_premises(arguments, caller, inherited_listeners(supervision));
  Eviction eviction(premises.listeners);
  AllowedUsers users(geteuid(), premises.settings.allowed_users);
  Signals signals;
  Attendant attendant({premises.directory, arguments.destination, caller, mailer::own_host_name(),
                       premises.settings.metrics_file},
                      premises.listeners);
  eviction.cancel();
  request.log.set_reserve(attendant.take_log_socket());
  // What the administrator says about ciphers there must count here as it does in sshsm.
  trust::prepare_libcrypto();
  trace.note(privilege::describe(privilege::enter_server_sandbox()));
  for (const std::string& remark : premises.remarks) {
    request.log.write(LOG_NOTICE, concat({arguments.destination, ": ", remark}));
    trace.note(remark);
  }
  Keeper keeper({std::move(premises.listeners), std::move(users), std::move(premises.settings),
                 attendant, signals, notifier, request.log, trace});
  keeper.run();
}

ExitStatus print(const std::string& text) {
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, text.data(), text.size());
  return ExitStatus::accepted;
}

ExitStatus act_on(std::span<char* const> words, const Supervision& supervision, Request& request) {
  request.arguments = parse_arguments(words);
  if (request.arguments.is_help) return print(help_text());
  if (request.arguments.is_version) return print(version_text());
  serve(request, supervision);
  return ExitStatus::accepted;
}

ExitStatus give_up(const Failure& failure, Request& request) {
  const std::string line = base::describe(failure, request.arguments.destination, {}, program_name);
  request.log.write(LOG_ERR, line);
  const std::string text = line + "\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text.data(), text.size());
  return ExitStatus::deferred;
}

}  // namespace

ExitStatus run(std::span<char* const> words, const Supervision& supervision) noexcept {
  Request request;
  try {
    return act_on(words, supervision, request);
  } catch (const Failure& failure) {
    return give_up(failure, request);
  } catch (const std::bad_alloc&) {
    return give_up(Failure(Cause::resources_exhausted, "memory"), request);
  } catch (const std::exception& error) {
    return give_up(Failure(Cause::internal_error, error.what()), request);
  }
}

}  // namespace sshsm::keeper
