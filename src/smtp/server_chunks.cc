#include "base/text.h"
#include "smtp/server.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sshsm::smtp {

/// Whatever stands behind the verb: if it is not understood, nor is what follows.
bool Server::is_chunk_command(std::string_view line) const {
  constexpr std::string_view verb = "BDAT";
  return manner_.takes_chunks && base::equals_ignoring_case(line.substr(0, verb.size()), verb);
}

/// `BDAT 1000` or `BDAT 1000 LAST`
std::optional<Server::Chunk> Server::parse_chunk(std::string_view line) {
  const std::vector<std::string> words = base::words_of(line);
  if (words.size() < 2 || words.size() > 3 || !has_verb(line, "BDAT")) return std::nullopt;
  const bool is_last = words.size() == 3;
  if (is_last && !base::equals_ignoring_case(words[2], "LAST")) return std::nullopt;
  const auto size = base::parse_number(words[1], max_chunk);
  if (!size) return std::nullopt;
  return Chunk{*size, *size, is_last};
}

/// Octets that nobody counted would be read as commands.
void Server::on_bdat(const std::string& line) {
  if (!manner_.takes_chunks) return say("502 5.5.1", "this command is not supported");
  chunk_ = parse_chunk(line);
  if (!chunk_) {
    has_failed_ = is_last_word_said_ = true;
    return say("421 4.5.2", "this BDAT is not understood, nor can be what follows it");
  }
  if (content_ != Content::none || !is_mail_given_ || sender_refusal_ || count_recipients() == 0)
    return;
  content_ = Content::held;
  held_.clear();
  chunk_lines_ = {};
}

void Server::feed_chunk(std::string_view& bytes) {
  constexpr std::size_t max_piece = 64 * 1024;
  const std::string_view piece = bytes.substr(0, std::min(chunk_->left, max_piece));
  bytes.remove_prefix(piece.size());
  chunk_->left -= piece.size();
  take_in(chunk_lines_.complete(piece));
  see_to_chunk();
}

/// A chunk that was read is answered behind the envelope. The last one of a message for the one
/// recipient who was asked for rides.
void Server::see_to_chunk() {
  if (!chunk_ || chunk_->left > 0 || !waiting_.empty()) return;
  if (!may_chunk_ride() && is_envelope_due()) return;
  answer_chunk(*std::exchange(chunk_, std::nullopt));
}

bool Server::may_chunk_ride() const {
  return chunk_->is_last && content_ == Content::held && !sender_refusal_ &&
         is_for_one_who_is_asked() && is_channel_fresh_ && peer_.may_say();
}

void Server::answer_chunk(const Chunk& chunk) {
  if (is_lost() && content_ == Content::none) {
    has_failed_ = true;
    return tell_loss_to_reader();
  }
  if (is_lost() || fate_) return tell_fate();
  if (content_ == Content::none || count_recipients() == 0) {
    content_ = Content::none;
    held_.clear();
    has_failed_ = true;
    return say("503 5.5.1", is_mail_given_ ? "no recipient was accepted" : "MAIL comes first");
  }
  if (!chunk.is_last)
    return say("250 2.0.0", base::concat({std::to_string(chunk.size), " octets"}));
  take_in(chunk_lines_.end());
  pass_on_end();
}

}  // namespace sshsm::smtp
