#pragma once

#include "base/descriptor.h"
#include "config/destination.h"

#include <string>

namespace sshsm::ssh {

/// The life of the dialler's child where there is a proxy-command: runs it for `host` when asked to
/// connect, says how it is when asked that, and ends it when its connection is closed, when the
/// next one is asked for, and when the other end of `socket` is closed. Descriptors 0-2 lead
/// nowhere already. Never returns.
[[noreturn]] void serve_proxies(const config::Destination& destination, const std::string& host,
                                base::Descriptor socket);

}  // namespace sshsm::ssh
