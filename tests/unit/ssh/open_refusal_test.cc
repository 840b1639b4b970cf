#include "ssh/open_refusal.h"

#include <doctest/doctest.h>

using sshsm::ssh::OpenRefusal;
using sshsm::ssh::read_open_refusal;

namespace {

OpenRefusal refusal(std::string_view text) {
  const auto found = read_open_refusal(text);
  CHECK(found.has_value());
  return found.value_or(OpenRefusal{});
}

}  // namespace

TEST_CASE(
    "the number and the words of a host that opens no channel are found in libssh's sentence") {
  const OpenRefusal prohibited =
      refusal("Channel opening failure: channel 43 error (1) open failed");
  CHECK(prohibited.reason == 1);
  CHECK(prohibited.words == "open failed");
  CHECK_FALSE(prohibited.is_connect_failed());

  const OpenRefusal failed =
      refusal("Channel opening failure: channel 4294967295 error (2) Connection refused");
  CHECK(failed.reason == 2);
  CHECK(failed.words == "Connection refused");
  CHECK(failed.is_connect_failed());

  CHECK(refusal("Channel opening failure: channel 43 error (4294967295) ").words.empty());
}

TEST_CASE("a host whose words look like libssh's sentence changes no number") {
  const OpenRefusal sly = refusal(
      "Channel opening failure: channel 43 error (1) x\n"
      "Channel opening failure: channel 43 error (2) y");
  CHECK(sly.reason == 1);
  CHECK(sly.words == "x\nChannel opening failure: channel 43 error (2) y");
}

TEST_CASE("another sentence of libssh's is no refusal") {
  for (const char* const text :
       {"", "Socket error: disconnected", "Channel opening failure: channel ",
        "Channel opening failure: channel 43 error (",
        "Channel opening failure: channel 43 error (2)",
        "Channel opening failure: channel 43 error () open failed",
        "Channel opening failure: channel x error (2) open failed",
        "Channel opening failure: channel 43 error (4294967296) open failed",
        " Channel opening failure: channel 43 error (2) open failed"}) {
    CAPTURE(text);
    CHECK_FALSE(read_open_refusal(text).has_value());
  }
}
