#include "dialogue.h"

#include "dialogue_player.h"

#include <dirent.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace sshsm::smtp {
namespace {

const std::string directory = SSHSM_DIALOGUES;

std::vector<std::string> dialogue_files() {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(directory.c_str()), closedir);
  if (!listing) throw std::runtime_error("cannot list the dialogues");
  std::vector<std::string> names;
  while (const dirent* const entry = readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name.ends_with(".txt")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string content_of(const std::string& name) {
  std::ifstream file(directory + "/" + name, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

TEST_CASE("every dialogue goes as written, however the peer's octets arrive") {
  constexpr std::size_t whole = std::numeric_limits<std::size_t>::max();
  const std::vector<std::string> names = dialogue_files();
  CHECK(names.size() >= 10);
  for (const std::string& name : names) {
    CAPTURE(name);
    const std::vector<Dialogue> dialogues = parse_dialogues(content_of(name));
    CHECK_FALSE(dialogues.empty());
    for (const Dialogue& dialogue : dialogues) {
      CAPTURE(dialogue.title);
      for (const std::size_t piece : {whole, std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
        CAPTURE(piece);
        DialoguePlayer(piece).play(dialogue);
      }
    }
  }
}

TEST_CASE("a dialogue file with a word that is not in the notation is an error") {
  CHECK_THROWS_WITH_AS((void)parse_dialogues("S: 220 hello\nsing\n"), "unknown word in line 2",
                       std::runtime_error);
}

}  // namespace sshsm::smtp
