#include "admin/arguments.h"
#include "admin/steps.h"
#include "base/causes.h"
#include "base/exit_status.h"
#include "base/text.h"
#include "config/destination.h"
#include "config/keys.h"
#include "keeper/arguments.h"
#include "mailer/arguments.h"
#include "mdoc.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace sshsm::manual {
namespace {

using base::concat;

/// The text of a table as a sentence of the manual.
std::string sentence(std::string_view text) {
  std::string words(text);
  if (words.front() >= 'a' && words.front() <= 'z')
    words.front() = static_cast<char>(words[0] - 32);
  return words + ".";
}

/// What one row of a list must say: its head, and how its text begins.
struct Row {
  std::string head;
  std::string beginning;
};

/// Both ways: each row stands there in its place, and nothing else does. Behind the beginning the
/// page may explain more.
void check_list(const std::vector<Page::Item>& items, const std::vector<Row>& rows) {
  for (std::size_t i = 0; i < items.size() && i < rows.size(); ++i) {
    CHECK(items[i].head == rows[i].head);
    const std::string_view rest =
        std::string_view(items[i].text).substr(0, rows[i].beginning.size());
    CHECK(rest == rows[i].beginning);
  }
  for (std::size_t i = rows.size(); i < items.size(); ++i) FAIL_CHECK("too many: ", items[i].head);
  for (std::size_t i = items.size(); i < rows.size(); ++i) FAIL_CHECK("missing: ", rows[i].head);
}

std::string default_of(const config::Key& key) {
  if (key.is_required) return "Required.";
  if (key.default_value.empty()) return "No default.";
  return concat({"Default: ", key.default_value, "."});
}

/// The verbs that take the option, as the manual names them.
std::string takers_of(const admin::OptionRow& option) {
  if (option.name == "version") return "alone";
  std::string takers;
  for (const admin::Verb verb : option.verbs)
    takers += concat({takers.empty() ? "" : ", ", admin::row_of(verb).word});
  return takers.empty() ? "every verb" : takers;
}

}  // namespace

TEST_CASE("sshsm(8) has each option of the code, and no other") {
  std::vector<Row> rows;
  for (const mailer::OptionRow& option : mailer::all_options())
    rows.push_back({std::string(option.spelling), sentence(option.help)});
  check_list(Page("sshsm.8").list_behind("The options are:"), rows);
}

TEST_CASE("sshsm(8) has each exit status of the code, and no other") {
  std::vector<Row> rows;
  for (const base::ExitStatusRow& row : base::all_exit_statuses())
    rows.push_back({std::to_string(static_cast<int>(row.status)), sentence(row.meaning)});
  check_list(Page("sshsm.8").list_behind(".Sh EXIT STATUS"), rows);
}

TEST_CASE("sshsm(8) has each cause with its code, sentence, meaning and remedy, and no other") {
  std::vector<Row> rows;
  const std::vector<Page::Item> items = Page("sshsm.8").list_behind("add that.");
  for (const base::CauseRow& row : base::all_causes()) {
    rows.push_back({concat({row.code, " ", row.sentence}), concat({"(", row.name, ") "})});
    if (items.size() < rows.size()) continue;
    const std::string& text = items[rows.size() - 1].text;
    const std::string remedy = concat({" Remedy: ", base::remedy_for(row, {}), "."});
    CHECK_MESSAGE(text.ends_with(row.remedy.empty() ? "." : remedy), text);
    CHECK((text.find(" Remedy: ") != std::string::npos) == !row.remedy.empty());
    const std::size_t least_meaning = 20;
    CHECK(text.size() > rows.back().beginning.size() + remedy.size() + least_meaning);
  }
  check_list(items, rows);
}

TEST_CASE("sshsm.conf(5) has each key with its help and default, and no other") {
  std::vector<Row> rows;
  for (const config::Key& key : config::all_keys())
    rows.push_back({std::string(key.name), concat({key.help, ". ", default_of(key)})});
  check_list(Page("sshsm.conf.5").list_behind("The keys are:"), rows);
}

TEST_CASE("each example of sshsm.conf(5) can be read") {
  const std::vector<std::string> examples = Page("sshsm.conf.5").displays_of("EXAMPLES");
  CHECK(examples.size() == 3);
  for (const std::string& example : examples)
    CHECK_NOTHROW((void)config::read_destination("myfriend", "/etc/sshsm",
                                                 {"/etc/sshsm/myfriend.conf", example}, {}, false));
}

TEST_CASE("sshsmctl(8) has each verb of the code, and no other") {
  std::vector<Row> rows;
  for (const admin::VerbRow& verb : admin::all_verbs())
    rows.push_back(
        {concat({verb.word, verb.operand.empty() ? "" : " ", verb.operand}), sentence(verb.help)});
  check_list(Page("sshsmctl.8").list_behind("The verbs are:"), rows);
}

TEST_CASE("sshsmctl(8) has each option of the code with the verbs that take it, and no other") {
  std::vector<Row> rows;
  for (const admin::OptionRow& option : admin::all_options()) {
    rows.push_back({concat({"--", option.name, option.value.empty() ? "" : " ", option.value}),
                    concat({"(", takers_of(option), ") ", sentence(option.help)})});
  }
  check_list(Page("sshsmctl.8").list_behind("The options are, with the verbs that take them:"),
             rows);
}

TEST_CASE("sshsmctl(8) has each step of check, and no other") {
  std::vector<Row> rows;
  for (const admin::Step& step : admin::all_steps()) rows.push_back({std::string(step.name), {}});
  check_list(Page("sshsmctl.8").list_behind("are:"), rows);
}

TEST_CASE("sshsmd(8) has each option of the code, and no other") {
  std::vector<Row> rows;
  for (const keeper::OptionRow& option : keeper::all_options())
    rows.push_back({concat({option.spelling, option.value.empty() ? "" : " ", option.value}),
                    sentence(option.help)});
  check_list(Page("sshsmd.8").list_behind("The options are:"), rows);
}

TEST_CASE("sshsmd(8) has each exit status of the code, and no other") {
  std::vector<Row> rows;
  for (const keeper::ExitStatusRow& row : keeper::all_exit_statuses())
    rows.push_back({std::to_string(row.status), sentence(row.meaning)});
  check_list(Page("sshsmd.8").list_behind(".Sh EXIT STATUS"), rows);
}

TEST_CASE("each page has the sections that people look for") {
  for (const char* const page :
       {"sshsm.8", "sshsmctl.8", "sshsmd.8", "sshsm.conf.5", "sshsm-mta.7"})
    for (const char* const section : {"NAME", "DESCRIPTION", "ENVIRONMENT", "FILES", "SEE ALSO"})
      CHECK_MESSAGE(Page(page).has_section(section), page, " ", section);
  for (const char* const page : {"sshsm.8", "sshsmctl.8", "sshsmd.8"})
    for (const char* const section :
         {"SYNOPSIS", "EXIT STATUS", "EXAMPLES", "DIAGNOSTICS", "SECURITY"})
      CHECK_MESSAGE(Page(page).has_section(section), page, " ", section);
}

}  // namespace sshsm::manual
