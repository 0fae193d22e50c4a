// Survey: puts one question to every broker that can be seen from here, a few at a time, and waits until all have
// answered or the time is over. Loop thread only; the callbacks are called there and must not block.
//
//     reading the names ──▶ knocking at each, to see who listens there ──▶ waiting for what has not answered yet
//
// A name costs a connection that is closed at once. A broker, which is a name that the kernel vouches for, is asked as
// soon as there is a place.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/transfer/asking/answer_reader.h"
#include "engine/transfer/asking/broker_names.h"
#include "engine/transfer/asking/survey_places.h"

namespace vmoffer {

class Survey : public SurveyPlaces::Tenant, public std::enable_shared_from_this<Survey> {
 public:
  struct Asked {
    std::vector<int> pids;  // by the broker's number
    size_t missed = 0;      // names that were too many, took no connection, or were not looked at in time
  };
  // A broker's number is its place in the order in which they were found.
  struct Callbacks {
    std::function<void(size_t broker, const ProcessIdentity& process)> on_found = [](size_t, const ProcessIdentity&) {};
    // It is asked: again, when it had to give way to others. What it had told then is told again.
    std::function<void(size_t broker)> on_asked = [](size_t) {};
    // False: no more of this broker's answers are wanted.
    std::function<bool(size_t broker, const ProcessIdentity& process, const wire::Message& answer)> on_answer;
    // It has told all (END has come), or will tell no more.
    std::function<void(size_t broker, bool is_whole)> on_over = [](size_t, bool) {};
    // Once at most: so many names take no connection now, or, with 0, this process has no descriptor to ask. It is
    // tried again.
    std::function<void(size_t names)> on_held_up = [](size_t) {};
    // Once, at the end. Brokers that have not answered by then (their process is stopped, say) were asked in vain.
    // kTooMany when this process has too few descriptors to ask.
    std::function<void(Result<Asked>)> on_done;
  };

  // With a time it gives up when that is over, or when there are no descriptors; without one it never does.
  static std::shared_ptr<Survey> start(EventLoop& loop, SurveyPlaces& places, const wire::Message& question,
                                       std::optional<std::chrono::milliseconds> timeout, Callbacks callbacks);
  // No callback is called from here on.
  void stop();

  Survey(EventLoop& loop, SurveyPlaces& places, const wire::Message& question, Callbacks callbacks);
  Survey(const Survey&) = delete;
  Survey& operator=(const Survey&) = delete;

 private:
  struct Broker {
    BrokerName name;
    int pid = 0;
    uint64_t unique_id = 0;
    std::chrono::milliseconds patience;
    std::shared_ptr<AnswerReader> reader;
    SurveyPlaces::Place place = 0;
  };
  // A name whose listener takes no connection now; a broker's number once it is known whose it is.
  struct Closed {
    BrokerName name;
    std::optional<size_t> broker;
  };
  enum class Step : uint8_t { kDone, kNoPlace, kNoDescriptor };

  void later(void (Survey::*step)());
  void read_names();
  void knock_at_names();
  Step knock(const BrokerName& name);
  Step welcome(const BrokerName& name, ForeignFd socket);
  void ask_those_waiting();
  Step ask(size_t number);
  Step ask(size_t number, ForeignFd socket);
  bool is_still(const Broker& broker, const ProcessIdentity& process) const;
  void knock_at_closed();
  void wait_for_closed();
  void tell_of_hold_up(size_t names);
  void wait_for_descriptors(const Status& why);
  void go_on();
  void on_room() override;
  void give_way(size_t broker) override;
  void on_end(size_t broker, bool is_whole);
  void forget(Broker& broker);
  void finish_if_done();
  void finish();
  void fail(const Status& why);
  void let_go();

  EventLoop& loop_;
  SurveyPlaces& places_;
  const wire::Message question_;
  Callbacks callbacks_;
  bool gives_up_ = false;
  bool is_over_ = false;
  bool is_held_up_ = false;
  EventLoop::Token deadline_ = 0;
  EventLoop::Token retry_ = 0;  // when descriptors had run out
  EventLoop::Token closed_retry_ = 0;
  std::chrono::milliseconds closed_delay_;

  std::optional<SocketTable> table_;
  NameCheck check_;
  BrokerNames names_;
  bool has_read_names_ = false;
  bool has_knocked_ = false;
  std::deque<BrokerName> to_knock_at_;
  std::deque<Closed> closed_;
  std::unordered_map<int, uint32_t> brokers_of_process_;
  std::vector<Broker> brokers_;
  std::deque<size_t> waiting_;
  size_t asked_ = 0;  // that hold a place
};

}  // namespace vmoffer
