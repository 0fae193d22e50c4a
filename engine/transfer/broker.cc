#include "engine/transfer/broker.h"

#include <algorithm>

#include "engine/base/checkpoint.h"
#include "engine/sys/peer_user.h"
#include "engine/transfer/admission.h"
#include "engine/transfer/asking/discovery.h"
#include "engine/wire/codec.h"

namespace vmoffer {
namespace {

// As many as can be answered with the spare descriptors, and those for a look into /proc meanwhile.
constexpr size_t kLastConnections = 2;
constexpr size_t kSpares = kLastConnections * kDescriptorsOfConnection + 2;
constexpr uint32_t kNobodysNumber = 65534;
// What strangers have sent, and the closing of which they hold up, may take up this share of our descriptors.
constexpr uint64_t kShareOfUnclosed = 4;
// Whoever connects in a loop must not keep those waiting who are connected.
constexpr int kAcceptsPerTurn = 64;

// As far as the kernel tells processes apart, and users where it does not.
Sharer sharer_at(int socket_fd, const ProcessIdentity& peer) {
  Sharer sharer;
  if (peer.pid != 0) {
    sharer.process = peer.unique_id != 0 ? peer.unique_id : static_cast<uint64_t>(peer.pid);
  } else {
    sharer.process = unique_id_of_peer(socket_fd);
  }
  const Result<uint32_t> user = user_number_of_peer(socket_fd);
  sharer.user = user.is_ok() ? user.value() : kNobodysNumber;
  sharer.is_own_user = user.is_ok() && user.value() == own_user();
  return sharer;
}

// Whose the fault is, and what to do.
Status too_many_connections(const Room& room) {
  const std::string connections =
      " of its " + std::to_string(room.limit) + " descriptors in connections without a claim";
  if (room.verdict == Shares::Verdict::kProcessHasItsShare) {
    return Status(Code::kTooMany, "this process has " + std::to_string(room.of_process) + connections +
                                      ", which is its share; let some of them go");
  }
  return Status(Code::kTooMany, "other processes have too many" + connections + "; end them, or raise its ulimit -n");
}

}  // namespace

class Broker::Listener : public EventHandler {
 public:
  explicit Listener(Broker& broker) : broker_(broker) {}
  void on_readable() override { broker_.accept_some(); }

 private:
  Broker& broker_;
};

class Broker::DestinationEnd : public EventHandler {
 public:
  DestinationEnd(Broker& broker, DestinationId destination) : broker_(broker), destination_(destination) {}
  void on_readable() override { broker_.on_destination_end(destination_); }

 private:
  Broker& broker_;
  const DestinationId destination_;
};

// What one thread waits for and the loop's brings, if it still waits.
class Broker::Awaited {
 public:
  // False, and the result is untouched, when nobody waits any more.
  bool deliver(Result<ReceivedClaim>& result) {
    const MutexLock lock(mutex_);
    if (!is_awaited_) return false;
    result_.emplace(std::move(result));
    has_come_.notify_one();
    return true;
  }

  std::optional<Result<ReceivedClaim>> wait_for(std::chrono::milliseconds time) {
    const auto deadline = Clock::now() + time;
    const MutexLock lock(mutex_);
    while (!result_.has_value() && has_come_.wait_until(mutex_, deadline)) continue;
    is_awaited_ = result_.has_value();
    return std::move(result_);
  }

