#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::base {

/// The pieces in one string.
[[nodiscard]] std::string concat(std::initializer_list<std::string_view> pieces);

/// Bytes that strangers wrote, fit for a terminal and a log: everything outside printable ASCII
/// becomes `\xNN`, so that neither escape sequences nor line ends reach a reader. At most `limit`
/// octets; a cut is shown by `...`.
[[nodiscard]] std::string printable(std::string_view bytes, std::size_t limit);

/// The same between double quotes (`limit` counts without them), with `"` inside made `'`.
[[nodiscard]] std::string quoted(std::string_view bytes, std::size_t limit);

/// Text that is printable already, cut to `limit` octets with `...` in place of what is missing.
[[nodiscard]] std::string shortened(std::string text, std::size_t limit);

/// ASCII alone, whatever the locale: names in SMTP, SSH and DNS are no words of a language.
[[nodiscard]] bool is_digit(char c) noexcept;
[[nodiscard]] bool is_letter_or_digit(char c) noexcept;
[[nodiscard]] char to_lower(char c) noexcept;
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
[[nodiscard]] bool starts_with_ignoring_case(std::string_view text,
                                             std::string_view prefix) noexcept;

/// A letter or digit and then letters, digits, `.`, `_` and `-`, at most `limit` octets: it means
/// nothing to a shell, and is neither an option nor a path.
[[nodiscard]] bool is_plain_name(std::string_view name, std::size_t limit) noexcept;

/// Without the blanks and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// The words between blanks and tabs.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

/// A decimal number of ASCII digits alone (no sign, no blank), if it is at most `max`.
[[nodiscard]] std::optional<unsigned long> parse_number(std::string_view digits,
                                                        unsigned long max) noexcept;

/// One line of a --help: what can be written, and from the column behind `width` on what it does.
[[nodiscard]] std::string help_line(std::string_view spelling, std::size_t width,
                                    std::string_view help);

/// What the system says about an errno value, independent of the locale.
[[nodiscard]] std::string system_error_text(int error);

}  // namespace sshsm::base
