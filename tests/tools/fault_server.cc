// An SSH server that fails on purpose, for what a real sshd will not do on demand:
//
//   fault_server --fault NAME [--key-type TYPE] [--octets N] [--seconds N] [-- SINK...]
//   fault_server --list
//
// It listens on a free port of 127.0.0.1 and prints `port N` and `key TYPE BASE64`. It lets every
// public key in, ignores the command that is asked for and runs SINK instead. It ends after
// `--seconds` (60), and everything it started with it.

#include "fault_options.h"
#include "faults.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

using fault_server::die;
using fault_server::Options;

namespace {

struct Connection {
  const Options& options;
  ssh_session session;
  ssh_event event = ssh_event_new();
  ssh_channel channel = nullptr;
  bool has_channel = false;  ///< one at a time: a second one is refused
  bool has_command = false;
  bool has_ended = false;  ///< its side of the channel
  ssh_channel_callbacks_struct channel_callbacks{};
};

[[noreturn]] void stall() {
  while (true) pause();
}

void close_or_stall(const Options& options, std::string_view phase) {
  if (options.is("close-" + std::string(phase))) _exit(0);
  if (options.is("stall-" + std::string(phase))) stall();
}

/// What goes wrong before SSH has begun; libssh has no part in it.
void break_before_handshake(const Options& options, int socket) {
  constexpr std::string_view banner = "SSH-2.0-fault_server\r\n";
  constexpr std::string_view web_page = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
  std::array<char, 4096> received;
  close_or_stall(options, "before-banner");
  if (options.is("garbage-banner")) {
    [[maybe_unused]] const auto sent = write(socket, web_page.data(), web_page.size());
    // Waits for the client to hang up: closing with unread bytes would reset the connection.
    shutdown(socket, SHUT_WR);
    while (read(socket, received.data(), received.size()) > 0) {
    }
    _exit(0);
  }
  if (!options.is("close-after-banner") && !options.is("stall-after-banner") &&
      !options.is("close-in-handshake") && !options.is("stall-in-handshake"))
    return;
  [[maybe_unused]] const auto sent = write(socket, banner.data(), banner.size());
  close_or_stall(options, "after-banner");
  // The client's banner has less than 256 octets: more is its key exchange.
  for (ssize_t total = 0, count = 1; total < 256 && count > 0; total += count)
    count = read(socket, received.data(), received.size());
  close_or_stall(options, "in-handshake");
}

// --- what libssh asks us ---

int on_public_key(ssh_session, const char*, ssh_key_struct*, char state, void* userdata) {
  const Options& options = static_cast<Connection*>(userdata)->options;
  close_or_stall(options, "in-auth");
  if (options.is("refuse-auth")) return SSH_AUTH_DENIED;
  if (state == SSH_PUBLICKEY_STATE_NONE) return SSH_AUTH_SUCCESS;
  if (state != SSH_PUBLICKEY_STATE_VALID) return SSH_AUTH_DENIED;
  return options.is("partial-auth") ? SSH_AUTH_PARTIAL : SSH_AUTH_SUCCESS;
}

int on_exec(ssh_session, ssh_channel, const char*, void* userdata) {
  auto* connection = static_cast<Connection*>(userdata);
  close_or_stall(connection->options, "in-exec");
  if (connection->options.is("refuse-exec")) return 1;
  connection->has_command = true;
  return 0;
}

ssh_channel on_open(ssh_session session, void* userdata) {
  auto* connection = static_cast<Connection*>(userdata);
  close_or_stall(connection->options, "in-open");
  if (connection->options.is("refuse-channel") || connection->has_channel) return nullptr;
  if (connection->options.is("disconnect-after-auth")) {
    ssh_disconnect(session);
    _exit(0);
  }
  connection->channel = ssh_channel_new(session);
  connection->channel_callbacks.userdata = connection;
  connection->channel_callbacks.channel_exec_request_function = on_exec;
  ssh_callbacks_init(&connection->channel_callbacks);
  ssh_set_channel_callbacks(connection->channel, &connection->channel_callbacks);
  connection->has_channel = true;
  return connection->channel;
}

/// A channel to a TCP address: libssh has no callback for it but that for all messages.
int on_message(ssh_session session, ssh_message message, void* userdata) {
  auto* connection = static_cast<Connection*>(userdata);
  if (ssh_message_type(message) != SSH_REQUEST_CHANNEL_OPEN) return 1;
  if (ssh_message_subtype(message) == SSH_CHANNEL_SESSION) return 1;
  close_or_stall(connection->options, "in-open");
  close_or_stall(connection->options, "in-forwarding");
  if (!connection->options.is("hang-up-at-open")) return 1;
  const ssh_channel channel = ssh_message_channel_request_open_reply_accept(message);
  if (channel == nullptr) die("cannot open a channel");
  ssh_channel_close(channel);
  ssh_blocking_flush(session, 1000);
  return 0;
}

// --- the forced command ---

struct Command {
  int input;
  int output;
};

Command start(const Options& options) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (pipe(in.data()) != 0 || pipe(out.data()) != 0) die("pipe");
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    for (const int descriptor : {in[0], in[1], out[0], out[1]}) close(descriptor);
    // What it says there is not for whoever runs the tests.
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    execv(options.sink[0], options.sink.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  return {in[1], out[0]};
}

/// False where the command is over for the client.
bool check_octets(Connection& connection, std::size_t received) {
  const Options& options = connection.options;
  if (options.octets == 0 || received < options.octets) return true;
  close_or_stall(options, "at-octet");
  if (options.is("end-at-octet") && !std::exchange(connection.has_ended, true))
    ssh_channel_send_eof(connection.channel);
  if (options.is("end-channel-at-octet")) return false;
  if (!options.is("disconnect-at-octet")) return true;
  ssh_disconnect(connection.session);
  _exit(0);
}

/// From the command to the client. False when the command ended.
bool pump_output(Connection& connection, const Command& command) {
  std::array<char, 16384> piece;
  pollfd ready{command.output, POLLIN, 0};
  if (poll(&ready, 1, 0) != 1) return true;
  const ssize_t count = read(command.output, piece.data(), piece.size());
  if (count <= 0) return false;
  ssh_channel_write(connection.channel, piece.data(), static_cast<std::uint32_t>(count));
  if (connection.options.is("early-eof")) ssh_channel_send_eof(connection.channel);
  return true;
}

void run_command(Connection& connection) {
  const Command command = start(connection.options);
  const bool is_slow = connection.options.is("slow-reader");
  std::array<char, 16384> piece;
  std::size_t received = 0;
  bool has_input = true;
  while (pump_output(connection, command)) {
    if (ssh_channel_is_closed(connection.channel) != 0) _exit(0);
    // The window closes behind what was taken at first; the connection is alive.
    if (connection.options.is("no-reader") && received > 0) {
      ssh_event_add_session(connection.event, connection.session);
      ssh_event_dopoll(connection.event, 20);
      ssh_event_remove_session(connection.event, connection.session);
      if (ssh_is_connected(connection.session) == 0) _exit(0);
      continue;
    }
    const auto most = static_cast<std::uint32_t>(is_slow ? 1024 : piece.size());
    const int count = ssh_channel_read_timeout(connection.channel, piece.data(), most, 0, 2);
    if (count > 0) {
      received += static_cast<std::size_t>(count);
      if (!check_octets(connection, received)) break;
      if (write(command.input, piece.data(), static_cast<std::size_t>(count)) < 0) break;
    }
    if (is_slow) usleep(2000);
    if (has_input && ssh_channel_is_eof(connection.channel) != 0) {
      close(command.input);
      has_input = false;
    }
    if (count < 0 && ssh_is_connected(connection.session) == 0) _exit(0);
  }
}

void serve_command(Connection& connection) {
  const ssh_channel channel = connection.channel;
  if (connection.options.is("stderr-flood")) {
    const std::string noise(1024, '!');
    for (int i = 0; i < 1024; ++i) ssh_channel_write_stderr(channel, noise.data(), 1024);
  }
  if (connection.options.is("exit-signal")) {
    ssh_channel_request_send_exit_signal(channel, "SEGV", 0, "", "");
  } else if (!connection.options.is("no-exit-status")) {
    run_command(connection);
    if (connection.options.is("no-close")) stall();
    ssh_channel_request_send_exit_status(channel, 0);
  }
  ssh_channel_send_eof(channel);
  ssh_channel_close(channel);
  connection.has_command = false;
  connection.has_channel = false;
  if (!connection.options.keeps_connection()) ssh_disconnect(connection.session);
}

void serve(const Options& options, ssh_bind bind, int socket) {
  break_before_handshake(options, socket);
  Connection connection{options, ssh_new()};
  if (ssh_bind_accept_fd(bind, connection.session, socket) != SSH_OK) die("accept");
  ssh_server_callbacks_struct callbacks{};
  callbacks.userdata = &connection;
  callbacks.auth_pubkey_function = on_public_key;
  callbacks.channel_open_request_session_function = on_open;
  ssh_callbacks_init(&callbacks);
  ssh_set_server_callbacks(connection.session, &callbacks);
  ssh_set_message_callback(connection.session, on_message, &connection);
  ssh_set_auth_methods(connection.session, SSH_AUTH_METHOD_PUBLICKEY);
  const std::uint64_t rekey_octets = options.octets == 0 ? 65536 : options.octets;
  if (options.is("rekey"))
    ssh_options_set(connection.session, SSH_OPTIONS_REKEY_DATA, &rekey_octets);
  if (ssh_handle_key_exchange(connection.session) != SSH_OK) _exit(0);
  do {
    ssh_event_add_session(connection.event, connection.session);
    while (!connection.has_command)
      if (ssh_event_dopoll(connection.event, 1000) == SSH_ERROR) _exit(0);
    ssh_event_remove_session(connection.event, connection.session);
    serve_command(connection);
  } while (options.keeps_connection());
}

// --- the listener ---

ssh_key new_host_key(const std::string& type) {
  ssh_key key = nullptr;
  const int status = type == "rsa"     ? ssh_pki_generate(SSH_KEYTYPE_RSA, 3072, &key)
                     : type == "ecdsa" ? ssh_pki_generate(SSH_KEYTYPE_ECDSA_P256, 0, &key)
                                       : ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key);
  if (status != SSH_OK) die("cannot make a host key");
  return key;
}

