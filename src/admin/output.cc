#include "admin/output.h"

#include "admin/refusal.h"
#include "base/text.h"

#include <unistd.h>

#include <cerrno>

namespace sshsm::admin {
namespace {

/// The errno of what went wrong, or 0.
int write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void print(std::string_view text) {
  if (const int error = write_all(STDOUT_FILENO, text); error != 0)
    throw Refusal(
        base::concat({"cannot write to standard output: ", base::system_error_text(error)}));
}

void complain(std::string_view sentence) noexcept {
  for (const std::string_view piece : {program_name, std::string_view(": "), sentence, {"\n"}})
    write_all(STDERR_FILENO, piece);
}

std::string sentence_of(const base::Failure& failure, std::string_view destination) {
  std::string sentence = explain(failure, destination, base::max_sentence, program_name);
  const std::string advice = base::concat({"; then try: sshsmctl check ", destination});
  for (const std::string_view part :
       {std::string_view("; the mail waits in the queue"), std::string_view(advice)})
    if (const std::size_t place = sentence.find(part); place != std::string::npos)
      sentence.erase(place, part.size());
  return sentence;
}

}  // namespace sshsm::admin
