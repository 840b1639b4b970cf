#pragma once

#include "admin/arguments.h"
#include "admin/conversation.h"
#include "admin/place.h"
#include "base/failure.h"
#include "base/trace.h"
#include "base/waiter.h"
#include "mailer/answer_timer.h"
#include "mailer/setup.h"
#include "ssh/channel.h"
#include "ssh/connection.h"
#include "ssh/dialler.h"

#include <memory>
#include <optional>
#include <string>

namespace sshsm::admin {

/// What the steps of one check hand on to one another. The order of the members is that in which
/// they come to be; each refers to those before it.
struct Examination {
  Examination(const Arguments& what, const Place& where) : arguments(what), place(where) {}

  const Arguments& arguments;
  const Place& place;
  base::PlainWaiter waiter;
  base::Trace trace;  ///< a silent one
  std::optional<ssh::Dialler> dialler;
  std::optional<config::Destination> destination;  ///< until it is part of `setup`
  std::optional<mailer::Setup> setup;
  std::optional<mailer::AnswerTimer> timer;
  ssh::Progress progress;
  std::optional<ssh::Means> means;
  std::optional<ssh::Approach> approach;
  std::optional<base::Failure> missing_banner;  ///< told by the step behind
  std::unique_ptr<ssh::Session> session;
  std::unique_ptr<ssh::Channel> channel;
  std::optional<Conversation> conversation;

  /// Only behind the step that reads them.
  [[nodiscard]] const config::Destination& settings() const;
  /// The name of the host that a sentence is about; empty before one is known.
  [[nodiscard]] std::string host() const;
};

}  // namespace sshsm::admin
