#include "child.h"

#include "base/failure.h"
#include "base/text.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>

namespace sshsm::privilege {

struct Report::Page {
  std::size_t size = 0;
  std::array<char, 16384> text{};
};

Report::Report() {
  void* const memory =
      mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  page_ = new (memory) Page;
}

Report::~Report() {
  munmap(page_, sizeof(Page));
}

void Report::add(std::string_view fact, std::string_view value) {
  const std::string line = base::concat({fact, ": ", value, "\n"});
  const std::size_t size = std::min(line.size(), page_->text.size() - page_->size);
  std::memcpy(page_->text.data() + page_->size, line.data(), size);
  page_->size += size;
}

void Report::add_call(std::string_view fact, long result) {
  add(fact, result < 0 ? strerrorname_np(errno) : "done");
}

std::string Report::text() const {
  return {page_->text.data(), page_->size};
}

Ending run_in_child(const std::function<void(Report&)>& work) {
  Report report;
  const pid_t child = fork();
  if (child == 0) {
    try {
      work(report);
    } catch (const base::Failure& failure) {
      report.add("exception", base::describe(failure, "", ""));
      _exit(1);
    } catch (const std::exception& exception) {
      report.add("exception", exception.what());
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status), report.text()};
}

bool is_root() noexcept {
  return geteuid() == 0;
}

}  // namespace sshsm::privilege
