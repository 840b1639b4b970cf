#include "admin/run.h"

#include "admin/arguments.h"
#include "admin/output.h"
#include "admin/refusal.h"
#include "base/failure.h"
#include "base/text.h"

#include <csignal>
#include <exception>
#include <new>

namespace sshsm::admin {
namespace {

constexpr int well = 0;
constexpr int not_well = 1;

/// `start_clean` makes them end in 75 with a sentence about mail, which is for the mailer alone.
void let_signals_end_us() noexcept {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) std::signal(number, SIG_DFL);
}

int print_and_end(const std::string& text) {
  print(text);
  return well;
}

int act_on(const Arguments& arguments) {
  if (arguments.is_version) return print_and_end(version_text());
  if (arguments.is_help)
    return print_and_end(arguments.has_verb ? help_text(arguments.verb) : help_text());
  const VerbRow& verb = row_of(arguments.verb);
  if (verb.handler == nullptr) throw Refusal(base::concat({verb.word, " is not in this version"}));
  return verb.handler(arguments);
}

Arguments understood(std::span<char* const> words) {
  try {
    return parse_arguments(words);
  } catch (const Refusal& refusal) {
    const base::CauseRow& row = base::row_of(base::Cause::bad_arguments);
    throw Refusal(
        base::concat({refusal.sentence(), "; ", base::remedy_for(row, {}, program_name)}));
  }
}

}  // namespace

int run(std::span<char* const> words) noexcept {
  let_signals_end_us();
  Arguments arguments;
  try {
    arguments = understood(words);
    return act_on(arguments);
  } catch (const Refusal& refusal) {
    complain(refusal.sentence());
  } catch (const base::Failure& failure) {
    complain(sentence_of(failure, arguments.destination));
  } catch (const std::bad_alloc&) {
    complain("no memory is left on this machine");
  } catch (const std::exception& error) {
    complain(base::printable(error.what(), base::max_sentence));
  }
  return not_well;
}

}  // namespace sshsm::admin
