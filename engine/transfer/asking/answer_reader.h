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
    // Called for each message but END. Returns false if it is no answer, or no more are wanted: the reader hangs up.
    std::function<bool(const ProcessIdentity& broker, const wire::Message& answer)> on_answer;
    // True: END has come (news may follow it). False: nothing more will come. May be called more than once.
    std::function<void(bool is_whole)> on_end;
  };

  // Null if the broker is gone already; then no callback was or will be called.
  static std::shared_ptr<AnswerReader> start(EventLoop& loop, BrokerConnection broker, const wire::Message& question,
                                             Callbacks callbacks);

  void on_readable() override;
  // Stops reading until resume(), so that the broker has to wait. resume() returns false if the answers cannot be
  // awaited any more.
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
