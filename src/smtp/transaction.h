#pragma once

#include "smtp/dot_stuffer.h"
#include "smtp/outcome.h"
#include "smtp/reply.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sshsm::smtp {

/// One message in `Client`: what was said of it, how far it got, and what became of it.
struct Transaction {
  enum class Content {
    none,     ///< nothing of it was asked for or sent
    asked,    ///< DATA is unanswered
    data,     ///< dot-stuffed, to its final dot
    chunked,  ///< BDAT
  };

  std::vector<std::string> commands;  ///< MAIL and the RCPTs
  std::size_t commands_given = 0;     ///< to the output
  std::optional<std::size_t> size;    ///< of the whole body, where the caller has it at hand

  MessageOutcome outcome;
  bool is_decided = false;
  bool is_mail_accepted = false;
  std::optional<Reply>
      sender_refusal;  ///< while it waits for the recipient whose chunk rode with it
  std::size_t recipients_answered = 0;
  std::size_t recipients_accepted = 0;

  Content content = Content::none;
  std::size_t body_size = 0;  ///< what was added of it
  bool is_body_open = false;  ///< the caller adds to it
  bool is_end_given = false;  ///< the final dot or the last chunk is in the output
  std::uint64_t doubt_from =
      std::numeric_limits<std::uint64_t>::max();  ///< once so much was sent, the peer may have all
                                                  ///< of it
  DotStuffer stuffer;                             ///< for `data`
  std::string chunk;                  ///< for `chunked` without a size: what is not sent yet
  std::size_t chunks_unanswered = 0;  ///< without the last
  std::size_t chunk_left = 0;         ///< with a size: octets announced and not yet added

  [[nodiscard]] bool is_envelope_accepted() const noexcept {
    return is_mail_accepted && recipients_accepted == outcome.recipients.size();
  }
  /// Only the answer to its end is missing: the next message may ride behind it.
  [[nodiscard]] bool awaits_only_its_end() const noexcept {
    return is_end_given && is_envelope_accepted() && chunks_unanswered == 0;
  }
  /// Once so many octets were sent, the peer may have all of it. He who refused its sender has
  /// nothing, unless he took a recipient all the same.
  [[nodiscard]] bool is_in_doubt(std::uint64_t sent) const noexcept {
    return !is_decided && sent >= doubt_from && (!sender_refusal || recipients_accepted > 0);
  }
  /// Refused before its end, it leaves the peer in its transaction, or behind a BDAT that failed
  /// in an indeterminate state (RFC 3030 2).
  [[nodiscard]] bool is_left_open() const noexcept {
    return (is_mail_accepted || content == Content::chunked) && outcome.phase != Phase::dot;
  }
  /// The peer is owed octets that were announced, or an answer to his 354.
  [[nodiscard]] bool is_in_mid_command() const noexcept {
    return content == Content::asked || chunk_left > 0;
  }
  [[nodiscard]] Phase phase() const noexcept {
    if (!is_envelope_accepted() || content == Content::none) return Phase::envelope;
    return is_end_given ? Phase::dot : Phase::data;
  }
};

/// A reply that is due.
struct ExpectedReply {
  enum class To { greeting, ehlo, helo, mail, rcpt, data, chunk, end, rset, ignored };

  To to;
  std::shared_ptr<Transaction> transaction;  ///< none where it belongs to no message
  std::size_t recipient = 0;                 ///< for `rcpt`
  /// A reply that comes before so many octets were sent answers nothing we said. A refusal of a
  /// chunk may come before its octets, since its command announced them.
  std::uint64_t refusable_from = 0;
  std::uint64_t due_from = 0;
};

}  // namespace sshsm::smtp
