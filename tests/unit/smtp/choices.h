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
  explicit Choices(std::string_view octets) : octets_(octets), is_fuzzed_(true) {}

  Number operator()() {
    if (octets_.size() < 2) return random_();
    const Number number = octet(0) << 8U | octet(1);
    octets_.remove_prefix(2);
    return number;
  }

  /// Chooses what costs a thousand times the rest: a generator does once in so many times; octets
  /// do by one pair of them alone, or a fuzzer, who is fond of zeros, would try little else.
  [[nodiscard]] bool once_in(Number times) {
    const Number number = (*this)();
    return is_fuzzed_ ? number == fuzzed_once : number % times == 0;
  }

 private:
  static constexpr Number fuzzed_once = 0xb16d;

  [[nodiscard]] Number octet(std::size_t index) const {
    return static_cast<unsigned char>(octets_[index]);
  }

  std::mt19937 random_;
  std::string_view octets_;
  bool is_fuzzed_ = false;
};

}  // namespace sshsm::smtp
