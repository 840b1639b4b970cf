#include "ssh/new_key.h"

#include "ssh/client_key.h"

#include <doctest/doctest.h>

using namespace sshsm::ssh;

TEST_CASE("a key that was made can be used, and its public half is the one it came with") {
  const NewKey made = make_key();
  CHECK(made.private_text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
  CHECK(made.private_text.ends_with("-----END OPENSSH PRIVATE KEY-----\n"));
  CHECK(made.public_key.type == "ssh-ed25519");
  const ClientKey read("id_ed25519", made.private_text, "", "");
  CHECK(read.public_key() == made.public_key);
  CHECK(read.name() == sshsm::trust::name_of(made.public_key));
}

TEST_CASE("no key is made twice") {
  CHECK(make_key().public_key.blob != make_key().public_key.blob);
}
