#include "mailer/progress_line.h"

#include "base/descriptor.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <thread>

using namespace sshsm::mailer;
using namespace sshsm::base;

namespace {

/// A terminal, and what its screen was told.
struct Terminal {
  Terminal() : controller(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
    REQUIRE(grantpt(controller.get()) == 0);
    REQUIRE(unlockpt(controller.get()) == 0);
    std::array<char, 64> name{};
    REQUIRE(ptsname_r(controller.get(), name.data(), name.size()) == 0);
    screen.reset(open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(screen);
  }

  [[nodiscard]] std::string told() const {
    std::string text;
    pollfd watched{controller.get(), POLLIN, 0};
    while (poll(&watched, 1, 50) == 1) {
      std::string piece(4096, '\0');
      const ssize_t size = read(controller.get(), piece.data(), piece.size());
      if (size <= 0) break;
      text += piece.substr(0, static_cast<std::size_t>(size));
    }
    return text;
  }

  Descriptor controller;
  Descriptor screen;
};

constexpr std::size_t large = ProgressLine::max_small + 1;

}  // namespace

TEST_CASE("a large message has a line of octets and rate, and nothing of it is left") {
  const Terminal terminal;
  ProgressLine progress(terminal.screen.get());
  progress.begin(large);
  progress.advance(12'345'678);
  const std::string line = terminal.told();
  CHECK(line.starts_with("\rsent 12.3 MB, "));
  CHECK(line.ends_with(" MB/s"));
  progress.clear();
  CHECK(terminal.told() == "\r" + std::string(line.size() - 1, ' ') + "\r");
  progress.clear();
  CHECK(terminal.told().empty());
}

TEST_CASE("a message of a megabyte has no line") {
  const Terminal terminal;
  ProgressLine progress(terminal.screen.get());
  progress.begin(ProgressLine::max_small);
  progress.advance(ProgressLine::max_small);
  CHECK(terminal.told().empty());
}

TEST_CASE("it is drawn a few times a second, over the one before") {
  const Terminal terminal;
  ProgressLine progress(terminal.screen.get());
  progress.begin(large);
  for (int i = 0; i < 1000; ++i) progress.advance(100'000);
  CHECK(terminal.told().starts_with("\rsent 0.1 MB, "));
  std::this_thread::sleep_for(ProgressLine::pause);
  for (int i = 0; i < 1000; ++i) progress.advance(1);
  const std::string line = terminal.told();
  CHECK(line.starts_with("\rsent 100.0 MB, "));
  CHECK(line.find('\r', 1) == std::string::npos);
}

TEST_CASE("the next message begins at nothing") {
  const Terminal terminal;
  ProgressLine progress(terminal.screen.get());
  progress.begin(large);
  progress.advance(5'000'000);
  progress.begin(large);
  CHECK(terminal.told().ends_with(" \r"));
  progress.advance(2'000'000);
  CHECK(terminal.told().starts_with("\rsent 2.0 MB, "));
}

TEST_CASE("what is no terminal is told nothing") {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const Descriptor reader(ends[0]);
  const Descriptor writer(ends[1]);
  ProgressLine progress(writer.get());
  progress.begin(large);
  progress.advance(large);
  progress.clear();
  char octet = 0;
  CHECK(read(reader.get(), &octet, 1) == -1);
}

TEST_CASE("a terminal whose output is stopped holds nobody") {
  const Terminal terminal;
  ProgressLine progress(terminal.screen.get());
  REQUIRE(tcflow(terminal.screen.get(), TCOOFF) == 0);
  const Clock::time_point began = Clock::now();
  progress.begin(large);
  progress.advance(large);
  progress.clear();
  CHECK(Clock::now() - began < Milliseconds(1000));
  REQUIRE(tcflow(terminal.screen.get(), TCOON) == 0);
  CHECK(terminal.told().empty());
}