 private:
  Mutex mutex_;
  Condition has_come_;
  std::optional<Result<ReceivedClaim>> result_ VMO_GUARDED_BY(mutex_);
  bool is_awaited_ VMO_GUARDED_BY(mutex_) = true;
};

Status Broker::does_not_run() {
  return Status(
      Code::kTimeout,
      "this process's own thread vmo-broker did not answer in time: it is stopped, or the machine is swamped. "
      "Nothing is lost: try again");
}

Result<std::unique_ptr<Broker>> Broker::start(HeldClaims& held_claims) {
  Result<std::unique_ptr<EventLoop>> loop = EventLoop::create();
  if (!loop.is_ok()) return loop.status();
  Result<BrokerListener> listener = listen_as_broker();
  if (!listener.is_ok()) return listener.status();
  std::unique_ptr<Broker> broker(new Broker(loop.take(), listener.take(), held_claims));
  Result<EventLoop::Token> token = broker->loop_->add(broker->listener_.get(), std::make_shared<Listener>(*broker));
  if (!token.is_ok()) return token.status();
  broker->listener_token_ = token.value();
  Result<Thread> thread = Thread::start("vmo-broker", [loop = broker->loop_.get()] { loop->run(); });
  if (!thread.is_ok()) return thread.status();
  broker->thread_ = std::make_unique<Thread>(thread.take());
  return broker;
}

Broker::Broker(std::unique_ptr<EventLoop> loop, BrokerListener listener, HeldClaims& held_claims)
    : loop_(std::move(loop)),
      offers_(listener.slot,
              [this](DestinationId destination, int pidfd) {
                loop_->post([this, destination, pidfd] { watch_destination(destination, pidfd); });
              }),
      held_claims_(held_claims),
      undecided_(*loop_),
      survey_places_(*loop_),
      listener_(std::move(listener.socket)),
      spares_(kSpares),
      flights_(*loop_),
      carver_(*loop_, "vmo-carver", "carver.rests"),
      seals_(*loop_) {}

Broker::~Broker() {
  if (thread_ == nullptr) return;
  loop_->stop();
  thread_->join();
}

Broker::Ticket Broker::next_ticket() {
  const MutexLock lock(mutex_);
  return ++last_ticket_;
}

void Broker::accept_some() {
  spares_.keep();  // what has come free is theirs first
  for (int turn = 0; turn < kAcceptsPerTurn; ++turn) {
    // Newcomers wait rather than bring more of what cannot be closed; those who are connected are served.
    if (waiting_to_be_closed() >= max_descriptors() / kShareOfUnclosed) return let_newcomers_wait();
    bool is_exhausted = false;
    ForeignFd socket = accept_next(listener_.get(), &is_exhausted);
    if (is_exhausted) return accept_with_the_last_descriptors();
    if (!socket.is_open()) return;
    admit(std::move(socket));
  }
}

// Whoever asks gets an answer, if only that there is no room for more. Then others are let in, two at a time.
void Broker::accept_with_the_last_descriptors() {
  spares_.let_go();
  while (brief_connections_ < kLastConnections) {
    bool is_exhausted = false;
    ForeignFd socket = accept_next(listener_.get(), &is_exhausted);
    if (!socket.is_open()) break;
    admit(std::move(socket));
  }
  let_newcomers_wait();
}

void Broker::let_newcomers_wait() {
  loop_->want_readable(listener_token_, false);
  loop_->cancel_call(recovery_);
  recovery_ = loop_->call_at(Clock::now() + kExhaustedDelay, [this] { recover_descriptors(); });
}

void Broker::recover_descriptors() {
  loop_->cancel_call(std::exchange(recovery_, 0));
  spares_.keep();
  loop_->want_readable(listener_token_, true);
}

void Broker::admit(ForeignFd socket) {
  Result<ProcessIdentity> peer = identify_peer(socket.get());
  if (peer.status().code() == Code::kTooMany && spares_.has_any()) {
    spares_.let_go();
    peer = identify_peer(socket.get());
  }
  const bool is_out_of_sight = peer.status().code() == Code::kNoProcess;
  if (!peer.is_ok() && !is_out_of_sight) return;
  ProcessIdentity identity = is_out_of_sight ? ProcessIdentity() : peer.take();
  const Sharer sharer = sharer_at(socket.get(), identity);
  const uint64_t limit = max_descriptors();
  const Room room{
      .verdict = descriptors_.may_take(sharer, kDescriptorsOfConnection, descriptors_for_connections(limit)),
      .of_process = descriptors_.of_process(sharer),
      .lowest_free = static_cast<uint64_t>(socket.get()),
      .limit = limit,
      .has_only_spares = !spares_.has_all(),
      .brief_connections = brief_connections_,
      .offers_to_it = identity.pid == 0 ? 0 : offers_.count_offers_to(identity),
  };
  const Admission admission = admission_for(room);
  if (admission == Admission::kRefused) {
    const Status refusal = too_many_connections(room);
    send_packet(socket.get(), wire::encode(wire::Refused{refusal.code(), refusal.message()}));
    return;
  }
  adopt(PeerConnection::accepted(*this, std::move(socket), std::move(identity),
                                 Share(descriptors_, sharer, kDescriptorsOfConnection),
                                 admission == Admission::kAnswered));
}

void Broker::adopt(const std::shared_ptr<PeerConnection>& connection) {
  if (!connection->start().is_ok()) return;
  connections_.emplace(connection.get(), connection);
  if (connection->is_brief()) ++brief_connections_;
  connection
      ->on_readable();  // a claim that is sent its terms takes no share: in a burst that leaves room for the next one
}

void Broker::on_over(PeerConnection& connection) {
  forget_follower(connection);
  // Held until the caller, one of the connection's own methods, has returned.
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  const bool is_brief = connection.is_brief();
  loop_->post([this, is_brief, last_reference = std::move(found->second)]() mutable {
    last_reference.reset();
    if (!is_brief) return;
    --brief_connections_;
    if (recovery_ != 0) recover_descriptors();
  });
  connections_.erase(found);
}

void Broker::forget_follower(PeerConnection& connection) {
  const DestinationId destination = connection.followed_destination();
  const auto followers = followers_.find(destination);
  if (followers == followers_.end()) return;
  followers->second.erase(&connection);
  if (!followers->second.empty()) return;
  followers_.erase(followers);
  // Later: its pidfd may be on its way to be watched.
  loop_->post([this, destination] { forget_destination_if_unused(destination); });
}

// Who has followed, and been offered nothing, leaves no descriptor here.
void Broker::forget_destination_if_unused(DestinationId destination) {
  if (followers_.contains(destination)) return;
  const std::optional<ProcessIdentity> unused = offers_.take_unless_offered(destination);
  const auto found = destination_ends_.find(destination);
  if (!unused || found == destination_ends_.end()) return;
  loop_->remove(found->second);
  destination_ends_.erase(found);
}

void Broker::run_aside(std::function<void()> work, std::function<void()> then) {
  if (carver_.has_started()) return carver_.run(std::move(work), std::move(then));
  work();  // without a thread for it, it is done here
  loop_->post(std::move(then));
}

void Broker::seal(DestinationId claimer, std::shared_ptr<MemoryObject> object, std::function<void()> then) {
  seals_.seal(claimer, std::move(object), std::move(then));
}

void Broker::on_following(PeerConnection& connection) {
  followers_[connection.followed_destination()].insert(&connection);
}

void Broker::on_news(const ProcessIdentity& source, const wire::Offers& news) {
  const MutexLock lock(mutex_);
  for (const auto& [ticket, watch] : watches_) watch->on_news(source, news);
}

void Broker::watch_destination(DestinationId destination, int pidfd) {
  Result<EventLoop::Token> token = loop_->add(pidfd, std::make_shared<DestinationEnd>(*this, destination));
  if (token.is_ok()) destination_ends_.emplace(destination, token.value());
}

void Broker::on_destination_end(DestinationId destination) {
  const auto found = destination_ends_.find(destination);
  if (found == destination_ends_.end()) return;
  loop_->remove(found->second);
  destination_ends_.erase(found);
  // Before anybody hears that the offers have ended: the memory may be offered anew at once.
  const auto connections = connections_;  // a copy: one that is over takes itself out
  for (const auto& [raw, connection] : connections) connection->on_destination_end(destination);
  offers_.forget_destination(destination);
}

void Broker::announce(DestinationId destination) {
  loop_->post([this, destination] { tell(destination); });
}

void Broker::tell(DestinationId destination) {
  if (!followers_.contains(destination)) return reach_out(destination);
  const std::set<PeerConnection*> followers = followers_.at(destination);  // a copy: one that has gone takes itself out
  for (PeerConnection* follower : followers) follower->pump();
}

// Nobody there is no loss: whoever looks later asks for all that stands.
void Broker::reach_out(DestinationId destination) {
  const ProcessIdentity* identity = offers_.identity_of(destination);
  if (identity == nullptr) return;
  const auto [search, is_new] =
      searches_.try_emplace(destination, identity->pid, BrokerSearch::Effort::kUsual, Takes::kNone);
  if (is_new) search_on(destination);
}

void Broker::search_on(DestinationId destination) {
  const ProcessIdentity* identity = offers_.identity_of(destination);
  const auto search = searches_.find(destination);
  if (search == searches_.end()) return;
  for (;;) {
    BrokerSearch::Found found{BrokerSearch::Step::kNoMore, {}, {}};
    if (identity != nullptr) found = search->second.next(*identity);
    if (found.step == BrokerSearch::Step::kNoMore) break;
    if (found.step != BrokerSearch::Step::kConnected) {
      // Nobody tells when there is room again, in its queue or among our descriptors.
      loop_->call_at(Clock::now() + kExhaustedDelay, [this, destination] { search_on(destination); });
      return;
    }
    feed(destination, std::move(found.socket));
  }
  searches_.erase(search);
}

void Broker::feed(DestinationId destination, ForeignFd socket) {
  Result<ProcessIdentity> peer = identify_peer(socket.get());
  if (!peer.is_ok()) return;
  Share share(descriptors_, sharer_at(socket.get(), peer.value()), kDescriptorsOfConnection);
  auto feed = PeerConnection::feeding(*this, std::move(socket), peer.take(), destination, std::move(share));
  adopt(feed);
  on_following(*feed);
  feed->pump();
}

Broker::Ticket Broker::claim(const ClaimRequest& request, std::chrono::milliseconds timeout, ClaimDriver::Done done) {
  const Ticket ticket = next_ticket();
  loop_->post([this, ticket, request, timeout, done = std::move(done)] {
    if (std::optional<ReceivedClaim> late = take_late(request)) return done(std::move(*late));
    auto driver =
        ClaimDriver::start(*loop_, undecided_, request, timeout, [this, ticket, done](Result<ReceivedClaim> result) {
          claims_.erase(ticket);
          done(std::move(result));
        });
    if (!driver->is_finished()) claims_.emplace(ticket, std::move(driver));
  });
  return ticket;
}

Result<ReceivedClaim> Broker::claim_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout) {
  if (std::optional<ReceivedClaim> late = take_late(request)) return std::move(*late);
  if (undecided_.has(request)) return take_up_and_wait(request, timeout);
  return drive_and_wait(request, timeout,
                        [this](std::unique_ptr<ClaimerSide> side) { undecided_.keep(std::move(side)); });
}

