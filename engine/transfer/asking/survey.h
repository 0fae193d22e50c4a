// Survey: asks every broker that can be seen from here one question, a few at a time, and waits until all have answered
// or the time is over. Loop thread only; the callbacks are called there and must not block.
//
//     reading the names ──▶ connecting to each, to see which process listens ──▶ waiting for the answers still due
//
// Each name costs a connection that is closed at once. If the kernel confirms that a broker listens there, the broker
// is asked as soon as there is a place.
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
    size_t missed = 0;      // names beyond the limit, that took no connection, or that were not tried in time
  };
  // Brokers are numbered in the order in which they are found.
  struct Callbacks {
    std::function<void(size_t broker, const ProcessIdentity& process)> on_found = [](size_t, const ProcessIdentity&) {};
    // The broker is asked. If it has to give way to others, it is asked again later, and repeats its answers.
    std::function<void(size_t broker)> on_asked = [](size_t) {};
    // Returns false if no more answers of this broker are wanted.
    std::function<bool(size_t broker, const ProcessIdentity& process, const wire::Message& answer)> on_answer;
    // The broker has sent everything (END has come), or will send nothing more.
    std::function<void(size_t broker, bool is_whole)> on_over = [](size_t, bool) {};
    // Called once at most: that many names take no connection now; 0 means that this process has no descriptor to ask
    // with. The survey tries again.
    std::function<void(size_t names)> on_held_up = [](size_t) {};
    // Called once, at the end. Some brokers may not have answered by then (if their process is stopped, say). kTooMany
    // if this process has too few descriptors to ask.
    std::function<void(Result<Asked>)> on_done;
  };

  // With a timeout, gives up after that time, or if there are no descriptors. Without one, never gives up.
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
  // A name whose listener takes no connection now; with a broker's number once that is known.
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
  EventLoop::Token retry_ = 0;  // set while descriptors have run out
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
  size_t asked_ = 0;  // brokers that hold a place
};

}  // namespace vmoffer
