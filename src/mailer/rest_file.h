#pragma once

#include "base/descriptor.h"
#include "smtp/body_reader.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::mailer {

/// The file of --rest: what was not accepted of a batch, as a batch to run again.
///
/// It takes the octets of the batch as they came, so that line ends, parameters and what nobody
/// understands stay as they are. What was added last can be cut off again up to the place where it
/// was last said to be kept: a caller that adds a message only when the one before it is decided
/// needs no more than that.
///
/// The file is made before the sandbox closes the file system off, so it can be emptied but not
/// removed: an empty file means that nothing is left.
class RestFile {
 public:
  /// Makes the file, which must not exist (nor may a symbolic link of that name): whoever names the
  /// batch itself, or the rest of an earlier run, must not lose it. Throws `Failure` rest_refused.
  explicit RestFile(const std::string& path);

  /// Appends. Throws as `give_up` does where it cannot.
  void add(std::string_view octets);
  /// What was added stays.
  void keep();
  /// Takes away what was added since `keep`. Throws `Failure` rest_unwritable.
  void cut_off();

  /// Makes sure that the first line says how the lines of the batch end, since the reader believes
  /// it: where it stands at the beginning of the file, a malformed line that ends otherwise would
  /// turn all lines behind it into something else. Does nothing in any other case. Throws as `add`.
  void state_line_end(smtp::LineEnd line_end);

  /// Nothing more can be added. Cuts off what was not said to be kept, so that the file holds whole
  /// messages, and throws `Failure` rest_unwritable with the line of the batch behind them.
  [[noreturn]] void give_up(std::string_view reason);

  /// Puts it on the disk and closes it. Throws `Failure` rest_unwritable where that is in doubt, if
  /// there is anything in it.
  void finish();

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  void write(std::string_view octets);
  void remember_first_line(std::string_view octets);
  [[noreturn]] void fail(std::string_view what, std::string_view reason) const;

  std::string shown_path_;
  base::Descriptor file_;
  std::size_t size_ = 0;
  std::size_t kept_size_ = 0;
  std::size_t lines_ = 0;  ///< of the batch, as tail(1) counts them
  std::size_t kept_lines_ = 0;
  std::string first_line_;  ///< of the file, as far as it is no longer than a command
};

}  // namespace sshsm::mailer