// What is undecided belongs to the loop, which drives it on while this thread waits.
Result<ReceivedClaim> Broker::take_up_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout) {
  const auto awaited = std::make_shared<Awaited>();
  const Ticket ticket = claim(request, timeout, [this, awaited, request](Result<ReceivedClaim> result) {
    if (awaited->deliver(result) || !result.is_ok()) return;
    const MutexLock lock(mutex_);
    late_.push_back({request, result.take()});
  });
  if (std::optional<Result<ReceivedClaim>> result = awaited->wait_for(timeout + kLoopMargin)) return std::move(*result);
  abandon(ticket);
  return does_not_run();
}

std::optional<ReceivedClaim> Broker::take_late(const ClaimRequest& request) {
  const MutexLock lock(mutex_);
  const auto at = std::find_if(late_.begin(), late_.end(),
                               [&](const Late& late) { return late.request.is_for_same_memory(request); });
  if (at == late_.end()) return std::nullopt;
  ReceivedClaim claim = std::move(at->claim);
  late_.erase(at);
  return claim;
}

void Broker::abandon(Ticket ticket) {
  loop_->post([this, ticket] {
    const auto found = claims_.find(ticket);
    if (found == claims_.end()) return;
    const std::shared_ptr<ClaimDriver> driver = found->second;
    driver->give_up(Status(Code::kTimeout, "the claim was given up"));
  });
}

