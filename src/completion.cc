// print_completion PROGRAM TEMPLATE: the bash completion of sshsm, sshsmd or sshsmctl on standard
// output, with what the program's tables say put into the template. It runs when they are built and
// is not installed.

#include "admin/arguments.h"
#include "base/text.h"
#include "build_settings.h"
#include "keeper/arguments.h"
#include "mailer/arguments.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sshsm {
namespace {

using base::concat;

/// What bash offers for a value, by the word that the help has for it.
struct Values {
  std::string_view word;
  std::string_view offer;  ///< options of compgen
  bool is_file = false;    ///< bash quotes it, and puts a slash behind a directory
};

constexpr auto known_values = std::to_array<Values>({
    {"DIR", "-d", true},
    {"FILE", "-f", true},
    {"USER", "-u"},
    {"HOST", "-A hostname"},
    {"MTA", "-W 'sendmail exim postfix'"},
});

struct Option {
  std::string word;   ///< `--rest`
  std::string value;  ///< `FILE`, or empty for a switch
};

/// What the template asks for.
struct Program {
  std::vector<Option> options;
  std::string verbs;
  std::string rows;  ///< of the `case` that has the options of each verb
  std::string verbs_without_destination;
};

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) text += concat({text.empty() ? "" : separator, word});
  return text;
}

/// One row of that `case`; the words are ours and need no quoting.
std::string row(std::string_view verb, const std::vector<std::string>& words) {
  return concat({"    ", verb, ") echo '", joined(words, " "), "' ;;\n"});
}

/// Of a program without verbs.
Program plain_program(std::vector<Option> options) {
  std::vector<std::string> all;
  for (const Option& option : options) all.push_back(option.word);
  Program program;
  program.options = std::move(options);
  program.rows = row("*", all);
  return program;
}

Program mailer_program() {
  std::vector<Option> options;
  for (const mailer::OptionRow& option : mailer::all_options()) {
    const std::vector<std::string> words = base::words_of(option.spelling);
    options.push_back({words.front(), words.size() > 1 ? words[1] : ""});
  }
  return plain_program(std::move(options));
}

Program keeper_program() {
  std::vector<Option> options;
  for (const keeper::OptionRow& option : keeper::all_options())
    options.push_back({std::string(option.spelling), std::string(option.value)});
  return plain_program(std::move(options));
}

/// The options that a verb takes; without one those that every verb takes.
std::vector<std::string> admin_options(const admin::VerbRow* verb) {
  std::vector<std::string> words;
  for (const admin::OptionRow& option : admin::all_options()) {
    const bool is_taken = verb == nullptr
                              ? option.verbs.empty()
                              : admin::is_for(option, verb->verb) && option.name != "version";
    if (is_taken) words.push_back(concat({"--", option.name}));
  }
  return words;
}

Program admin_program() {
  Program program;
  std::vector<std::string> verbs;
  std::vector<std::string> without_destination;
  for (const admin::OptionRow& option : admin::all_options())
    program.options.push_back({concat({"--", option.name}), std::string(option.value)});
  for (const admin::VerbRow& verb : admin::all_verbs()) {
    verbs.emplace_back(verb.word);
    if (verb.operand.empty()) without_destination.emplace_back(verb.word);
    program.rows += row(verb.word, admin_options(&verb));
  }
  program.rows += row("''", admin_options(nullptr));
  program.verbs = joined(verbs, " ");
  program.verbs_without_destination = joined(without_destination, " | ");
  return program;
}

struct NamedProgram {
  std::string_view name;
  Program (*make)();
};

constexpr auto programs = std::to_array<NamedProgram>({
    {"sshsm", mailer_program},
    {"sshsmd", keeper_program},
    {"sshsmctl", admin_program},
});

std::vector<std::string> options_with_value(const Program& program) {
  std::vector<std::string> words;
  for (const Option& option : program.options)
    if (!option.value.empty()) words.push_back(option.word);
  return words;
}

std::string value_row(const Option& option, const Values& values) {
  return concat({"    ", option.word, ") ",
                 values.is_file ? "compopt -o filenames 2>/dev/null; " : "",
                 "mapfile -t COMPREPLY < <(compgen ", values.offer, " -- \"$2\") ;;\n"});
}

std::string value_rows(const Program& program) {
  std::string text;
  for (const Values& values : known_values)
    for (const Option& option : program.options)
      if (option.value == values.word) text += value_row(option, values);
  return concat({text, "    ", joined(options_with_value(program), " | "), ") ;;"});
}

/// `text` with each `from` made `to`.
std::string with(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string quoted_for_shell(std::string_view text) {
  return concat({"'", with(std::string(text), "'", "'\\''"), "'"});
}

std::string filled(std::string text, const NamedProgram& named) {
  const Program program = named.make();
  const std::string_view without = program.verbs_without_destination;
  text = with(text, "@OPTIONS@\n", program.rows);
  text = with(text, "@VALUES@", value_rows(program));
  text = with(text, "@TAKING@", joined(options_with_value(program), " | "));
  text = with(text, "@WITHOUT_DESTINATION@", without.empty() ? "-" : without);
  text = with(text, "@VERBS@", program.verbs);
  text = with(text, "@DIRECTORY@", quoted_for_shell(SSHSM_CONFIG_DIR));
  return with(text, "@PROGRAM@", named.name);
}

int print(std::string_view name, const char* path) {
  const auto* const program = std::find_if(
      programs.begin(), programs.end(), [&](const NamedProgram& one) { return one.name == name; });
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (program == programs.end() || text.empty()) return 1;
  return std::fputs(filled(text, *program).c_str(), stdout) < 0 ? 1 : 0;
}

}  // namespace
}  // namespace sshsm

int main(int argc, char** argv) {
  return argc == 3 ? sshsm::print(argv[1], argv[2]) : 1;
}
