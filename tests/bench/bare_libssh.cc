/// The least that libssh lets a client do: one message to a mail server behind sshd, with the
/// handshake that sshsm makes, and with nothing else around it: no configuration, no dialler, no
/// sandbox, no deadline, no care. What sshsm takes longer than this is its own doing.
///
///     bare_libssh PORT USER KEY HOST_KEY HOST < BATCH
///
/// KEY is a file, HOST_KEY the only one trusted, as `TYPE BASE64`, HOST an IPv4 address, BATCH one
/// message to one recipient as batch SMTP with CRLF. It ends with 0 if the message was accepted.
#include <arpa/inet.h>
#include <libssh/libssh.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

[[noreturn]] void stop(const char* what) {
  std::fprintf(stderr, "bare_libssh: %s\n", what);
  std::exit(1);
}

int connect_to(const char* host, std::string_view port) {
  struct sockaddr_in address {};
  std::uint16_t number = 0;
  std::from_chars(port.data(), port.data() + port.size(), number);
  address.sin_family = AF_INET;
  address.sin_port = htons(number);
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
      connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    stop("cannot connect");
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connection;
}

/// Without it sshd's Nagle and our delayed acknowledgement wait for each other for 40 ms.
void acknowledge_quickly(int connection) {
  const int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

void wait_for(int connection) {
  struct pollfd waiting {
    connection, POLLIN, 0
  };
  acknowledge_quickly(connection);
  poll(&waiting, 1, -1);
}

/// Does a step of a session that does not block until it is done.
template <typename Step>
void finish(int connection, const Step& step, const char* what) {
  int result = 0;
  while ((result = step()) == SSH_AGAIN || result == SSH_AUTH_AGAIN) wait_for(connection);
  if (result != SSH_OK) stop(what);
}

ssh_session open_session(int& connection, const char* user, std::string_view host_key_type) {
  const ssh_session session = ssh_new();
  const bool no = false;
  ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
  ssh_options_set(session, SSH_OPTIONS_HOST, "destination");
  ssh_options_set(session, SSH_OPTIONS_USER, user);
  ssh_options_set(session, SSH_OPTIONS_KEY_EXCHANGE, "curve25519-sha256");
  ssh_options_set(session, SSH_OPTIONS_CIPHERS_C_S, "chacha20-poly1305@openssh.com");
  ssh_options_set(session, SSH_OPTIONS_CIPHERS_S_C, "chacha20-poly1305@openssh.com");
  ssh_options_set(session, SSH_OPTIONS_HOSTKEYS, std::string(host_key_type).c_str());
  ssh_options_set(session, SSH_OPTIONS_FD, &connection);
  ssh_set_blocking(session, 0);
  return session;
}

bool is_trusted(ssh_session session, std::string_view trusted) {
  ssh_key key = nullptr;
  char* text = nullptr;
  return ssh_get_server_publickey(session, &key) == SSH_OK &&
         ssh_pki_export_pubkey_base64(key, &text) == SSH_OK && trusted == text;
}

void log_in(ssh_session session, int connection, const char* path) {
  ssh_key key = nullptr;
  if (ssh_pki_import_privkey_file(path, nullptr, nullptr, nullptr, &key) != SSH_OK)
    stop("cannot read the key");
  finish(
      connection, [&] { return ssh_userauth_publickey(session, nullptr, key); }, "no login");
}

ssh_channel open_channel(ssh_session session, int connection) {
  const ssh_channel channel = ssh_channel_new(session);
  finish(
      connection, [&] { return ssh_channel_open_session(channel); }, "no channel");
  finish(
      connection, [&] { return ssh_channel_request_exec(channel, "exit"); }, "no command");
  return channel;
}

/// A conversation with the mail server.
class Conversation {
 public:
  Conversation(ssh_channel channel, int connection) : channel_(channel), connection_(connection) {}

  void say(std::string_view text) const {
    while (!text.empty()) {
      const int count =
          ssh_channel_write(channel_, text.data(), static_cast<std::uint32_t>(text.size()));
      if (count < 0) stop("cannot write");
      text.remove_prefix(static_cast<std::size_t>(count));
      if (!text.empty()) wait_for(connection_);
    }
  }

  void expect(std::string_view code) {
    for (std::string line = reply_line();; line = reply_line()) {
      if (!line.starts_with(code)) stop(line.c_str());
      if (line[code.size()] == ' ') return;
    }
  }

 private:
  std::string reply_line() {
    std::size_t end = 0;
    while ((end = replies_.find('\n')) == std::string::npos) receive();
    std::string line = replies_.substr(0, end);
    replies_.erase(0, end + 1);
    return line;
  }

  void receive() {
    std::array<char, 4096> piece;
    const int count = ssh_channel_read_nonblocking(channel_, piece.data(), piece.size(), 0);
    if (count < 0 || ssh_channel_is_eof(channel_) != 0) stop("the mail server is gone");
    replies_.append(piece.data(), static_cast<std::size_t>(count));
    if (count == 0) wait_for(connection_);
  }

  ssh_channel channel_;
  int connection_;
  std::string replies_;
};

/// The batch up to its DATA, which is the envelope, and what is behind it.
std::string read_piece() {
  std::array<char, 65536> piece;
  const ssize_t count = read(STDIN_FILENO, piece.data(), piece.size());
  return {piece.data(), static_cast<std::size_t>(count > 0 ? count : 0)};
}

void deliver(Conversation conversation) {
  std::string piece = read_piece();
  const std::size_t envelope = piece.find("\nDATA\r\n") + 7;
  conversation.expect("220");
  conversation.say("EHLO bench.example\r\n");
  conversation.expect("250");
  conversation.say(std::string_view(piece).substr(0, envelope));
  for (const std::string_view code : {"250", "250", "354"}) conversation.expect(code);
  conversation.say(std::string_view(piece).substr(envelope));
  while (!(piece = read_piece()).empty()) conversation.say(piece);
  conversation.expect("250");
  conversation.say("QUIT\r\n");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) stop("usage: bare_libssh PORT USER KEY HOST_KEY HOST < BATCH");
  const std::string_view host_key = arguments[4];
  const std::size_t blank = host_key.find(' ');
  int connection = connect_to(arguments[5], arguments[1]);
  const ssh_session session = open_session(connection, arguments[2], host_key.substr(0, blank));
  finish(
      connection, [&] { return ssh_connect(session); }, "no handshake");
  if (!is_trusted(session, host_key.substr(blank + 1))) stop("another host key");
  log_in(session, connection, arguments[3]);
  deliver(Conversation(open_channel(session, connection), connection));
  ssh_disconnect(session);
}
