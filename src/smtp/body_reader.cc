#include "smtp/body_reader.h"

#include "smtp/line_run.h"

namespace sshsm::smtp {
namespace {

constexpr std::string_view line_break = "\r\n";

}  // namespace

std::size_t BodyReader::read(std::string_view bytes, std::string& body, std::size_t max_body) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !is_complete() && body.size() + max_growth <= max_body)
    taken += step(bytes.substr(taken), body, max_body);
  return taken;
}

std::size_t BodyReader::step(std::string_view bytes, std::string& body, std::size_t max_body) {
  switch (state_) {
    case State::line_start:
      return step_line_start(bytes, body, max_body);
    case State::dot:
      return step_dot(bytes.front());
    case State::dot_cr:
      return step_dot_cr(bytes.front(), body);
    case State::in_line:
      return step_line(bytes, body, max_body);
    case State::cr:
      return step_cr(bytes.front(), body);
    case State::complete:
      break;
  }
  return 0;
}

std::size_t BodyReader::step_line_start(std::string_view bytes, std::string& body,
                                        std::size_t max_body) {
  if (bytes.front() == '.') {
    state_ = State::dot;
    return 1;
  }
  const std::string_view lines = take_lines(bytes.substr(0, max_body - body.size()));
  body += lines;
  if (lines.empty()) state_ = State::in_line;
  return lines.size();
}

std::string_view BodyReader::take_lines(std::string_view bytes) {
  if (line_end_ == LineEnd::lf) return {};
  std::size_t taken = 0;
  while (taken < bytes.size() && bytes[taken] != '.') {
    const std::size_t size = canonical_line_at(bytes.substr(taken));
    if (size == 0) break;
    taken += size;
    ++line_count_;
  }
  return bytes.substr(0, taken);
}

std::size_t BodyReader::step_dot(char c) {
  if (line_end_ == LineEnd::lf && c == '\n') {
    end_line(State::complete);
    return 1;
  }
  if (line_end_ == LineEnd::crlf && c == '\r') {
    state_ = State::dot_cr;
    return 1;
  }
  state_ = State::in_line;
  return 0;
}

std::size_t BodyReader::step_dot_cr(char c, std::string& body) {
  if (c == '\n') {
    end_line(State::complete);
    return 1;
  }
  body += line_break;
  state_ = State::in_line;
  return 0;
}

std::size_t BodyReader::step_line(std::string_view bytes, std::string& body, std::size_t max_body) {
  const std::string_view run = run_at(bytes.substr(0, max_body - body.size()));
  body += run;
  if (!run.empty()) return run.size();
  if (bytes.front() == '\r') {
    state_ = State::cr;
    return 1;
  }
  body += line_break;
  if (line_end_ == LineEnd::lf) end_line(State::line_start);
  return 1;
}

std::size_t BodyReader::step_cr(char c, std::string& body) {
  body += line_break;
  if (c != '\n') {
    state_ = State::in_line;
    return 0;
  }
  end_line(State::line_start);
  return 1;
}

void BodyReader::end_line(State next) {
  state_ = next;
  ++line_count_;
}

}  // namespace sshsm::smtp
