#pragma once

#include "smtp/reply.h"

#include <optional>

namespace sshsm::smtp {

/// What a mail server offered in its answer to EHLO: the keywords we act on, all others left out.
struct Capabilities {
  bool pipelining = false;             ///< RFC 2920
  bool chunking = false;               ///< RFC 3030: BDAT
  bool size = false;                   ///< RFC 1870
  bool eight_bit_mime = false;         ///< RFC 6152
  bool dsn = false;                    ///< RFC 3461
  bool smtputf8 = false;               ///< RFC 6531
  bool enhanced_status_codes = false;  ///< RFC 2034

  /// The largest message he takes, in octets; none where he did not say or said 0.
  std::optional<unsigned long> max_size;
};

/// Reads the answer to EHLO: a keyword a line behind the first, in whatever case, bounded by what a
/// reply may hold. `SIZE=1000`, as old servers write it, is read like `SIZE 1000`.
[[nodiscard]] Capabilities parse_capabilities(const Reply& reply);

}  // namespace sshsm::smtp