void Broker::list(std::chrono::milliseconds timeout, IncomingListDone done) {
  loop_->post([this, timeout, done = std::move(done)] { list_incoming(*loop_, survey_places_, timeout, done); });
}

void Broker::ask_what_is_held(std::chrono::milliseconds timeout, HeldSurveyDone done) {
  loop_->post(
      [this, timeout, done = std::move(done)] { vmoffer::ask_what_is_held(*loop_, survey_places_, timeout, done); });
}

std::optional<IncomingOffer> Broker::take_incoming(Ticket ticket, const std::set<int>& except_from) {
  const MutexLock lock(mutex_);
  const auto found = watches_.find(ticket);
  if (found == watches_.end()) return std::nullopt;
  const IncomingWatch::Taken taken = found->second->take(except_from);
  if (taken.to_resume) {
    loop_->post([this, ticket, key = *taken.to_resume] {
      const MutexLock guard(mutex_);
      const auto at = watches_.find(ticket);
      if (at != watches_.end()) at->second->resume(key);
    });
  }
  return taken.offer;
}

Broker::Ticket Broker::watch(const IncomingWatch::Wanted& wanted, IncomingWatch::OnAvailable on_available,
                             IncomingWatch::OnHeldUp on_held_up) {
  const Ticket ticket = next_ticket();
  auto watch =
      std::make_unique<IncomingWatch>(*loop_, survey_places_, wanted, std::move(on_available), std::move(on_held_up));
  {
    const MutexLock lock(mutex_);
    watches_.emplace(ticket, std::move(watch));
  }
  loop_->post([this, ticket] {
    const MutexLock lock(mutex_);
    const auto found = watches_.find(ticket);
    if (found != watches_.end()) found->second->start();
  });
  return ticket;
}

void Broker::unwatch(Ticket ticket) {
  std::unique_ptr<IncomingWatch> watch;
  {
    const MutexLock lock(mutex_);
    const auto found = watches_.find(ticket);
    if (found == watches_.end()) return;
    watch = std::move(found->second);
    watches_.erase(found);
  }
  // Its connections belong to the loop's thread.
  watch->silence();
  loop_->post([gone = std::shared_ptr<IncomingWatch>(std::move(watch))] {});
}

}  // namespace vmoffer
