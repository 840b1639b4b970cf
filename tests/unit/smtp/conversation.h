#pragma once

#include "smtp/client.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sshsm::smtp {

/// A client past EHLO, with a hand on each octet that it sends.
struct Conversation {
  explicit Conversation(const std::vector<std::string_view>& offered, Observer observer = {})
      : client("client.example", std::move(observer)) {
    hear("220 mx");
    (void)send_all();
    std::string answer = "250-mx\r\n";
    for (const std::string_view keyword : offered) answer += "250-" + std::string(keyword) + "\r\n";
    client.receive(answer + "250 DSN\r\n");
  }

  void hear(std::string_view line) { client.receive(std::string(line) + "\r\n"); }

  std::string send_all() { return send(client.output().size()); }

  std::string send(std::size_t count) {
    std::string sent(client.output().substr(0, count));
    client.sent(count);
    return sent;
  }

  /// A message for one recipient; the envelope is accepted and sent.
  void begin(std::optional<std::size_t> size) {
    client.begin({"<a@a>", {}, {{"<b@b>", {}}}}, size);
    (void)send_all();
    hear("250 sender");
    hear("250 recipient");
  }

  Client client;
};

}  // namespace sshsm::smtp
