#include "keeper/texts.h"

#include "base/failure.h"
#include "base/text.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::Descriptor;
using base::Failure;

/// Texts one behind the other, each with its length before it.
class Writer {
 public:
  explicit Writer(const Descriptor& file) : file_(file.get()) {}

  void add(std::string_view text) {
    const std::uint64_t size = text.size();
    put({reinterpret_cast<const char*>(&size), sizeof size});
    put(text);
  }

 private:
  void put(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = write(file_, bytes.data(), bytes.size());
      if (count < 0) throw Failure(Cause::resources_exhausted, base::system_error_text(errno));
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  int file_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::string next() {
    std::uint64_t size = 0;
    const std::string_view head = take(sizeof size);
    std::memcpy(&size, head.data(), sizeof size);
    return std::string(take(size));
  }
  [[nodiscard]] bool is_at_end() const { return bytes_.empty(); }

 private:
  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size()) throw Failure(Cause::internal_error, "the attendant's file is short");
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
};

/// The whole of a file whose reader wipes it.
class Contents {
 public:
  explicit Contents(const Descriptor& file) {
    // Not fstat(3), which is a look-up by path to the sandbox.
    const off_t whole = lseek(file.get(), 0, SEEK_END);
    if (whole < 0 || lseek(file.get(), 0, SEEK_SET) != 0) fail();
    bytes_.resize(static_cast<std::size_t>(whole));
    std::size_t size = 0;
    while (size < bytes_.size()) {
      const ssize_t count = read(file.get(), bytes_.data() + size, bytes_.size() - size);
      if (count <= 0) fail();
      size += static_cast<std::size_t>(count);
    }
  }
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;
  ~Contents() { explicit_bzero(bytes_.data(), bytes_.size()); }

  [[nodiscard]] std::string_view view() const { return bytes_; }

 private:
  [[noreturn]] static void fail() {
    throw Failure(Cause::internal_error, "the attendant's file cannot be read");
  }

  std::string bytes_;
};

}  // namespace

Descriptor pack(const Texts& texts) {
  Descriptor file(memfd_create("sshsm", MFD_CLOEXEC));
  if (!file) throw Failure(Cause::resources_exhausted, base::system_error_text(errno));
  Writer writer(file);
  writer.add(texts.own.path);
  writer.add(texts.own.text);
  writer.add(texts.defaults ? texts.defaults->path : std::string());
  writer.add(texts.defaults ? texts.defaults->text : std::string());
  writer.add(texts.key.key);
  writer.add(texts.key.certificate);
  for (const trust::KnownHostsFile& known_hosts : texts.known_hosts) {
    writer.add(known_hosts.path);
    writer.add(known_hosts.text);
  }
  return file;
}

Texts unpack(const Descriptor& file) {
  const Contents contents(file);
  Reader reader(contents.view());
  Texts texts;
  texts.own.path = reader.next();
  texts.own.text = reader.next();
  config::ConfigText defaults{reader.next(), {}};
  defaults.text = reader.next();
  if (!defaults.path.empty()) texts.defaults = std::move(defaults);
  texts.key.key = reader.next();
  texts.key.certificate = reader.next();
  while (!reader.is_at_end()) {
    std::string path = reader.next();
    texts.known_hosts.push_back({std::move(path), reader.next()});
  }
  return texts;
}

}  // namespace sshsm::keeper
