#pragma once

#include "base/descriptor.h"

#include <string>

namespace sshsm::keeper {

/// The directory that the path of a Unix socket leads to, held open, and the name in it. What is
/// asked here and what is removed is then in one directory: we may be root, and whoever may write
/// above it could make the path lead elsewhere in between, to a file that he may not remove.
class SocketPlace {
 public:
  /// `path` is absolute.
  explicit SocketPlace(const std::string& path);

  /// Whether a socket lies there, and no link to one.
  [[nodiscard]] bool has_socket() const noexcept;
  /// Whether it is a socket on which nobody listens any more.
  [[nodiscard]] bool is_dead() const noexcept;
  /// Whether this process listens there.
  [[nodiscard]] bool is_ours() const noexcept;
  /// False where it could not be removed: errno says why.
  [[nodiscard]] bool remove() const noexcept;

 private:
  [[nodiscard]] base::Descriptor connect() const noexcept;

  base::Descriptor directory_;
  std::string name_;
  std::string path_;  ///< through the descriptor
};

}  // namespace sshsm::keeper
