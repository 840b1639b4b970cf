#include "trust/host_key.h"

#include "sample_keys.h"
#include "trust/base64.h"

#include <doctest/doctest.h>

#include <string>

using namespace sshsm::trust;

namespace {

std::string blob_of(const SampleKey& key) {
  return decode_base64(key.base64).value();
}

}  // namespace

TEST_CASE("base64 has one spelling") {
  CHECK(encode_base64("") == "");
  CHECK(encode_base64("f") == "Zg==");
  CHECK(encode_base64("fo") == "Zm8=");
  CHECK(encode_base64("foo") == "Zm9v");
  CHECK(decode_base64("Zg==") == "f");
  CHECK(decode_base64("Zm8=") == "fo");
  CHECK(decode_base64("Zm9v") == "foo");
  CHECK(decode_base64("Zm9vZg==") == "foof");
  for (const char* const text : {"", "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Z===",
                                 "Zm9v\n", " Zm9v", "Zm 9v", "Zm-v", "Zm9v====", "Zm9\xff"}) {
    CAPTURE(text);
    CHECK(!decode_base64(text));
  }
}

TEST_CASE("keys of the five types are read and named as ssh-keygen names them") {
  for (const SampleKey& sample :
       {ed25519_key, second_ed25519_key, nistp256_key, nistp384_key, nistp521_key, rsa_key}) {
    CAPTURE(sample.type);
    const auto key = read_pin(sample.type, sample.base64);
    REQUIRE(key);
    CHECK(key->type == sample.type);
    CHECK(key->blob == blob_of(sample));
    CHECK(name_of(*key) == sample.name);
    CHECK(is_host_key_type(sample.type));
    CHECK(read_revocation(sample.base64) == key);
  }
}

TEST_CASE("a key of a type that cannot be pinned has a name all the same") {
  const std::string blob = ssh_string("ssh-\x1b[1m") + ssh_string("x");
  CHECK(name_of({"ssh-\x1b[1m", blob}) == "ssh-\\x1b[1m " + fingerprint(blob));
}

TEST_CASE("no other type can be pinned") {
  for (const char* const type :
       {"", "ssh-dss", "SSH-ED25519", "ssh-ed25519-cert-v01@openssh.com", "rsa-sha2-512",
        "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp224", "ED25519"}) {
    CAPTURE(type);
    CHECK(!is_host_key_type(type));
    CHECK(!read_pin(type, ed25519_key.base64));
  }
}

TEST_CASE("the type before a pin is the type inside it") {
  CHECK(!read_pin("ssh-rsa", ed25519_key.base64));
  CHECK(!read_pin("ecdsa-sha2-nistp384", nistp256_key.base64));
}

TEST_CASE("a blob cut at any byte is no key, nor one with a byte left over") {
  for (const SampleKey& sample : {ed25519_key, nistp256_key, nistp384_key, nistp521_key, rsa_key}) {
    const std::string blob = blob_of(sample);
    CHECK(read_blob(blob));
    for (std::size_t length = 0; length < blob.size(); ++length) {
      CAPTURE(length);
      CHECK(!read_blob(blob.substr(0, length)));
    }
    CHECK(!read_blob(blob + '\0'));
  }
}

TEST_CASE("lengths inside a blob that reach beyond it are refused") {
  CHECK(!read_blob("\xff\xff\xff\xff"));
  CHECK(!read_blob(ssh_string("ssh-ed25519") + "\xff\xff\xff\xff"));
  CHECK(!read_blob(ssh_string("ssh-ed25519") + ssh_string(std::string(31, 'x'))));
  CHECK(!read_blob(ssh_string("ssh-ed25519") + ssh_string(std::string(33, 'x'))));
}

TEST_CASE("an ECDSA key has its curve and an uncompressed point of its size") {
  const std::string type = ssh_string("ecdsa-sha2-nistp256");
  const std::string point = "\x04" + std::string(64, 'x');
  CHECK(read_blob(type + ssh_string("nistp256") + ssh_string(point)));
  CHECK(!read_blob(type + ssh_string("nistp384") + ssh_string(point)));
  CHECK(!read_blob(type + ssh_string("nistp256") + ssh_string(point + "x")));
  CHECK(!read_blob(type + ssh_string("nistp256") + ssh_string("\x02" + std::string(64, 'x'))));
  CHECK(!read_blob(type + ssh_string("nistp256") + ssh_string("\x02" + std::string(32, 'x'))));
}

TEST_CASE("an RSA modulus has from 1024 to 16384 bits") {
  CHECK(!read_blob(rsa_blob_of(1023)));
  CHECK(read_blob(rsa_blob_of(1024)));
  CHECK(read_blob(rsa_blob_of(16384)));
  CHECK(!read_blob(rsa_blob_of(16385)));
}

TEST_CASE("a negative number is no part of an RSA key") {
  const std::string exponent = ssh_string(std::string("\x01\x00\x01", 3));
  const std::string modulus = std::string(128, '\xff');
  CHECK(!read_blob(ssh_string("ssh-rsa") + exponent + ssh_string(modulus)));
  CHECK(read_blob(ssh_string("ssh-rsa") + exponent + ssh_string(std::string(1, '\0') + modulus)));
}

TEST_CASE("spellings that ssh takes for the same key revoke it and do not pin it") {
  const std::string blob = blob_of(rsa_key);
  const std::string exponent = ssh_string(std::string("\x01\x00\x01", 3));
  const std::string modulus = blob.substr(blob.size() - 129);
  const auto key = read_pin(rsa_key.type, rsa_key.base64);
  for (const std::string& type :
       {std::string("ssh-rsa"), std::string("ssh-rsa\0", 8), std::string("rsa-sha2-256"),
        std::string("rsa-sha2-512"), std::string("RSA"), std::string("rsa")})
    for (const std::size_t zeros : {0U, 1U, 5U}) {
      const std::string other =
          ssh_string(type) + exponent + ssh_string(std::string(zeros, '\0') + modulus);
      CAPTURE(type);
      CHECK(read_revocation(encode_base64(other)) == key);
      if (other != blob) CHECK(!read_pin(rsa_key.type, encode_base64(other)));
    }
}

TEST_CASE("white space inside base64 does not hide a revoked key, and makes no pin") {
  std::string spaced = ed25519_key.base64;
  spaced.insert(20, "\f\v\r");
  CHECK(read_revocation(spaced) == read_pin(ed25519_key.type, ed25519_key.base64));
  CHECK(!read_pin(ed25519_key.type, spaced));
}
