#include "encounters.h"

#include "law.h"

#include <doctest/doctest.h>

#include <string>

namespace sshsm::fuzz {
namespace {

void on_check(const doctest::AssertData& check) {
  if (!check.m_failed) return;
  const std::string place = std::string(check.m_file) + ":" + std::to_string(check.m_line);
  break_law(place + ": " + check.m_expr, check.m_decomp.c_str());
}

doctest::Context& checks() {
  static doctest::Context context;
  return context;
}

}  // namespace

void make_checks_abort() {
  static const bool is_made = [] {
    checks().setAsDefaultForAssertsOutOfTestCases();
    checks().setAssertHandler(on_check);
    return true;
  }();
  (void)is_made;
}

}  // namespace sshsm::fuzz
