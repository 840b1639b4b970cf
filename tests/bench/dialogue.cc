#include "dialogue.h"

#include "../tools/sink_store.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace bench {
namespace {

using Pipe = std::array<int, 2>;

Pipe make_pipe() {
  Pipe ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) stop("pipe2");
  return ends;
}

[[noreturn]] void become(char** command, int input, int output) {
  if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0) stop("dup2");
  signal(SIGPIPE, SIG_DFL);
  execv(command[0], command);
  stop(command[0]);
}

Program start_with(char** command, int input, const Pipe& from) {
  const pid_t pid = fork();
  if (pid < 0) stop("fork");
  if (pid == 0) become(command, input, from[1]);
  close(from[1]);
  return {pid, -1, from[0]};
}

}  // namespace

void stop(const char* what) {
  std::perror(what);
  std::exit(99);
}

long now() {
  struct timespec time {};
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

long microseconds(const struct timeval& time) {
  return time.tv_sec * 1000000L + time.tv_usec;
}

void wait_at(int gate) {
  char byte;
  while (read(gate, &byte, 1) > 0) {
  }
  close(gate);
}

bool Dialogue::say(std::string_view text) const {
  return sink::write_all(input_, text);
}

bool Dialogue::expect(std::string_view code) {
  std::string line;
  reply_.clear();
  do {
    if (!reply_line(line)) return false;
    reply_ += line + '\n';
  } while (line.size() > 3 && line[3] == '-');
  return line.starts_with(code);
}

bool Dialogue::command(std::string_view line, std::string_view code) {
  return say(line) && expect(code);
}

bool Dialogue::reply_line(std::string& line) {
  std::size_t end;
  while ((end = replies_.find('\n')) == std::string::npos) {
    std::array<char, 4096> piece;
    const ssize_t count = read(output_, piece.data(), piece.size());
    if (count <= 0) return false;
    replies_.append(piece.data(), static_cast<std::size_t>(count));
  }
  line = replies_.substr(0, end);
  replies_.erase(0, end + 1);
  return true;
}

Program start(char** command, int batch) {
  return start_with(command, batch, make_pipe());
}

Program start_talking(char** command) {
  const Pipe to = make_pipe();
  Program program = start_with(command, to[0], make_pipe());
  close(to[0]);
  program.input = to[1];
  return program;
}

}  // namespace bench
