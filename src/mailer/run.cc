#include "mailer/run.h"

#include "base/descriptor.h"
#include "base/failure.h"
#include "base/log.h"
#include "base/text.h"
#include "base/trace.h"
#include "config/destination.h"
#include "mailer/arguments.h"
#include "mailer/batch.h"
#include "mailer/caller.h"
#include "mailer/configuration.h"
#include "mailer/delivery_log.h"
#include "mailer/host_pins.h"
#include "mailer/interactive.h"
#include "mailer/keeper_line.h"
#include "mailer/meeting_place.h"
#include "mailer/progress_line.h"
#include "mailer/rest_file.h"
#include "mailer/setup.h"
#include "mailer/ssh_line.h"
#include "mailer/voice.h"
#include "privilege/identity.h"
#include "privilege/sandbox.h"
#include "privilege/start.h"
#include "smtp/judgement.h"
#include "ssh/dialler.h"

#include <syslog.h>
#include <unistd.h>

#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::ExitStatus;
using base::Failure;

void note_remarks(const Setup& setup, base::Trace& trace) {
  for (const std::string& remark : remarks_of(setup.pins)) trace.note(remark);
}

/// What was asked for, as far as it is known: a failure is told of it.
struct Request {
  explicit Request(Voice& words) : voice(words) {}

  Voice& voice;
  ProgressLine progress{STDERR_FILENO};
  base::Log log{"sshsm"};
  Arguments arguments;
  std::string host;
};

ExitStatus carry_batch(Request& request, Line& line, base::Trace& trace, Source source) {
  Batch batch(line, request.log, trace, request.progress, std::move(source));
  batch.run();
  request.voice.say(batch.report().text());
  return batch.report().exit_status();
}

void address_person(Voice& voice, base::Trace& trace) {
  voice.address_person();
  trace.speak_to(voice.descriptor());
}

/// A caller who named no mode and has written nothing yet.
ExitStatus carry_either(Request& request, Line& line, base::Trace& trace) {
  Caller caller(STDIN_FILENO, STDOUT_FILENO);
  Interactive interactive(line, caller, request.log, trace);
  try {
    if (const std::optional<ExitStatus> status = interactive.try_to_run()) return *status;
  } catch (const Failure&) {
    address_person(request.voice, trace);
    throw;
  }
  address_person(request.voice, trace);
  return carry_batch(request, line, trace, {STDIN_FILENO, interactive.taken()});
}

ExitStatus carry_over(Request& request, Line& line, base::Trace& trace, RestFile* rest) {
  switch (request.arguments.mode) {
    case Mode::batch:
      return carry_batch(request, line, trace, {STDIN_FILENO, {}, rest});
    case Mode::interactive: {
      Caller caller(STDIN_FILENO, STDOUT_FILENO);
      return Interactive(line, caller, request.log, trace).run();
    }
    case Mode::automatic:
      return carry_either(request, line, trace);
    case Mode::lmtp: {
      Caller caller(STDIN_FILENO, STDOUT_FILENO);
      return Interactive(line, caller, request.log, trace).run_lmtp();
    }
  }
  throw Failure(Cause::internal_error, "no such mode");
}

/// Somebody who writes before he was greeted does not wait for a greeting.
void decide_mode(Request& request) {
  Mode& mode = request.arguments.mode;
  if (mode != Mode::automatic || !is_batch_waiting(STDIN_FILENO)) return;
  mode = Mode::batch;
  request.voice.address_person();
}

/// Who named no mode may turn out to read diagnostics, when half of them are told.
base::Trace trace_for(const Request& request) {
  if (!request.arguments.is_verbose) return {};
  if (!request.voice.is_mute()) return base::Trace(request.voice.descriptor());
  return request.arguments.mode == Mode::automatic ? base::Trace::withheld() : base::Trace();
}

/// Connections to the destination's keeper; none where there is none.
std::vector<base::Descriptor> connections_to_keeper(Request& request, const std::string& path,
                                                    base::Trace& trace) {
  // Who named no mode may turn out to write a batch, when something was said on the first one.
  const std::size_t count = request.arguments.mode == Mode::automatic ? 2 : 1;
  std::vector<base::Descriptor> connections;
  while (connections.size() < count) {
    Visit visit = visit_keeper(path, geteuid());
    if (!visit.remark.empty()) {
      request.log.write(LOG_WARNING,
                        base::concat({request.arguments.destination, ": ", visit.remark}));
      trace.note(visit.remark);
    }
    if (!visit.socket) return connections;
    connections.push_back(std::move(visit.socket));
  }
  return connections;
}

