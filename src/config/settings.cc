#include "config/settings.h"

#include "base/text.h"
#include "config/lines.h"
#include "config/values.h"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>

namespace sshsm::config {
namespace {

namespace options = boost::program_options;
using base::concat;
using Texts = std::vector<std::string>;

// The lines of one file by key, each known, good and in its place.
using LinesByKey = std::map<std::string_view, std::vector<Line>>;

const Key& known_key(const ConfigText& file, const Line& line) {
  const Key* const key = find_key(line.key);
  if (key == nullptr)
    refuse(place_of(file, line.number), concat({"unknown key ", base::quoted(line.key, 64)}));
  return *key;
}

void check_count(const ConfigText& file, const Line& line, const Key& key,
                 const std::vector<Line>& before) {
  if (!key.is_repeatable && !before.empty())
    refuse(place_of(file, line.number), concat({key.name, " is set twice, first in line ",
                                                std::to_string(before.front().number)}));
  if (before.size() == max_repetitions)
    refuse(place_of(file, line.number),
           concat({key.name, " is set more than ", std::to_string(max_repetitions), " times"}));
}

LinesByKey read_file(const ConfigText& file, Scope scope) {
  LinesByKey lines;
  LineReader reader(file);
  while (std::optional<Line> line = reader.next()) {
    const Key& key = known_key(file, *line);
    if (key.scope == Scope::defaults_file && scope != Scope::defaults_file)
      refuse(place_of(file, line->number), concat({key.name, " may be set in sshsm.conf only"}));
    check_count(file, *line, key, lines[key.name]);
    const std::string fault = fault_of(key, line->value);
    if (!fault.empty()) refuse(place_of(file, line->number), fault);
    lines[key.name].push_back(*std::move(line));
  }
  return lines;
}

options::options_description description_of_keys() {
  options::options_description description;
  for (const Key& key : all_keys()) {
    const std::string name(key.name);
    const std::string value(key.default_value);
    if (key.is_repeatable) {
      auto* const semantic = options::value<Texts>();
      if (!value.empty()) semantic->default_value({value}, value);
      description.add_options()(name.c_str(), semantic);
    } else {
      auto* const semantic = options::value<std::string>();
      if (!value.empty()) semantic->default_value(value);
      description.add_options()(name.c_str(), semantic);
    }
  }
  return description;
}

void store(const LinesByKey& lines, const options::options_description& description,
           options::variables_map& stored) {
  options::parsed_options parsed(&description);
  for (const auto& [key, settings] : lines)
    for (const Line& line : settings)
      parsed.options.emplace_back(std::string(key), Texts{line.value});
  options::store(parsed, stored);
}

Texts texts_of(const options::variable_value& value) {
  if (const auto* const text = boost::any_cast<std::string>(&value.value())) return {*text};
  return value.as<Texts>();
}

std::string place_in(const ConfigText& file, const LinesByKey& lines, std::string_view key,
                     std::size_t index) {
  const auto found = lines.find(key);
  return found == lines.end() ? std::string() : place_of(file, found->second[index].number);
}

}  // namespace

Settings::Settings(const ConfigText& own, const std::optional<ConfigText>& defaults) {
  const ConfigText lower = defaults.value_or(ConfigText{});
  const LinesByKey own_lines = read_file(own, Scope::both_files);
  const LinesByKey lower_lines = read_file(lower, Scope::defaults_file);
  const options::options_description description = description_of_keys();
  options::variables_map stored;
  store(own_lines, description, stored);
  store(lower_lines, description, stored);
  for (const Key& key : all_keys()) {
    std::vector<Setting>& settings = settings_[key.name];
    const options::variable_value& value = stored[std::string(key.name)];
    if (value.empty()) continue;
    for (std::string& text : texts_of(value)) {
      const std::size_t index = settings.size();
      std::string place = place_in(own, own_lines, key.name, index);
      if (place.empty()) place = place_in(lower, lower_lines, key.name, index);
      settings.push_back({std::move(text), std::move(place)});
    }
  }
}

Settings::Settings(const ConfigText& defaults) : Settings(ConfigText{}, defaults) {}

const std::vector<Setting>& Settings::of(std::string_view key) const {
  return settings_.at(key);
}

}  // namespace sshsm::config
