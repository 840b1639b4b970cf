#include "dialogue.h"

#include "dialogue_player.h"
#include "relay_player.h"

#include <doctest/doctest.h>

#include <stdexcept>

namespace sshsm::smtp {
namespace {

const std::string directory = SSHSM_DIALOGUES;

}  // namespace

TEST_CASE("every dialogue goes as written, however the peer's octets arrive") {
  for_each_dialogue(
      directory, 10, DialoguePlayer::notation(),
      [](const Dialogue& dialogue, std::size_t piece) { DialoguePlayer(piece).play(dialogue); });
}

TEST_CASE("every dialogue of a relay goes as written, however the octets of both sides arrive") {
  for_each_dialogue(
      directory + "/relay", 10, RelayPlayer::notation(),
      [](const Dialogue& dialogue, std::size_t piece) { RelayPlayer(piece).play(dialogue); });
}

TEST_CASE("every dialogue of an LMTP server goes as written, however the octets arrive") {
  for_each_dialogue(
      directory + "/server", 8, RelayPlayer::notation(),
      [](const Dialogue& dialogue, std::size_t piece) { RelayPlayer(piece).play(dialogue); });
}

TEST_CASE("a dialogue file with a word that is not in the notation is an error") {
  CHECK_THROWS_WITH_AS((void)parse_dialogues("S: 220 hello\nsing\n", DialoguePlayer::notation()),
                       "unknown word in line 2", std::runtime_error);
}

}  // namespace sshsm::smtp
