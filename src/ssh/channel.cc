#include "ssh/channel.h"

#include "base/failure.h"
#include "base/text.h"
#include "ssh/open_refusal.h"

#include <poll.h>

#include <algorithm>

namespace sshsm::ssh {

using base::Cause;
using base::Failure;

namespace {

// Who connects is told to the host for its log alone; these are the words of `ssh -W`, which every
// server knows.
constexpr const char* originator_address = "127.0.0.1";
constexpr int originator_port = 65535;

}  // namespace

Channel::Channel(Session& session)
    : session_(session), channel_(ssh_channel_new(session.handle())) {
  if (channel_ == nullptr)
    throw Failure(Cause::resources_exhausted, "no memory for an SSH channel");
  listen();
}

/// The delegation has the destructor run where this throws: libssh must not keep our callbacks.
Channel::Channel(Session& session, const config::Destination& destination, base::Deadline deadline,
                 base::Waiter& waiter)
    : Channel(session) {
  if (destination.smtp_address)
    connect_to(*destination.smtp_address, deadline, waiter);
  else
    run_command(destination.command, deadline, waiter);
}

void Channel::run_command(const std::string& command, base::Deadline deadline,
                          base::Waiter& waiter) {
  const int opened = session_.repeat([this] { return ssh_channel_open_session(channel_); },
                                     "opening a channel", deadline, waiter);
  if (opened != SSH_OK) session_.fail(Cause::channel_refused, {});
  const auto start_command = [&] {
    check_flood();
    const int result = ssh_channel_request_exec(channel_, command.c_str());
    // Closed without an answer; a command that was started may have ended by now.
    if (result == SSH_AGAIN && is_closed_) session_.fail(Cause::channel_refused, {});
    return result;
  };
  const int started = session_.repeat(start_command, "starting the command", deadline, waiter);
  if (started != SSH_OK) session_.fail(Cause::channel_refused, {});
}

void Channel::connect_to(const config::SmtpAddress& address, base::Deadline deadline,
                         base::Waiter& waiter) {
  const auto open = [&] {
    check_flood();
    return ssh_channel_open_forward(channel_, address.host.c_str(), address.port,
                                    originator_address, originator_port);
  };
  const int opened =
      session_.repeat(open, "the host's connection to smtp-address", deadline, waiter);
  // Opened and closed in one packet is no refusal: the mail server hung up, and has said why or
  // not.
  if (opened != SSH_OK && !is_closed_) fail_to_connect(address);
}

void Channel::fail_to_connect(const config::SmtpAddress& address) {
  const std::string error = ssh_get_error(session_.handle());
  const std::optional<OpenRefusal> refusal = read_open_refusal(error);
  if (session_.is_lost() || !refusal) session_.fail(Cause::smtp_address_refused, address.text);
  throw Failure(
      refusal->is_connect_failed() ? Cause::smtp_address_unreachable : Cause::smtp_address_refused,
      address.text, refusal->words);
}

Channel::~Channel() {
  if (channel_ != nullptr) ssh_remove_channel_callbacks(channel_, &callbacks_);
}

void Channel::listen() {
  callbacks_.userdata = this;
  callbacks_.channel_data_function = on_data;
  callbacks_.channel_eof_function = on_eof;
  callbacks_.channel_close_function = on_close;
  callbacks_.channel_exit_status_function = on_exit_status;
  callbacks_.channel_exit_signal_function = on_exit_signal;
  callbacks_.size = sizeof callbacks_;
  if (ssh_set_channel_callbacks(channel_, &callbacks_) != SSH_OK)
    throw Failure(Cause::resources_exhausted, "no memory for an SSH channel");
}

pollfd Channel::interest() {
  return {session_.descriptor(), session_.interest(), 0};
}

void Channel::progress() {
  session_.progress();
  check_flood();
  // A channel that the far side closed in order is an end and no loss.
  if (!is_closed_) session_.check_alive();
}

base::Deadline Channel::next_progress() const {
  return session_.next_check();
}

std::size_t Channel::writable() const {
  const bool is_write_pending = (ssh_get_poll_flags(session_.handle()) & SSH_WRITE_PENDING) != 0;
  if (is_write_pending || is_closed_) return 0;
  return std::min<std::size_t>(ssh_channel_window_size(channel_), max_unsent);
}

std::size_t Channel::write(std::string_view bytes) {
  const std::size_t size = std::min(bytes.size(), writable());
  if (size == 0) return 0;
  const int written = ssh_channel_write(channel_, bytes.data(), static_cast<std::uint32_t>(size));
  session_.acknowledge_quickly();
  if (written < 0) session_.fail(Cause::connection_lost, {});
  return static_cast<std::size_t>(written);
}

std::string_view Channel::received() const {
  return received_.view();
}

void Channel::consume(std::size_t count) {
  received_.consume(count);
}

void Channel::end_output() {
  ssh_channel_send_eof(channel_);
  session_.acknowledge_quickly();
}

/// Freeing it closes it; on a non-blocking session it does not wait for the far side to do so.
void Channel::close() {
  ssh_remove_channel_callbacks(channel_, &callbacks_);
  ssh_channel_free(channel_);
  channel_ = nullptr;
  is_ended_ = is_closed_ = true;
  session_.acknowledge_quickly();
}

void Channel::check_flood() const {
  if (received_.is_flooded()) throw Failure(Cause::reply_malformed, "too much at once");
}

void Channel::keep_error_output(std::string_view bytes) {
  std::string& kept = command_end_.error_output;
  kept += bytes.substr(bytes.size() - std::min(bytes.size(), max_error_output));
  if (kept.size() > max_error_output) kept.erase(0, kept.size() - max_error_output);
}

int Channel::on_data(ssh_session, ssh_channel, void* data, std::uint32_t size, int is_stderr,
                     void* self) {
  auto& channel = *static_cast<Channel*>(self);
  const std::string_view bytes(static_cast<const char*>(data), size);
  if (is_stderr != 0)
    channel.keep_error_output(bytes);
  else
    channel.received_.append(bytes);
  return static_cast<int>(size);
}

void Channel::on_eof(ssh_session, ssh_channel, void* self) {
  static_cast<Channel*>(self)->is_ended_ = true;
}

void Channel::on_close(ssh_session, ssh_channel, void* self) {
  static_cast<Channel*>(self)->is_ended_ = true;
  static_cast<Channel*>(self)->is_closed_ = true;
}

void Channel::on_exit_status(ssh_session, ssh_channel, int status, void* self) {
  static_cast<Channel*>(self)->command_end_.exit_status = status;
}

void Channel::on_exit_signal(ssh_session, ssh_channel, const char* name, int, const char*,
                             const char*, void* self) {
  static_cast<Channel*>(self)->command_end_.exit_signal = name == nullptr ? "" : name;
}

}  // namespace sshsm::ssh
