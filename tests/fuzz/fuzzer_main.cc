#include "target.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// libFuzzer has the main, and calls this with each input that it makes up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  sshsm::fuzz::try_input({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
