#include "target.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// replay PATH...: tries each file, and each file of each directory, so that what a fuzzer has found
// stays found by any compiler. Says how many there were; none at all is a failure.

namespace {

// For the handler of a signal, which gets nothing else.
std::string current;

void name_the_input(int) {
  const std::string_view words = "in the input ";
  (void)!write(STDERR_FILENO, words.data(), words.size());
  (void)!write(STDERR_FILENO, current.data(), current.size());
  (void)!write(STDERR_FILENO, "\n", 1);
}

std::vector<std::string> files_in(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) throw std::runtime_error("cannot find " + path);
  if (!S_ISDIR(status.st_mode)) return {path};
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), closedir);
  if (!directory) throw std::runtime_error("cannot list " + path);
  std::vector<std::string> files;
  while (const dirent* const entry = readdir(directory.get()))
    if (entry->d_name[0] != '.') files.push_back(path + "/" + entry->d_name);
  std::sort(files.begin(), files.end());
  return files;
}

std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) throw std::runtime_error("cannot open " + path);
  std::string text;
  std::array<char, 65536> piece{};
  while (const std::size_t length = std::fread(piece.data(), 1, piece.size(), file.get()))
    text.append(piece.data(), length);
  return text;
}

}  // namespace

int main(int count, char** paths) {
  std::signal(SIGABRT, name_the_input);
  std::size_t tried = 0;
  for (int i = 1; i < count; ++i) {
    for (const std::string& path : files_in(paths[i])) {
      current = path;
      sshsm::fuzz::try_input(read_file(path));
      ++tried;
    }
  }
  std::printf("%zu inputs\n", tried);
  return tried > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
