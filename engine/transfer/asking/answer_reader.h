// AnswerReader: asks one broker one question, and reads the answers. Loop thread only.
#pragma once

#include <functional>
#include <memory>

#include "engine/sys/event_loop.h"
#include "engine/transfer/asking/discovery.h"
#include "engine/wire/messages.h"

namespace vmoffer {

class AnswerReader : public EventHandler, public std::enable_shared_from_this<AnswerReader> {
 public:
  struct Callbacks {
    // Of whatever comes but END. False: it is no answer, or more of them than are wanted; hang up.
    std::function<bool(const ProcessIdentity& broker, const wire::Message& answer)> on_answer;
    // With true END has come (there may be news behind it), with false nothing more will. May be called more than once.
    std::function<void(bool is_whole)> on_end;
  };

  // Null when the broker has gone already; then no callback was or will be called.
  static std::shared_ptr<AnswerReader> start(EventLoop& loop, BrokerConnection broker, const wire::Message& question,
                                             Callbacks callbacks);

  void on_readable() override;
  // Reads nothing until it is resumed: the broker waits. False when it cannot be waited for any more.
  void pause();
  bool resume();
  // Hangs up. No callback is called from here on.
  void stop();

  AnswerReader(EventLoop& loop, BrokerConnection broker, Callbacks callbacks)
      : loop_(loop), broker_(std::move(broker)), callbacks_(std::move(callbacks)) {}
  AnswerReader(const AnswerReader&) = delete;
  AnswerReader& operator=(const AnswerReader&) = delete;

 private:
  bool on_packet(const Packet& packet);

  EventLoop& loop_;
  BrokerConnection broker_;
  Callbacks callbacks_;
  EventLoop::Token token_ = 0;
};

}  // namespace vmoffer
