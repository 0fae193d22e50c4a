#include "engine/transfer/survey.h"

#include <utility>

namespace vmoffer {

void Survey::start(EventLoop& loop, const wire::Message& question, std::chrono::milliseconds timeout,
                   Callbacks callbacks) {
  std::make_shared<Survey>(loop, std::move(callbacks))->ask_everybody(question, timeout);
}

void Survey::ask_everybody(const wire::Message& question, std::chrono::milliseconds timeout) {
  Result<std::vector<BrokerConnection>> brokers = connect_to_all_brokers();
  if (!brokers.is_ok()) return callbacks_.on_done(brokers.status());
  for (BrokerConnection& broker : brokers.value()) ask(std::move(broker), question);
  outstanding_ = readers_.size();
  if (outstanding_ == 0) return finish();
  deadline_ = loop_.call_at(Clock::now() + timeout, [self = shared_from_this()] { self->finish(); });
}

void Survey::ask(BrokerConnection broker, const wire::Message& question) {
  const auto self = shared_from_this();
  const size_t number = readers_.size();
  const int pid = broker.process.pid;
  auto reader = AnswerReader::start(loop_, std::move(broker), question,
                                    {[self, number](const ProcessIdentity& process, const wire::Message& answer) {
                                       return self->callbacks_.on_answer(number, process, answer);
                                     },
                                     [self, number](bool is_whole) { self->on_end(number, is_whole); }});
  if (reader == nullptr) return;
  readers_.push_back(std::move(reader));
  pids_.push_back(pid);
}

void Survey::on_end(size_t broker, bool is_whole) {
  if (readers_[broker] == nullptr) return;
  const std::shared_ptr<AnswerReader> reader = std::move(readers_[broker]);
  reader->stop();
  if (is_whole) callbacks_.on_whole(broker);
  if (--outstanding_ == 0) finish();
}

void Survey::finish() {
  loop_.cancel_call(deadline_);
  for (const auto& reader : readers_) {
    if (reader != nullptr) reader->stop();
  }
  readers_.clear();
  callbacks_.on_done(std::move(pids_));
}

}  // namespace vmoffer
