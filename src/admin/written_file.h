#pragma once

#include "privilege/account.h"

#include <sys/types.h>

#include <string>
#include <string_view>

namespace sshsm::admin {

/// Whose a file becomes, and who may read it.
struct Ownership {
  uid_t user;
  gid_t group;
  mode_t mode;
};

/// What becomes of a file of that name that is there already.
enum class Existing { kept, replaced };

// Each of them refuses where root would go a way that others may change (`check_roots_path`).

/// Writes a whole file: under another name beside it, to the disk, and only then under its own, so
/// that nobody ever reads half of it and no symbolic link leads it astray. Throws `Refusal`; then
/// nothing is left behind. `Existing::kept`: that is a refusal, too.
void write_file(const std::string& path, std::string_view text, const Ownership& ownership,
                Existing existing);

/// Makes the directory, 0755 and the caller's, with those above it, unless it is there. Throws
/// `Refusal`.
void make_directory(const std::string& path);

/// `Refusal` unless files can be made in the directory, or the directory itself can be made: to be
/// asked before a person is.
void check_writable(const std::string& directory);

/// Adds a line at the end of a text file, all of it or nothing; the file is made, 0644, where it is
/// missing. It must be
/// root's or that user's, nobody else's to write, and no link: a link would lead root to write
/// where somebody else pleases. Throws `Refusal`.
void append_line(const std::string& path, std::string_view line, uid_t user);

}  // namespace sshsm::admin
