#include "ssh/received_bytes.h"

#include <doctest/doctest.h>

#include <string>

using sshsm::ssh::ReceivedBytes;

TEST_CASE("bytes are consumed in the order in which they came") {
  ReceivedBytes bytes;
  bytes.append("220 mx");
  bytes.append(" ready");
  CHECK(bytes.view() == "220 mx ready");
  bytes.consume(4);
  bytes.append("\r\n");
  CHECK(bytes.view() == "mx ready\r\n");
  bytes.consume(10);
  CHECK(bytes.view().empty());
  CHECK_FALSE(bytes.is_flooded());
}

TEST_CASE("what waits to be consumed has a limit, and one octet more is a flood") {
  ReceivedBytes bytes;
  bytes.append(std::string(ReceivedBytes::max_size, 'x'));
  CHECK_FALSE(bytes.is_flooded());
  bytes.append("x");
  CHECK(bytes.is_flooded());
  CHECK(bytes.view().size() == ReceivedBytes::max_size);
  bytes.append("x");
  CHECK(bytes.view().size() == ReceivedBytes::max_size);
}

TEST_CASE("what was consumed does not count against the limit") {
  ReceivedBytes bytes;
  for (int i = 0; i < 10; ++i) {
    bytes.append(std::string(ReceivedBytes::max_size, 'x'));
    bytes.consume(ReceivedBytes::max_size);
  }
  CHECK_FALSE(bytes.is_flooded());
}
