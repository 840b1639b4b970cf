#include "mailer/run.h"

#include "base/failure.h"
#include "base/log.h"
#include "base/patience.h"
#include "base/text.h"
#include "base/trace.h"
#include "config/destination.h"
#include "mailer/arguments.h"
#include "mailer/batch.h"
#include "mailer/delivery_log.h"
#include "mailer/host_pins.h"
#include "mailer/rest_file.h"
#include "mailer/setup.h"
#include "privilege/identity.h"
#include "privilege/sandbox.h"
#include "privilege/start.h"
#include "ssh/dialler.h"

#include <unistd.h>

#include <exception>
#include <new>
#include <optional>
#include <string>

namespace sshsm::mailer {
namespace {

using base::Cause;
using base::ExitStatus;
using base::Failure;

constexpr base::Milliseconds max_patience{5000};

/// Gives up on a reader who does not read: his words must not hold up the exit status.
void write_all(int descriptor, std::string_view text) {
  base::Patience patience(max_patience);
  while (!text.empty() && patience.wait_until_writable(descriptor)) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Where words go. Mail servers connect descriptor 2 to the channel on which they read replies;
/// there a stray word is taken for one, and "550" in it bounces the mail.
class Voice {
 public:
  explicit Voice(std::span<char* const> words) : is_greeting_(is_greeting_expected(words)) {
    if (!is_greeting_ || isatty(STDERR_FILENO) == 1) return;
    privilege::set_signal_descriptor(-1);
    privilege::lead_nowhere(STDERR_FILENO);
  }

  void tell(const Failure& failure, const std::string& destination, const std::string& host) const {
    const std::string line = describe(failure, destination, host);
    if (is_greeting_)
      write_all(STDOUT_FILENO, base::concat({"421 ", line, "\r\n"}));
    else
      write_all(STDERR_FILENO, line + "\n");
  }

 private:
  bool is_greeting_;
};

void note_remarks(const Setup& setup, base::Trace& trace) {
  for (const std::string& remark : remarks_of(setup.pins)) trace.note(remark);
}

void note_sandbox(const privilege::Sandbox& sandbox, base::Trace& trace) {
  trace.note(base::concat({"sandbox: Landlock ", sandbox.has_landlock ? "on" : "not available",
                           ", seccomp ", sandbox.has_seccomp ? "on" : "not available"}));
}

/// What was asked for, as far as it is known: a failure is told of it.
struct Request {
  base::Log log{"sshsm"};
  Arguments arguments;
  std::string host;
};

/// The order is the safety: one identity, configuration, dialler, pins and key, sandbox, mail. The
/// rest file is the mail user's, and no call that could not begin leaves one behind.
ExitStatus carry_batch(Request& request) {
  base::Trace trace = request.arguments.is_verbose ? base::Trace(STDERR_FILENO) : base::Trace();
  config::Destination destination =
      load_destination(request.arguments, privilege::current_caller());
  request.host = destination.hosts.front();
  // Before the key is read: the child that parses what name servers say never has it.
  ssh::Dialler dialler(destination);
  Setup setup = load_setup(std::move(destination));
  note_remarks(setup, trace);
  std::optional<RestFile> rest;
  if (!request.arguments.rest_file.empty()) rest.emplace(request.arguments.rest_file);
  const privilege::Sandbox sandbox = privilege::enter_sandbox();
  note_sandbox(sandbox, trace);
  Line line(std::move(setup), dialler, trace);
  Batch batch(line, request.log, trace, STDIN_FILENO, rest ? &*rest : nullptr);
  batch.run();
  write_all(STDERR_FILENO, batch.report().text());
  return batch.report().exit_status();
}

ExitStatus carry(Request& request) {
  const Arguments& arguments = request.arguments;
  switch (arguments.mode) {
    case Mode::batch:
      return carry_batch(request);
    case Mode::interactive:
      throw Failure(Cause::not_supported, "-bs");
    case Mode::lmtp:
      throw Failure(Cause::not_supported, "--lmtp");
    case Mode::automatic:
      throw Failure(Cause::not_supported, "a call without -bS");
  }
  throw Failure(Cause::internal_error, "a mode without a name");
}

ExitStatus print(const std::string& text) {
  write_all(STDOUT_FILENO, text);
  return ExitStatus::accepted;
}

/// A failure before any message was read: the mail server knows the recipients, we do not.
ExitStatus defer(const Failure& failure, Request& request, const Voice& voice) {
  const std::string& name = request.arguments.destination;
  const bool is_named = config::is_destination_name(name);
  base::Trace silent;
  DeliveryLog log({is_named ? name : "none"}, request.log, silent);
  log.record(failure, "start", {}, {});
  voice.tell(failure, is_named ? name : std::string(), request.host);
  return ExitStatus::deferred;
}

ExitStatus act_on(std::span<char* const> words, Request& request) {
  request.arguments = parse_arguments(words);
  if (request.arguments.is_help) return print(help_text());
  if (request.arguments.is_version) return print(version_text());
  return carry(request);
}

}  // namespace

ExitStatus run(std::span<char* const> words) noexcept {
  const Voice voice(words);
  Request request;
  try {
    return act_on(words, request);
  } catch (const Failure& failure) {
    return defer(failure, request, voice);
  } catch (const std::bad_alloc&) {
    return defer(Failure(Cause::resources_exhausted, "memory"), request, voice);
  } catch (const std::exception& error) {
    return defer(Failure(Cause::internal_error, error.what()), request, voice);
  }
}

}  // namespace sshsm::mailer
