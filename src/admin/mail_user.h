#pragma once

#include "admin/place.h"

#include <cstddef>
#include <functional>
#include <string_view>

namespace sshsm::admin {

/// The most that a child may tell its parent: who has met a hostile host may be a hostile child. A
/// configuration file, 64 KiB at most, is one record.
inline constexpr std::size_t max_record = 96UL * 1024;
inline constexpr std::size_t max_records = 4096;

/// Takes one record.
using Hear = std::function<void(std::string_view record)>;
/// What the child does. Each record that it gives to `tell` reaches its parent; the references are
/// valid while it runs.
using Work = std::function<void(const Hear& tell)>;

/// Runs `work` in a child process that has become the mail user for good, so that root parses no
/// byte of a peer's, and calls `hear` here with each record as it comes. The child has no terminal
/// and no standard output: what it says is what its records say, and these are not to be trusted
/// once it has met a peer. The sandbox is left to `work`, which may have a dialler to fork before
/// that.
///
/// A `Failure` or `Refusal` that ends `work` is thrown here again, with its text made printable.
/// Throws `Failure` internal_error where the child ends otherwise, or tells more than it may. The
/// child is gone when this returns.
void as_mail_user(const Place& place, const Work& work, const Hear& hear);

}  // namespace sshsm::admin
