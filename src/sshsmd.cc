// sshsmd: keeps the line to one destination warm for local clients. Arguments in, exit status out.

#include "keeper/run.h"
#include "keeper/supervisor.h"
#include "privilege/start.h"

#include <unistd.h>

#include <cstddef>
#include <span>

int main(int argc, char** argv) {
  const sshsm::keeper::Supervision supervision = sshsm::keeper::read_supervision();
  sshsm::privilege::start_clean(static_cast<unsigned>(supervision.names.size()));
  // A caller may leave out even the program's name.
  const std::size_t skipped = argc > 0 ? 1 : 0;
  const std::span<char* const> words(argv + skipped, static_cast<std::size_t>(argc) - skipped);
  _exit(static_cast<int>(sshsm::keeper::run(words, supervision)));
}
