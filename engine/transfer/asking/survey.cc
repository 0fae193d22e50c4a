#include "engine/transfer/asking/survey.h"

#include <algorithm>
#include <utility>

#include "engine/sys/call.h"
#include "engine/sys/process_numbers.h"

namespace vmoffer {
namespace {

using std::chrono::milliseconds;

// The limit of one turn of the loop, which takes a few hundred microseconds.
constexpr size_t kKnocksPerTurn = 32;
// No process has more copies of the library.
constexpr uint32_t kMaxBrokersOfProcess = kOrderlySlots;
// How long a broker may keep a place that another needs. It grows each time, for brokers with long answers.
constexpr milliseconds kFirstPatience{20};
constexpr milliseconds kLastPatience{1000};
constexpr milliseconds kFirstClosedDelay{10};
constexpr milliseconds kLastClosedDelay{5000};
constexpr milliseconds kLastClosedDelayInHaste{50};

Status too_few_descriptors() { return os_error(EMFILE, "socket", "could not ask other processes"); }

}  // namespace

std::shared_ptr<Survey> Survey::start(EventLoop& loop, SurveyPlaces& places, const wire::Message& question,
                                      std::optional<milliseconds> timeout, Callbacks callbacks) {
  auto survey = std::make_shared<Survey>(loop, places, question, std::move(callbacks));
  survey->gives_up_ = timeout.has_value();
  if (timeout) survey->deadline_ = loop.call_at(Clock::now() + *timeout, [survey] { survey->finish(); });
  survey->later(&Survey::read_names);
  return survey;
}

Survey::Survey(EventLoop& loop, SurveyPlaces& places, const wire::Message& question, Callbacks callbacks)
    : loop_(loop),
      places_(places),
      question_(question),
      callbacks_(std::move(callbacks)),
      closed_delay_(kFirstClosedDelay),
      names_(own_pid_namespace()) {}

// Lets other work of the loop run between two steps.
void Survey::later(void (Survey::*step)()) {
  loop_.post([self = shared_from_this(), step] {
    if (!self->is_over_) (self.get()->*step)();
  });
}

void Survey::read_names() {
  if (!table_) {
    Result<SocketTable> table = SocketTable::open();
    if (!table.is_ok()) return wait_for_descriptors(table.status());
    table_.emplace(table.take());
  }
  std::vector<std::string> addresses;
  const bool has_more = table_->read_some(kBrokerAddressPrefix, addresses);
  for (const std::string& address : addresses) {
    const std::optional<BrokerName> name = parse_broker_address(address);
    if (name && check_.may_be_anybodys(*name)) names_.add(*name);
  }
  if (has_more) return later(&Survey::read_names);
  table_.reset();
  has_read_names_ = true;
  const std::vector<BrokerName> in_order = names_.take_in_order();
  to_knock_at_.assign(in_order.begin(), in_order.end());
  knock_at_names();
}

void Survey::knock_at_names() {
  for (size_t turn = 0; turn < kKnocksPerTurn && !to_knock_at_.empty(); ++turn) {
    if (knock(to_knock_at_.front()) == Step::kNoDescriptor) return wait_for_descriptors(too_few_descriptors());
    to_knock_at_.pop_front();
  }
  if (!to_knock_at_.empty()) return later(&Survey::knock_at_names);
  has_knocked_ = true;
  if (!closed_.empty()) tell_of_hold_up(closed_.size());
  wait_for_closed();
  ask_those_waiting();
}

Survey::Step Survey::knock(const BrokerName& name) {
  const auto known = brokers_of_process_.find(name.pid);
  const bool has_enough = known != brokers_of_process_.end() && known->second >= kMaxBrokersOfProcess;
  if (has_enough && check_.is_own_namespace(name)) return Step::kDone;
  Connecting connecting = connect_to(broker_address(name), Takes::kNone);
  switch (connecting.outcome) {
    case ConnectOutcome::kConnected:
      return welcome(name, std::move(connecting.socket));
    case ConnectOutcome::kBusy:
      closed_.push_back({name, std::nullopt});
      break;
    case ConnectOutcome::kFailed:
      if (connecting.status.code() == Code::kTooMany) return Step::kNoDescriptor;
      break;
    case ConnectOutcome::kNobody:
      break;
  }
  return Step::kDone;
}

// Until the kernel has said which process it is, nothing is kept for it; after that, no more than for any other
// process.
Survey::Step Survey::welcome(const BrokerName& name, ForeignFd socket) {
  const int pid = pid_of_peer(socket.get());
  if (pid == 0 || !check_.may_be_of(name, pid)) return Step::kDone;
  uint32_t& count = brokers_of_process_[pid];
  if (count >= kMaxBrokersOfProcess) return Step::kDone;
  Result<ProcessIdentity> process = identify_peer(socket.get());
  if (process.status().code() == Code::kTooMany) return Step::kNoDescriptor;
  if (!process.is_ok()) return Step::kDone;
  ++count;
  const size_t number = brokers_.size();
  brokers_.push_back({name, pid, process.value().unique_id, kFirstPatience, nullptr, 0});
  callbacks_.on_found(number, process.value());
  process.value().pidfd.reset();
  if (!waiting_.empty() || ask(number, std::move(socket)) != Step::kDone) waiting_.push_back(number);
  return Step::kDone;
}

void Survey::ask_those_waiting() {
  while (!waiting_.empty() && !is_over_) {
    const Step step = ask(waiting_.front());
    if (step == Step::kNoPlace) return;
    if (step == Step::kNoDescriptor) return wait_for_descriptors(too_few_descriptors());
    waiting_.pop_front();
  }
  finish_if_done();
}

Survey::Step Survey::ask(size_t number) {
  Broker& broker = brokers_[number];
  broker.place = places_.take(shared_from_this(), number, broker.patience);
  if (broker.place == 0) return Step::kNoPlace;
  const BrokerName name = broker.name;
  Connecting connecting = connect_to(broker_address(name), Takes::kNone);
  if (connecting.outcome == ConnectOutcome::kConnected) return ask(number, std::move(connecting.socket));
  places_.give_back(std::exchange(broker.place, 0));
  if (connecting.status.code() == Code::kTooMany) return Step::kNoDescriptor;
  if (connecting.outcome == ConnectOutcome::kBusy) {
    closed_.push_back({name, number});
    wait_for_closed();
  } else {
    callbacks_.on_over(number, /*is_whole=*/false);
  }
  return Step::kDone;
}

Survey::Step Survey::ask(size_t number, ForeignFd socket) {
  Broker& broker = brokers_[number];
  if (broker.place == 0) broker.place = places_.take(shared_from_this(), number, broker.patience);
  if (broker.place == 0) return Step::kNoPlace;
  Result<ProcessIdentity> process = identify_peer(socket.get());
  if (process.status().code() == Code::kTooMany) {
    places_.give_back(std::exchange(broker.place, 0));
    return Step::kNoDescriptor;
  }
  if (process.is_ok() && is_still(broker, process.value())) {
    process.value().pidfd.reset();  // from here on each broker takes one descriptor
    callbacks_.on_asked(number);
    const auto self = shared_from_this();
    broker.reader = AnswerReader::start(loop_, {std::move(socket), process.take()}, question_,
                                        {[self, number](const ProcessIdentity& who, const wire::Message& answer) {
                                           return self->callbacks_.on_answer(number, who, answer);
                                         },
                                         [self, number](bool is_whole) { self->on_end(number, is_whole); }});
  }
  if (broker.reader != nullptr) {
    ++asked_;
  } else {
    places_.give_back(std::exchange(broker.place, 0));
    callbacks_.on_over(number, /*is_whole=*/false);
  }
  return Step::kDone;
}

// Another process may have begun to listen there since the broker was found.
bool Survey::is_still(const Broker& broker, const ProcessIdentity& process) const {
  return process.pid == broker.pid && process.unique_id == broker.unique_id;
}

void Survey::wait_for_closed() {
  if (closed_.empty() || closed_retry_ != 0) return;
  closed_retry_ = loop_.call_at(Clock::now() + closed_delay_, [self = shared_from_this()] {
    self->closed_retry_ = 0;
    const milliseconds last = self->gives_up_ ? kLastClosedDelayInHaste : kLastClosedDelay;
    self->closed_delay_ = std::min(self->closed_delay_ * 2, last);
    self->knock_at_closed();
  });
}

void Survey::knock_at_closed() {
  for (size_t left = std::min(kKnocksPerTurn, closed_.size()); left > 0; --left) {
    const Closed closed = closed_.front();
    if (!closed.broker && knock(closed.name) == Step::kNoDescriptor) return wait_for_descriptors(too_few_descriptors());
    if (closed.broker) waiting_.push_back(*closed.broker);
    closed_.pop_front();
  }
  wait_for_closed();
  ask_those_waiting();
}

void Survey::tell_of_hold_up(size_t names) {
  if (!std::exchange(is_held_up_, true)) callbacks_.on_held_up(names);
}

// A broker that is being asked gives its descriptor back in the end. If none is, nothing will report a free descriptor.
void Survey::wait_for_descriptors(const Status& why) {
  if (gives_up_ && asked_ == 0) return fail(why);
  tell_of_hold_up(0);
  if (retry_ != 0) return;
  retry_ = loop_.call_at(Clock::now() + kExhaustedDelay, [self = shared_from_this()] {
    self->retry_ = 0;
    self->go_on();
  });
}

void Survey::go_on() {
  if (is_over_) return;
  if (!has_read_names_) return read_names();
  if (!has_knocked_) return knock_at_names();
  wait_for_closed();
  ask_those_waiting();
}

void Survey::on_room() {
  if (!is_over_) ask_those_waiting();
}

void Survey::give_way(size_t number) {
  Broker& broker = brokers_[number];
  broker.place = 0;
  forget(broker);
  broker.patience = std::min(broker.patience * 2, kLastPatience);
  waiting_.push_back(number);
  places_.want(shared_from_this());
}

void Survey::on_end(size_t number, bool is_whole) {
  Broker& broker = brokers_[number];
  if (broker.reader == nullptr) return;
  forget(broker);
  callbacks_.on_over(number, is_whole);
  if (retry_ != 0) {
    loop_.cancel_call(std::exchange(retry_, 0));
    return later(&Survey::go_on);
  }
  ask_those_waiting();
}

void Survey::forget(Broker& broker) {
  const std::shared_ptr<AnswerReader> reader = std::move(broker.reader);
  if (reader == nullptr) return;
  reader->stop();
  --asked_;
  places_.give_back(std::exchange(broker.place, 0));
}

void Survey::finish_if_done() {
  if (!is_over_ && has_knocked_ && waiting_.empty() && closed_.empty() && asked_ == 0) finish();
}

void Survey::finish() {
  if (is_over_) return;
  const auto self = shared_from_this();
  const auto on_done = std::move(callbacks_.on_done);
  Asked asked;
  for (const Broker& broker : brokers_) asked.pids.push_back(broker.pid);
  asked.missed = names_.left_out() + to_knock_at_.size() + closed_.size() + waiting_.size();
  let_go();
  on_done(std::move(asked));
}

void Survey::fail(const Status& why) {
  const auto self = shared_from_this();
  const auto on_done = std::move(callbacks_.on_done);
  let_go();
  on_done(why);
}

void Survey::stop() {
  if (!is_over_) let_go();
}

void Survey::let_go() {
  is_over_ = true;
  for (EventLoop::Token* token : {&deadline_, &retry_, &closed_retry_}) loop_.cancel_call(std::exchange(*token, 0));
  for (Broker& broker : brokers_) forget(broker);
  callbacks_ = {};
}

}  // namespace vmoffer
