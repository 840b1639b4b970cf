#include "privilege/landlock.h"

#include "base/descriptor.h"
#include "base/failure.h"
#include "base/text.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace sshsm::privilege {
namespace {

// The kernel headers of Debian 12 know only ABI 2, so the later parts are spelled out here. The
// numbers are of the kernel's user interface (linux/landlock.h) and never change.
constexpr long create_ruleset = 444;
constexpr long restrict_self = 446;
constexpr unsigned ask_for_abi = 1;

/// struct landlock_ruleset_attr. An older kernel is given only as much of it as it knows.
struct Ruleset {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};

/// What one ABI can deny, all of it.
struct Abi {
  int number;
  std::size_t size;
  Ruleset rights;
};

constexpr std::uint64_t lowest(unsigned bits) {
  return (std::uint64_t{1} << bits) - 1;
}
constexpr std::size_t files_only = offsetof(Ruleset, handled_access_net);
constexpr std::size_t files_and_tcp = offsetof(Ruleset, scoped);

/// The newest first.
constexpr auto abis = std::to_array<Abi>({
    {6, sizeof(Ruleset), {lowest(16), lowest(2), lowest(2)}},
    {5, files_and_tcp, {lowest(16), lowest(2), 0}},  // ioctl on devices
    {4, files_and_tcp, {lowest(15), lowest(2), 0}},  // TCP
    {3, files_only, {lowest(15), 0, 0}},             // truncation
    {2, files_only, {lowest(14), 0, 0}},             // linking into another directory
    {1, files_only, {lowest(13), 0, 0}},
});

const Abi* newest_abi() noexcept {
  const long known = syscall(create_ruleset, nullptr, 0, ask_for_abi);
  for (const Abi& abi : abis)
    if (known >= abi.number) return &abi;
  return nullptr;
}

}  // namespace

bool deny_by_landlock() {
  const Abi* const abi = newest_abi();
  if (abi == nullptr) return false;
  const base::Descriptor ruleset(
      static_cast<int>(syscall(create_ruleset, &abi->rights, abi->size, 0U)));
  if (!ruleset || syscall(restrict_self, ruleset.get(), 0U) != 0)
    throw base::Failure(base::Cause::resources_exhausted,
                        base::concat({"Landlock: ", base::system_error_text(errno)}));
  return true;
}

}  // namespace sshsm::privilege
