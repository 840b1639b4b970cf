#include "base/trace.h"

#include "base/descriptor.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

using namespace sshsm::base;

namespace {

std::string read_all(int descriptor) {
  std::string text(100000, '\0');
  const ssize_t size = read(descriptor, text.data(), text.size());
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

}  // namespace

TEST_CASE("a pipe is told 8 KiB at most, in whole lines") {
  std::array<int, 2> pair{};
  REQUIRE(pipe2(pair.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const Descriptor reader(pair[0]);
  const Descriptor writer(pair[1]);
  Trace trace(writer.get());
  for (int i = 0; i < 1000; ++i) trace.note("a line of some length that is told again and again");
  const std::string told = read_all(reader.get());
  CHECK(told.size() <= Trace::max_trace_on_pipe);
  CHECK(told.size() > Trace::max_trace_on_pipe - 200);
  CHECK(told.ends_with("again and again\n"));
}

TEST_CASE("a file is told everything") {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  Trace trace(fileno(file));
  for (int i = 0; i < 1000; ++i) trace.dialogue('>', "NOOP");
  rewind(file);
  const std::string told = read_all(fileno(file));
  CHECK(told.size() >= 1000 * std::string(" ms > NOOP\n").size());
  std::fclose(file);
}

TEST_CASE("what is withheld is said when it is known where, in its order and with its time") {
  std::array<int, 2> pair{};
  REQUIRE(pipe2(pair.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const Descriptor reader(pair[0]);
  const Descriptor writer(pair[1]);
  Trace trace = Trace::withheld();
  CHECK(trace.is_on());
  trace.note("one");
  trace.dialogue('<', "two");
  trace.speak_to(writer.get());
  trace.note("three");
  std::string told = read_all(reader.get());
  std::erase_if(told, [](char c) { return c == ' ' || (c >= '0' && c <= '9'); });
  CHECK(told == "ms*one\nms<two\nms*three\n");
}

TEST_CASE("no more is withheld than a pipe is told, and that in whole lines") {
  std::array<int, 2> pair{};
  REQUIRE(pipe2(pair.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const Descriptor reader(pair[0]);
  const Descriptor writer(pair[1]);
  Trace trace = Trace::withheld();
  for (int i = 0; i < 1000; ++i) trace.note("a line of some length that is told again and again");
  trace.speak_to(writer.get());
  trace.note("a line that finds no room");
  const std::string told = read_all(reader.get());
  CHECK(told.size() <= Trace::max_trace_on_pipe);
  CHECK(told.size() > Trace::max_trace_on_pipe - 200);
  CHECK(told.ends_with("again and again\n"));
}

TEST_CASE("a silent trace stays silent wherever it would speak to") {
  std::array<int, 2> pair{};
  REQUIRE(pipe2(pair.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const Descriptor reader(pair[0]);
  const Descriptor writer(pair[1]);
  Trace trace;
  trace.speak_to(writer.get());
  trace.note("nobody asked");
  CHECK(read_all(reader.get()).empty());
}

TEST_CASE("a trace that is off writes nowhere") {
  Trace trace;
  CHECK_FALSE(trace.is_on());
  trace.note("nobody listens");
}
