#include "sink_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace sink {
namespace {

std::string from_line(const Message& message) {
  std::string sender = message.sender;
  std::erase_if(sender, [](char c) { return c == '<' || c == '>' || c == ' '; });
  const time_t now = time(nullptr);
  struct tm parts {};
  char date[32] = "";
  gmtime_r(&now, &parts);
  asctime_r(&parts, date);
  return "From " + (sender.empty() ? "MAILER-DAEMON" : sender) + " " + date;
}

bool needs_quoting(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of('>'), line.size()));
  return line.starts_with("From ");
}

bool append(const std::string& path, std::string_view bytes, bool is_synced = true) {
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return false;
  const bool is_written =
      flock(file, LOCK_EX) == 0 && write_all(file, bytes) && (!is_synced || fsync(file) == 0);
  return close(file) == 0 && is_written;
}

/// Nanoseconds since 1970.
std::string now_in_digits() {
  struct timespec now {};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::to_string(now.tv_sec * 1000000000L + now.tv_nsec);
}

std::string unique_name() {
  static unsigned count = 0;
  return now_in_digits() + "." + std::to_string(getpid()) + "." + std::to_string(++count);
}

std::string tally_entry(const Message& message) {
  const std::string first_line = message.head.substr(0, message.head.find_first_of("\r\n"));
  return now_in_digits() + " " + std::to_string(message.octets) + " " + first_line + "\n";
}

}  // namespace

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string mbox_entry(const Message& message) {
  std::string entry = from_line(message);
  entry += "X-Envelope-From: " + message.sender + "\n";
  for (const std::string& recipient : message.recipients)
    entry += "X-Envelope-To: " + recipient + "\n";
  std::string_view rest = message.content;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (needs_quoting(line)) entry += '>';
    entry += line;
    entry += '\n';
  }
  return entry + "\n";
}

bool Store::add(const Message& message) const {
  if (!mbox.empty() && !append(mbox, mbox_entry(message))) return false;
  // The disk's time is no part of what a benchmark measures.
  if (!tally.empty() && !append(tally, tally_entry(message), false)) return false;
  return maildir.empty() || append(maildir + "/" + unique_name(), message.content);
}

}  // namespace sink
