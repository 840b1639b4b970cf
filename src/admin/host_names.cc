#include "admin/host_names.h"

#include "base/text.h"
#include "trust/host_name.h"

namespace sshsm::admin {

std::string host_text(const config::Destination& destination, std::size_t index) {
  return trust::with_port(trust::canonical_host(destination.hosts.at(index)), destination.port);
}

std::string hosts_text(const config::Destination& destination) {
  std::string text;
  for (std::size_t index = 0; index < destination.hosts.size(); ++index)
    text += base::concat({index == 0 ? "" : " or ", host_text(destination, index)});
  return text;
}

}  // namespace sshsm::admin
