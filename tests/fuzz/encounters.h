#pragma once

namespace sshsm::fuzz {

/// The encounters of tests/unit/smtp check with doctest: outside of a test case a check that fails
/// ends the process, with its words.
void make_checks_abort();

}  // namespace sshsm::fuzz
