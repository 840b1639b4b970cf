#include "admin/check_report.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace sshsm::admin;
using sshsm::base::Milliseconds;

namespace {

StepReport well() {
  return {"banner", {"\"SSH-2.0-x\""}, Milliseconds(3)};
}

StepReport broken() {
  const Fault fault{"host-key-changed", "4.7.0 sshsm: friend (mx): host key changed",
                    "pin the new one"};
  return {"host key", {.seen = "host key changed", .fault = fault}, Milliseconds(12)};
}

}  // namespace

TEST_CASE("a step that is well is one line") {
  CHECK(text_of(well()) == "ok    banner          \"SSH-2.0-x\" (3 ms)\n");
}

TEST_CASE("a step that failed is followed by the mailer's sentence and the remedy") {
  CHECK(text_of(broken()) ==
        "FAIL  host key        host key changed (12 ms)\n"
        "4.7.0 sshsm: friend (mx): host key changed\n"
        "remedy: pin the new one\n");
}

TEST_CASE("a check is one JSON object on one line, without a fault where all is well") {
  const std::array reports{well()};
  CHECK(json_of("friend", "mx", reports) ==
        "{\"destination\":\"friend\",\"host\":\"mx\",\"is_well\":true,\"steps\":[{\"step\":"
        "\"banner\",\"is_well\":true,\"seen\":\"\\\"SSH-2.0-x\\\"\",\"milliseconds\":3}],"
        "\"fault\":null}\n");
}

TEST_CASE("the object has the fault with its code, and no host where none is known") {
  const std::array reports{broken()};
  CHECK(json_of("friend", "", reports) ==
        "{\"destination\":\"friend\",\"host\":null,\"is_well\":false,\"steps\":[{\"step\":"
        "\"host key\",\"is_well\":false,\"seen\":\"host key changed\",\"milliseconds\":12}],"
        "\"fault\":{\"step\":\"host key\",\"cause\":\"host-key-changed\",\"code\":\"4.7.0\","
        "\"sentence\":\"4.7.0 sshsm: friend (mx): host key changed\",\"remedy\":"
        "\"pin the new one\"}}\n");
}
