#pragma once

#include "base/failure.h"
#include "trust/pins.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sshsm::ssh {

/// True where the attempt never got as far as an SSH banner, so that nobody has shown who he is
/// yet: only then may the next host be tried. Whoever has shown a wrong key, or refused ours, must
/// not be able to send us on to a host that suits him better.
[[nodiscard]] bool leads_to_next_host(base::Cause cause) noexcept;

/// What became of each host of a list that mail could not go to, for one sentence about all.
class UnreachedHosts {
 public:
  /// The octets that the other hosts get in the detail of a failure.
  static constexpr std::size_t max_others = 240;
  /// What the host in hand keeps for itself where others are to be told of.
  static constexpr std::size_t max_detail = 160;
  static constexpr std::size_t max_peer_text = 60;

  /// Was dialled, and gave no banner.
  void add(const std::string& host, const base::Failure& failure);
  /// Has no pin that holds: it is not dialled.
  void add_unpinned(const std::string& host, const trust::Pins& pins);
  /// The time was up before its turn came.
  void add_left_over(const std::string& host);

  /// What became of the host that was added last: `HOST: sentence: detail`, for -v. With the
  /// peer's words, quoted.
  [[nodiscard]] std::string last() const;

  /// The failure of a host that did answer, with the others in its detail.
  [[nodiscard]] base::Failure beside(const base::Failure& failure) const;
  /// The failure of the host that was dialled last, with the others in its detail:
  /// `… (other hosts: HOST: sentence: detail; HOST: not tried: sentence)`. Where that is more than
  /// `max_others`, sentences alone, and hosts of one sentence together.
  [[nodiscard]] base::Failure sum() const;
  /// The host that `sum` is about.
  [[nodiscard]] const std::string& last_dialled() const;

 private:
  struct Entry {
    std::string host;
    std::string words;
    std::string detail;
    std::optional<base::Failure> failure;  ///< of one that was dialled
  };

  [[nodiscard]] const Entry* find_last_dialled() const;
  [[nodiscard]] std::string others_in_detail(const Entry* left_out) const;
  [[nodiscard]] std::string others_in_short(const Entry* left_out) const;
  [[nodiscard]] std::string others(const Entry* left_out) const;

  std::vector<Entry> entries_;
};

}  // namespace sshsm::ssh
