#include "fault_options.h"

#include "faults.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace fault_server {

void die(const std::string& what) {
  std::fprintf(stderr, "fault_server: %s\n", what.c_str());
  _exit(70);
}

Options read_options(int count, char** arguments) {
  Options options;
  int i = 1;
  for (; i + 1 < count && arguments[i] != std::string_view("--"); i += 2) {
    const std::string_view name = arguments[i];
    if (name == "--fault") options.fault = arguments[i + 1];
    if (name == "--key-type") options.key_type = arguments[i + 1];
    if (name == "--octets") options.octets = std::strtoul(arguments[i + 1], nullptr, 10);
    if (name == "--seconds")
      options.seconds = static_cast<unsigned>(std::strtoul(arguments[i + 1], nullptr, 10));
  }
  for (++i; i < count; ++i) options.sink.push_back(arguments[i]);
  if (std::none_of(faults.begin(), faults.end(),
                   [&](const Fault& fault) { return fault.name == options.fault; }))
    die("no such fault: " + options.fault);
  if (options.sink.empty()) options.sink.push_back(const_cast<char*>("/bin/false"));
  options.sink.push_back(nullptr);
  return options;
}

}  // namespace fault_server
