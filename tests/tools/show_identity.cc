/// Does what the programs do first (start_clean, become_mail_user, enter_sandbox) and shows what
/// is left, one `fact: value` per line.
///
///     show_identity [--run-as NAME] [--output FILE] [--wait]
///
/// `--output` is for callers that leave no descriptor open; `--wait` reads standard input to its
/// end first, so that a signal can be sent meanwhile.
#include "base/failure.h"
#include "base/text.h"
#include "privilege/identity.h"
#include "privilege/sandbox.h"
#include "privilege/start.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sshsm::base::concat;

struct Options {
  std::string run_as;
  std::string output;
  bool waits = false;
};

Options options_of(std::span<char*> arguments) {
  Options options;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    const bool has_value = i + 1 < arguments.size();
    if (word == "--wait") options.waits = true;
    if (word == "--run-as" && has_value) options.run_as = arguments[++i];
    if (word == "--output" && has_value) options.output = arguments[++i];
  }
  return options;
}

class Facts {
 public:
  void add(std::string_view fact, std::string_view value) {
    text_ += concat({fact, ": ", value, "\n"});
  }
  void add_number(std::string_view fact, long value) { add(fact, std::to_string(value)); }
  void add_lines(std::string_view lines) { text_ += lines; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t size = read(descriptor, piece.data(), piece.size());
    if (size <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
}

/// `0=/dev/null 1=pipe:[17] ...`
std::string open_descriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return "unknown";
  std::vector<int> numbers;
  while (const dirent* entry = readdir(directory)) {
    const auto number = sshsm::base::parse_number(entry->d_name, 1 << 30);
    if (number && static_cast<int>(*number) != dirfd(directory))
      numbers.push_back(static_cast<int>(*number));
  }
  closedir(directory);
  std::sort(numbers.begin(), numbers.end());
  std::string text;
  for (const int number : numbers) {
    std::array<char, 256> target{};
    const std::string name = concat({"/proc/self/fd/", std::to_string(number)});
    const ssize_t size = readlink(name.c_str(), target.data(), target.size());
    const std::string_view shown(target.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
    text += concat({text.empty() ? "" : " ", std::to_string(number), "=", shown});
  }
  return text;
}

long environment_size() {
  long size = 0;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) ++size;
  return size;
}

std::string octal(mode_t mode) {
  std::string text = "000";
  for (std::size_t i = 3; i-- > 0; mode >>= 3) text[i] = static_cast<char>('0' + (mode & 7));
  return text;
}

void add_process_facts(Facts& facts) {
  rlimit core{};
  getrlimit(RLIMIT_CORE, &core);
  facts.add_number("Core", static_cast<long>(core.rlim_max));
  facts.add_number("Dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  facts.add("Umask now", octal(umask(S_IRWXG | S_IRWXO)));
  facts.add_number("Environment", environment_size());
}

/// Every way back to root that the kernel knows for a process.
void add_ways_back(Facts& facts) {
  constexpr auto unchanged = static_cast<uid_t>(-1);
  const bool is_back = setuid(0) == 0 || seteuid(0) == 0 || setreuid(0, 0) == 0 ||
                       setresuid(unchanged, unchanged, 0) == 0 ||
                       prctl(PR_CAPBSET_DROP, 0, 0, 0, 0) == 0;
  facts.add("Root again", is_back ? "yes" : "no");
}

/// The kernel's own words, read last: the descriptor was opened before the sandbox was up.
void add_status_lines(Facts& facts, int status) {
  const std::string text = read_all(status);
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.empty() ? rest.size() : line.size());
    for (const std::string_view name :
         {"Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp:", "Sig"})
      if (line.starts_with(name)) facts.add_lines(line);
  }
}

void show(const Options& options) {
  const sshsm::privilege::Caller caller = sshsm::privilege::current_caller();
  sshsm::privilege::become_mail_user(caller, options.run_as);
  Facts facts;
  facts.add("Foreign", caller.is_foreign() ? "yes" : "no");
  facts.add("Descriptors", open_descriptors());
  if (options.waits) facts.add("Input", read_all(STDIN_FILENO));
  add_process_facts(facts);
  add_ways_back(facts);

  const int output =
      options.output.empty() ? STDOUT_FILENO : open(options.output.c_str(), O_WRONLY | O_TRUNC);
  const int status = open("/proc/self/status", O_RDONLY);
  const sshsm::privilege::Sandbox sandbox = sshsm::privilege::enter_sandbox();
  facts.add("Landlock", sandbox.has_landlock ? "yes" : "no");
  facts.add("Filter", sandbox.has_seccomp ? "yes" : "no");
  add_status_lines(facts, status);
  [[maybe_unused]] const auto written = write(output, facts.text().data(), facts.text().size());
}

}  // namespace

int main(int count, char** arguments) {
  sshsm::privilege::start_clean();
  try {
    show(options_of({arguments, static_cast<std::size_t>(count)}));
    return 0;
  } catch (const sshsm::base::Failure& failure) {
    const std::string line = sshsm::base::describe(failure, "", "") + "\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
    // No way through exit: LeakSanitizer cannot do its work in a half-changed identity, and would
    // replace the status.
    _exit(75);
  }
}
