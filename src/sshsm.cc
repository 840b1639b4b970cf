// sshsm: SMTP over SSH. Arguments in, exit status out; everything else is in the rooms.

#include "mailer/run.h"
#include "privilege/start.h"

#include <unistd.h>

#include <cstddef>
#include <span>

int main(int argc, char** argv) {
  sshsm::privilege::start_clean();
  // A caller may leave out even the program's name.
  const std::size_t skipped = argc > 0 ? 1 : 0;
  const std::span<char* const> words(argv + skipped, static_cast<std::size_t>(argc) - skipped);
  // No destructor has anything to say to the peer, and none may turn success into a crash.
  _exit(static_cast<int>(sshsm::mailer::run(words)));
}
