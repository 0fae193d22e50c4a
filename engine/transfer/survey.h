// Survey: puts one question to every broker that can be seen from here, and waits until all have answered or the time
// is over. Loop thread only; the callbacks are called there and must not block.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "engine/transfer/answer_reader.h"

namespace vmoffer {

class Survey : public std::enable_shared_from_this<Survey> {
 public:
  // A broker's number is its place in the order in which they were asked.
  struct Callbacks {
    // False: no more of this broker's answers are wanted.
    std::function<bool(size_t broker, const ProcessIdentity& process, const wire::Message& answer)> on_answer;
    // It has told all: END has come.
    std::function<void(size_t broker)> on_whole = [](size_t) {};
    // Once, at the end: the pids of those that were asked. Brokers that have not answered by then (their process is
    // stopped, say) were asked in vain. kTooMany when this process has too few descriptors to ask.
    std::function<void(Result<std::vector<int>> pids)> on_done;
  };

  static void start(EventLoop& loop, const wire::Message& question, std::chrono::milliseconds timeout,
                    Callbacks callbacks);

  Survey(EventLoop& loop, Callbacks callbacks) : loop_(loop), callbacks_(std::move(callbacks)) {}
  Survey(const Survey&) = delete;
  Survey& operator=(const Survey&) = delete;

 private:
  void ask_everybody(const wire::Message& question, std::chrono::milliseconds timeout);
  void ask(BrokerConnection broker, const wire::Message& question);
  void on_end(size_t broker, bool is_whole);
  void finish();

  EventLoop& loop_;
  Callbacks callbacks_;
  EventLoop::Token deadline_ = 0;
  std::vector<int> pids_;
  std::vector<std::shared_ptr<AnswerReader>> readers_;
  size_t outstanding_ = 0;
};

}  // namespace vmoffer
