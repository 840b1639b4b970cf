#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sshsm::manual {

/// A page of man/, for the tests that hold its tables to those of the code. It knows as much of
/// mdoc(7) as our pages use, and reads the source, since a formatted page has lost where lines end.
class Page {
 public:
  /// `name` is that of a file in man/.
  explicit Page(std::string_view name);

  /// One `.It` of a list.
  struct Item {
    std::string head;  ///< `--rest FILE`
    std::string text;  ///< what stands below, in one line; a `.Pp` is a line end
  };

  /// The first list behind the line `anchor`. Checks that there is one.
  [[nodiscard]] std::vector<Item> list_behind(std::string_view anchor) const;
  /// The literal displays of a section, as a reader would copy them.
  [[nodiscard]] std::vector<std::string> displays_of(std::string_view section) const;
  [[nodiscard]] bool has_section(std::string_view section) const;

 private:
  std::vector<std::string> lines_;
};

}  // namespace sshsm::manual