ssh_bind new_bind(ssh_key key) {
  const ssh_bind bind = ssh_bind_new();
  const bool reads_configuration = false;
  ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &reads_configuration);
  ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, key);
  return bind;
}

int listen_on_loopback() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 64) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    die("cannot listen");
  std::printf("port %u\n", static_cast<unsigned>(ntohs(address.sin_port)));
  return listener;
}

[[noreturn]] void run(const Options& options) {
  ssh_init();
  const ssh_key key = new_host_key(options.key_type);
  char* text = nullptr;
  if (ssh_pki_export_pubkey_base64(key, &text) != SSH_OK) die("cannot export the host key");
  const int listener = listen_on_loopback();
  std::printf("key %s %s\n", ssh_key_type_to_char(ssh_key_type(key)), text);
  std::fflush(stdout);
  const ssh_bind bind = new_bind(key);
  while (true) {
    const int socket = accept(listener, nullptr, nullptr);
    if (socket < 0) continue;
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      signal(SIGCHLD, SIG_DFL);
      alarm(options.seconds);
      close(listener);
      const int is_on = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
      serve(options, bind, socket);
      _exit(0);
    }
    close(socket);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && arguments[1] == std::string_view("--list")) {
    for (const Fault& fault : faults)
      std::printf("%-22s %s\n", fault.name.data(), fault.meaning.data());
    return 0;
  }
  const Options options = fault_server::read_options(count, arguments);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  alarm(options.seconds);
  run(options);
}
