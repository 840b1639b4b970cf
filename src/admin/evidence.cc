#include "admin/evidence.h"

#include "admin/refusal.h"
#include "base/descriptor.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace sshsm::admin {
namespace {

using base::concat;
using base::printable;

constexpr std::string_view prefix = "SHA256:";
constexpr std::size_t max_file = 1024UL * 1024;
constexpr std::size_t max_shown = 80;
constexpr std::size_t max_path = 255;

bool is_base64(char c) {
  return base::is_letter_or_digit(c) || c == '+' || c == '/';
}

/// The word `SHA256:…` if there is a whole one, else all words in one: of a fingerprint in groups
/// none is left out.
std::string joined(std::string_view told) {
  std::string all;
  for (const std::string& word : base::words_of(told)) {
    if (base::starts_with_ignoring_case(word, prefix) &&
        word.size() == prefix.size() + whole_fingerprint)
      return word;
    all += word;
  }
  return all;
}

trust::Subject subject_of(const config::Destination& destination, std::size_t host_index) {
  return {destination.hosts.at(host_index), destination.port, destination.host_key_alias};
}

trust::Pins pins_in(const HostKeyFile& file, const config::Destination& destination,
                    std::size_t host_index) {
  return {subject_of(destination, host_index), {&file.known_hosts, 1}, file.bare_keys};
}

/// `TYPE BASE64` where the line is one of a `.pub` file.
std::optional<std::string> bare_key_of(std::string_view line) {
  const std::vector<std::string> words = base::words_of(line);
  if (words.size() < 2 || !trust::read_pin(words[0], words[1])) return std::nullopt;
  return concat({words[0], " ", words[1]});
}

[[noreturn]] void refuse_file(const std::string& path, std::string_view why) {
  throw Refusal(concat({"cannot use ", printable(path, max_path), ": ", why}));
}

base::Descriptor open_checked(const std::string& path) {
  base::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) refuse_file(path, base::system_error_text(errno));
  if (!S_ISREG(status.st_mode)) refuse_file(path, "it is no regular file");
  if ((status.st_mode & S_IWOTH) != 0) refuse_file(path, "everybody may write it");
  return file;
}

}  // namespace

std::optional<std::string> read_fingerprint(std::string_view told) {
  std::string text = joined(told);
  // Nobody hears capitals on the telephone, and they mean nothing in this word.
  if (base::starts_with_ignoring_case(text, prefix)) text.erase(0, prefix.size());
  if (text.size() < min_fingerprint || text.size() > whole_fingerprint) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_base64)) return std::nullopt;
  return text;
}

bool has_fingerprint(const trust::HostKey& key, std::string_view told) {
  return told.size() >= min_fingerprint &&
         std::string_view(trust::fingerprint(key.blob)).substr(prefix.size()).starts_with(told);
}

HostKeyFile parse_host_key_file(const std::string& path, std::string text) {
  HostKeyFile file{{path, std::move(text)}, {}};
  std::string_view rest = file.known_hosts.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (std::optional<std::string> key = bare_key_of(line)) file.bare_keys.push_back(*key);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return file;
}

HostKeyFile read_host_key_file(const std::string& path) {
  const base::Descriptor file = open_checked(path);
  std::string text;
  std::array<char, 16384> piece{};
  for (;;) {
    const ssize_t size = read(file.get(), piece.data(), piece.size());
    if (size < 0) refuse_file(path, base::system_error_text(errno));
    if (size == 0) return parse_host_key_file(path, std::move(text));
    text.append(piece.data(), static_cast<std::size_t>(size));
    if (text.size() > max_file) refuse_file(path, "it is larger than 1 MiB");
  }
}

Evidence read_evidence(std::span<const std::string> fingerprints,
                       const std::string& host_key_file) {
  Evidence evidence;
  for (const std::string& text : fingerprints) {
    const std::optional<std::string> read = read_fingerprint(text);
    if (!text.starts_with(prefix) || !read || read->size() != whole_fingerprint)
      throw Refusal(concat({base::quoted(text, max_shown),
                            " is not a whole fingerprint: SHA256: and 43 characters, as ssh-keygen "
                            "-l prints it"}));
    evidence.fingerprints.push_back(*read);
  }
  if (!host_key_file.empty()) evidence.file = read_host_key_file(host_key_file);
  return evidence;
}

std::vector<trust::HostKey> keys_in_file(const Evidence& evidence,
                                         const config::Destination& destination,
                                         std::size_t host_index) {
  if (!evidence.file) return {};
  return pins_in(*evidence.file, destination, host_index).keys();
}

bool confirms(const Evidence& evidence, const config::Destination& destination,
              std::size_t host_index, const trust::HostKey& key) {
  using Verdict = trust::Pins::Verdict;
  Verdict verdict = Verdict::type_unpinned;
  if (evidence.file) verdict = pins_in(*evidence.file, destination, host_index).judge(key);
  if (verdict == Verdict::pinned || verdict == Verdict::revoked) return verdict == Verdict::pinned;
  return std::any_of(evidence.fingerprints.begin(), evidence.fingerprints.end(),
                     [&](const std::string& told) { return has_fingerprint(key, told); });
}

}  // namespace sshsm::admin
