#pragma once

#include <cstddef>
#include <random>
#include <string_view>

namespace sshsm::smtp {

/// Where an encounter takes its choices from: a generator with this seed; or octets, two for each
/// choice, so that a fuzzer can choose, and behind their end a generator that is always the same.
class Choices {
 public:
  using Number = std::mt19937::result_type;

  explicit Choices(unsigned seed) : random_(seed) {}
  explicit Choices(std::string_view octets) : octets_(octets) {}

  Number operator()() {
    if (octets_.size() < 2) return random_();
    const Number number = octet(0) << 8U | octet(1);
    octets_.remove_prefix(2);
    return number;
  }

 private:
  [[nodiscard]] Number octet(std::size_t index) const {
    return static_cast<unsigned char>(octets_[index]);
  }

  std::mt19937 random_;
  std::string_view octets_;
};

}  // namespace sshsm::smtp
