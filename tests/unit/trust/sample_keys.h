#pragma once

#include <string>
#include <string_view>

namespace sshsm::trust {

/// Public keys that ssh-keygen made, as it writes them, and their fingerprints as it prints them.
struct SampleKey {
  std::string type;
  std::string base64;
  std::string name;  ///< `ED25519 SHA256:…`

  [[nodiscard]] std::string text() const { return type + " " + base64; }
};

inline const SampleKey ed25519_key{
    "ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAINlHgKlDUOLuPJ7TrB4bjCGOjeWR8x42aSgQ7bmKhfjq",
    "ED25519 SHA256:iPYoXqtsK30vIKlcuZqZegHT1UgfjeWxL4fn600CWWo"};
inline const SampleKey second_ed25519_key{
    "ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAalmEWGa6NQL3MT2nTPq8Yi0LhRSVRuX+fIxpRUu0EM",
    "ED25519 SHA256:BxSXJ7r9/SwZMnRvt2SOuj10Tu3LvbwhDSb5MFm/3Kg"};
inline const SampleKey nistp256_key{
    "ecdsa-sha2-nistp256",
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPKQf6Lp/"
    "IEqhIcehytGQ04uvGSa323NPUkFkRYpkG2H/EgMfciefz+rKPBcCAv2bSp+uSDRhSLJuR9iTzlngcU=",
    "ECDSA SHA256:mIZW0Be64coTXYT3PzxdrreapAYcvDqE5TrlE8BOSEA"};
inline const SampleKey nistp384_key{
    "ecdsa-sha2-nistp384",
    "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBIYzIIk4clnEmyv3g05NEkUWwvQUVy9gk2Mkg5TY+"
    "lLkF9b6p9kwpMDLp6/"
    "mEBF01A09VQZJ1Ci8eJMZAMbWq9dYSifPD8A38ofVstgfXeBbfu39fKKC3hBOKzjc8zPNYg==",
    "ECDSA SHA256:7XatjCYi1fSjAHlo1Ly+IxwcvN8+WOn2rV8m70k+d2s"};
inline const SampleKey nistp521_key{
    "ecdsa-sha2-nistp521",
    "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAG26k+vJ1+x3cw1KKFkHcL32l8xJCGj+"
    "ZA4jiaZDZ87o+bOHHr13/Uuix400FQ1JlyO+ovY+tTaXa/eMq+GxKuX6gAYXtjxg3RF6CEe7VdqrEjlBN9pfQWxP+"
    "7IFa8xyJdW6c2AeGghgipU4nspzh482UaGJ6cLxH6IeKgr4YNfeRwYsQ==",
    "ECDSA SHA256:CFGYyFdQKR353qaey5iNTMc72IeQzK0/HEKwex4e4qo"};
inline const SampleKey rsa_key{
    "ssh-rsa",
    "AAAAB3NzaC1yc2EAAAADAQABAAAAgQDPFZ/"
    "Qq1P6zJyMS80EiqZRZLYPm9iT5eCq4mlWy1IIIUKlya91IP5CY+6HTASPSRzZd0tRVhvHO2xXBGB1dXB5gUS9XLwWNpo8+"
    "Jh1yCnvxHcgXirfEsa+2bU32EG3cMUtIJX5Ou46qLuJVd6NqNsqc4p3vddNr43XWmMo+nhceQ==",
    "RSA SHA256:eC2IQSBstKrELR1ce/FaBCNrf/DXNe5MmqJrVaiPrL8"};

/// A string as RFC 4251 section 5 writes it.
inline std::string ssh_string(std::string_view value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += static_cast<char>(value.size() >> shift & 0xff);
  return text + std::string(value);
}

/// An RSA blob whose modulus has exactly so many bits.
inline std::string rsa_blob_of(std::size_t bits) {
  std::string modulus(bits / 8, '\x7f');
  if (bits % 8 == 0)
    modulus = std::string(1, '\0') + '\x80' + modulus.substr(1);
  else
    modulus = static_cast<char>(1 << (bits % 8 - 1)) + modulus;
  return ssh_string("ssh-rsa") + ssh_string(std::string("\x01\x00\x01", 3)) + ssh_string(modulus);
}

}  // namespace sshsm::trust
