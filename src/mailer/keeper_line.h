#pragma once

#include "base/descriptor.h"
#include "mailer/line.h"
#include "mailer/socket_stream.h"

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::mailer {

/// The line that the destination's keeper holds: SMTP on a Unix socket. A 421 from him is his
/// failure to get mail there, in our own words, and it is final for this call: whoever dialled
/// beside him would meet the same fault, a thousand times in a queue run.
class KeeperLine final : public Line {
 public:
  /// `connections` to the keeper's socket at `path`, one for each channel that will be wanted,
  /// since the sandbox lets nobody make another; the first at least.
  KeeperLine(config::Destination destination, std::vector<base::Descriptor> connections,
             std::string path);

  void open(base::Waiter& waiter) override;
  [[nodiscard]] bool is_open() const override { return stream_ != nullptr; }
  void open_another_channel(base::Waiter& waiter) override;
  /// But for a caller who named no mode. What the keeper says is final.
  [[nodiscard]] bool has_one_channel() const override { return true; }
  /// The keeper takes care of that.
  [[nodiscard]] std::size_t messages_per_channel() const override {
    return std::numeric_limits<std::size_t>::max();
  }
  void hang_up() override;
  /// Holds the greeting back until it is whole.
  [[nodiscard]] Arrival receive() override;
  [[nodiscard]] base::Failure explain_end(bool is_greeted, std::string_view unfinished_line,
                                          base::Waiter& waiter) override;
  [[nodiscard]] base::ByteStream& channel() override { return *stream_; }
  [[nodiscard]] std::string_view phase() const override { return "greeting"; }
  [[nodiscard]] const std::string& host() const override { return host_; }
  [[nodiscard]] Relay relay() const override { return {destination().name, path_, 0}; }
  [[nodiscard]] Timeline timeline() const override { return timeline_; }

 private:
  /// The keeper says 421 where no more is to come, and 451 of a message.
  [[nodiscard]] std::optional<base::Failure> failure_told_by(std::string_view reply) override;
  [[nodiscard]] std::optional<base::Failure> read_refusal(std::string_view line);

  std::vector<base::Descriptor> connections_;
  std::string path_;
  std::string host_;
  Timeline timeline_;
  std::unique_ptr<SocketStream> stream_;
  std::string greeting_;  ///< as far as it came
  bool is_greeted_ = false;
};

}  // namespace sshsm::mailer