/// Who cannot close it reads nothing, and whoever looks into the rest file must know that it lacks
/// the batch.
void close_sandbox(RestFile* rest, base::Trace& trace) {
  try {
    trace.note(privilege::describe(privilege::enter_sandbox()));
  } catch (const Failure& failure) {
    if (rest != nullptr) rest->give_up(failure.detail());
    throw;
  }
}

/// In the sandbox, with the rest file, if one is asked for, made before that.
ExitStatus carry_sandboxed(Request& request, base::Trace& trace,
                           const std::function<ExitStatus(RestFile*)>& carry) {
  std::optional<RestFile> rest;
  if (!request.arguments.rest_file.empty()) rest.emplace(request.arguments.rest_file);
  try {
    RestFile* const file = rest ? &*rest : nullptr;
    close_sandbox(file, trace);
    return carry(file);
  } catch (const std::bad_alloc&) {
    // Nothing more is read, and whoever looks into the file must know that it lacks it.
    if (rest) rest->give_up("no memory is left");
    throw;
  }
}

ExitStatus carry_through_keeper(Request& request, KeeperLine& line, base::Trace& trace) {
  return carry_sandboxed(request, trace,
                         [&](RestFile* rest) { return carry_over(request, line, trace, rest); });
}

ExitStatus carry_alone(Request& request, config::Destination destination, base::Trace& trace) {
  // Before the key is read: the child that parses what name servers say never has it.
  ssh::Dialler dialler(destination);
  Setup setup = load_setup(std::move(destination));
  note_remarks(setup, trace);
  return carry_sandboxed(request, trace, [&](RestFile* rest) {
    SshLine line(std::move(setup), dialler, trace);
    return carry_over(request, line, trace, rest);
  });
}

/// The order is the safety: one identity, configuration, keeper or else dialler, pins and key,
/// sandbox, mail. The rest file is the mail user's, and no call that could not begin leaves one
/// behind.
ExitStatus carry(Request& request) {
  const Arguments& arguments = request.arguments;
  base::Trace trace = trace_for(request);
  config::Destination destination = load_destination(arguments, privilege::current_caller());
  request.host = destination.hosts.front();
  const std::string config_dir =
      arguments.config_dir.empty() ? std::string() : absolute(arguments.config_dir);
  const std::string path = meeting_place(destination.name, config_dir).socket;
  std::vector<base::Descriptor> connections = connections_to_keeper(request, path, trace);
  if (connections.empty()) return carry_alone(request, std::move(destination), trace);
  trace.note(base::concat({"through the keeper at ", path}));
  KeeperLine line(std::move(destination), std::move(connections), path);
  return carry_through_keeper(request, line, trace);
}

/// A failure before any message was read: the mail server knows the recipients, we do not.
ExitStatus defer(const Failure& failure, Request& request) {
  const std::string& name = request.arguments.destination;
  const bool is_named = config::is_destination_name(name);
  base::Trace silent;
  DeliveryLog log({is_named ? name : "none"}, request.log, silent);
  log.record(failure, "start", {}, {});
  request.voice.tell(failure, is_named ? name : std::string(), request.host);
  return ExitStatus::deferred;
}

/// An error inside a session leaves its machine half changed. Its doubt is as it was when the last
/// octet had left.
ExitStatus defer_with_doubt(const Failure& failure, Request& request) {
  return defer(privilege::is_in_doubt() ? smtp::maybe_delivered(failure) : failure, request);
}

ExitStatus print(const std::string& text) {
  write_patiently(STDOUT_FILENO, text);
  return ExitStatus::accepted;
}

ExitStatus act_on(std::span<char* const> words, Request& request) {
  request.arguments = parse_arguments(words);
  if (request.arguments.is_help) return print(help_text());
  if (request.arguments.is_version) return print(version_text());
  decide_mode(request);
  return carry(request);
}

}  // namespace

ExitStatus run(std::span<char* const> words) noexcept {
  Voice voice(is_greeting_expected(words));
  Request request(voice);
  try {
    return act_on(words, request);
  } catch (const Failure& failure) {
    return defer(failure, request);
  } catch (const std::bad_alloc&) {
    return defer_with_doubt(Failure(Cause::resources_exhausted, "memory"), request);
  } catch (const std::exception& error) {
    return defer_with_doubt(Failure(Cause::internal_error, error.what()), request);
  }
}

}  // namespace sshsm::mailer
