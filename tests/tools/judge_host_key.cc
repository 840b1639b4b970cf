#include "base/failure.h"
#include "base/text.h"
#include "trust/base64.h"
#include "trust/pins.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

// judge_host_key HOST PORT ALIAS TYPE BASE64 [KNOWN_HOSTS...]: what trust::Pins says to a key that
// a host offers, `accept` or `refuse`, with the verdict and the remarks behind it. ALIAS may be
// empty. The test known_hosts_oracle.py holds the answers against those of ssh.

namespace {

using sshsm::trust::KnownHostsFile;
using sshsm::trust::Pins;

std::string read_file(const char* path) {
  std::string text;
  std::FILE* const file = std::fopen(path, "rb");
  if (file == nullptr) throw std::runtime_error(std::string("cannot open ") + path);
  std::array<char, 65536> piece{};
  while (const std::size_t length = std::fread(piece.data(), 1, piece.size(), file))
    text.append(piece.data(), length);
  std::fclose(file);
  return text;
}

const char* name_of(Pins::Verdict verdict) {
  switch (verdict) {
    case Pins::Verdict::pinned:
      return "accept pinned";
    case Pins::Verdict::revoked:
      return "refuse revoked";
    case Pins::Verdict::changed:
      return "refuse changed";
    case Pins::Verdict::type_unpinned:
      return "refuse type_unpinned";
  }
  return "refuse";
}

int judge(const std::vector<const char*>& words) {
  const auto port = sshsm::base::parse_number(words[1], 65535);
  const auto blob = sshsm::trust::decode_base64(words[4]);
  if (!port || !blob) return EXIT_FAILURE;
  std::vector<KnownHostsFile> files;
  for (std::size_t i = 5; i < words.size(); ++i) files.push_back({words[i], read_file(words[i])});
  const Pins pins({words[0], static_cast<std::uint16_t>(*port), words[2]}, files, {});
  std::puts(name_of(pins.judge({words[3], *blob})));
  for (const std::string& remark : pins.remarks()) std::puts(remark.c_str());
  return EXIT_SUCCESS;
}

}  // namespace

int main(int count, char** words) {
  if (count < 6) return EXIT_FAILURE;
  try {
    return judge({words + 1, words + count});
  } catch (const sshsm::base::Failure& failure) {
    std::printf("refuse %s\n", sshsm::base::explain(failure, {}, 500).c_str());
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "judge_host_key: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
