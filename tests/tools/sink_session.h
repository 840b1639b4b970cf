#pragma once

#include "sink_script.h"
#include "sink_store.h"

namespace sink {

/// One SMTP session on standard input and output as the script says. `transcript` is a descriptor
/// that gets every byte received, or -1. Ends the process.
[[noreturn]] void serve(Script script, Store store, int transcript);

}  // namespace sink
