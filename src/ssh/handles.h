#pragma once

#include <libssh/libssh.h>

#include <memory>

namespace sshsm::ssh {

/// Calls a C library's free function; what libsshpp does, without its exceptions (notes: it throws
/// for one error code of several).
template <auto free_function>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const noexcept {
    free_function(handle);
  }
};

using SessionHandle = std::unique_ptr<ssh_session_struct, Deleter<ssh_free>>;
using KeyHandle = std::unique_ptr<ssh_key_struct, Deleter<ssh_key_free>>;
using EventHandle = std::unique_ptr<ssh_event_struct, Deleter<ssh_event_free>>;
using StringHandle = std::unique_ptr<char, Deleter<ssh_string_free_char>>;

}  // namespace sshsm::ssh
