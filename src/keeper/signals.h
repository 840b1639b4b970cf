#pragma once

#include "base/descriptor.h"

#include <optional>

namespace sshsm::keeper {

/// SIGTERM, SIGINT and SIGHUP as events of the loop instead of the end of the process. Made before
/// the sandbox. Children that are forked later inherit that they are blocked.
class Signals {
 public:
  enum class Wish { stop, reread };

  /// Throws `Failure` resources_exhausted.
  Signals();

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// The next one that came.
  [[nodiscard]] std::optional<Wish> take();

 private:
  base::Descriptor descriptor_;
};

}  // namespace sshsm::keeper
