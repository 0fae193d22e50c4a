#include "engine/transfer/broker.h"

#include "engine/base/checkpoint.h"
#include "engine/base/latch.h"
#include "engine/transfer/asking/discovery.h"
#include "engine/wire/codec.h"

namespace vmoffer {
namespace {

// The caller is a JavaScript thread, which should not wait for the broker's other work.
constexpr std::chrono::milliseconds kPatienceWithLoop{50};
// A destination that lacks descriptors has other sources, too, which all come again.
constexpr std::chrono::milliseconds kUnheardDelay{500};

}  // namespace

class Broker::DestinationEnd : public EventHandler {
 public:
  DestinationEnd(Broker& broker, DestinationId destination) : broker_(broker), destination_(destination) {}
  void on_readable() override { broker_.on_destination_end(destination_); }

 private:
  Broker& broker_;
  const DestinationId destination_;
};

Result<std::unique_ptr<Broker>> Broker::start(HeldClaims& held_claims) {
  Result<std::unique_ptr<EventLoop>> loop = EventLoop::create();
  if (!loop.is_ok()) return loop.status();
  loop.value()->look_before_sleeping();
  Result<BrokerListener> listener = listen_as_broker();
  if (!listener.is_ok()) return listener.status();
  std::unique_ptr<Broker> broker(new Broker(loop.take(), listener.take(), held_claims));
  Status opened = broker->entrance_.open();
  if (!opened.is_ok()) return opened;
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
      claims_(*loop_),
      survey_places_(*loop_),
      entrance_(*loop_, offers_, std::move(listener.socket),
                [this](Entrance::Newcomer newcomer) { return admit(std::move(newcomer)); }),
      flights_(*loop_),
      carver_(*loop_, "vmo-carver", "carver.rests"),
      seals_(*loop_) {}

Broker::~Broker() {
  if (thread_ == nullptr) return;
  loop_->stop();
  thread_->join();
}

bool Broker::admit(Entrance::Newcomer newcomer) {
  return adopt(PeerConnection::accepted(*this, std::move(newcomer.socket), std::move(newcomer.process),
                                        std::move(newcomer.share), newcomer.is_brief));
}

bool Broker::adopt(const std::shared_ptr<PeerConnection>& connection) {
  if (!connection->start().is_ok()) return false;
  connections_.emplace(connection.get(), connection);
  connection->on_readable();  // a claim with its terms sent takes no share, which leaves room for the next in a burst
  return true;
}

void Broker::on_over(PeerConnection& connection) {
  forget_follower(connection);
  if (connection.is_unheard()) reach_out_again(connection.followed_destination());
  // Keeps the connection alive until the caller, one of its own methods, has returned.
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  loop_->post([this, is_brief = connection.is_brief(), last_reference = std::move(found->second)]() mutable {
    last_reference.reset();
    if (is_brief) entrance_.on_brief_end();
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
  // Later, because a task that begins to watch its pidfd may be queued.
  loop_->post([this, destination] { forget_destination_if_unused(destination); });
}

// A destination that followed and was offered nothing leaves no descriptor here.
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
  work();  // there is no thread for it
  loop_->post(std::move(then));
}

void Broker::seal(DestinationId claimer, std::shared_ptr<MemoryObject> object, std::function<void()> then) {
  seals_.seal(claimer, std::move(object), std::move(then));
}

void Broker::on_terms_sent(Connection& connection) {
  if (terms_sent_.insert(&connection).second) loop_->expect_soon();
}

void Broker::on_decided(Connection& connection) {
  if (terms_sent_.erase(&connection) > 0) loop_->expect_no_more();
}

void Broker::hear_acknowledgements() {
  std::vector<std::shared_ptr<Connection>> waiting;  // a copy, because a connection that is decided removes itself
  for (Connection* connection : terms_sent_) waiting.push_back(connection->shared_from_this());
  for (const auto& connection : waiting) {
    if (terms_sent_.contains(connection.get()) && connection->is_watched()) connection->on_readable();
  }
}

void Broker::catch_up() {
  const auto caught_up = std::make_shared<Latch>();
  loop_->post([this, caught_up] {
    hear_acknowledgements();
    caught_up->open();
  });
  caught_up->wait_for(kPatienceWithLoop);
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
  // Before the offers' observers are told that they have ended: the program may offer the memory anew at once.
  const auto connections = connections_;  // a copy, because a connection that ends removes itself
  for (const auto& [raw, connection] : connections) connection->on_destination_end(destination);
  offers_.forget_destination(destination);
}

void Broker::announce(DestinationId destination) {
  loop_->post([this, destination] { tell(destination); });
}

void Broker::tell(DestinationId destination) {
  if (!followers_.contains(destination)) return reach_out(destination);
  // A copy, because a follower that ends removes itself.
  const std::set<PeerConnection*> followers = followers_.at(destination);
  for (PeerConnection* follower : followers) follower->pump();
}

// If no broker is there, nothing is lost: a process that looks later asks for all offers that stand.
void Broker::reach_out(DestinationId destination) {
  const ProcessIdentity* identity = offers_.identity_of(destination);
  if (identity == nullptr) return;
  if (searches_.try_emplace(destination, identity->pid).second) search_on(destination);
}

void Broker::reach_out_again(DestinationId destination) {
  const ProcessIdentity* identity = offers_.identity_of(destination);
  if (identity == nullptr || followers_.contains(destination)) return;
  const auto [search, is_new] = searches_.try_emplace(destination, identity->pid);
  if (is_new) search_later(destination, search->second, kUnheardDelay);
  search->second.is_unheard = !is_new;
}

// Who has been told what stands expects news of the rest, whatever becomes of this process's descriptors meanwhile. A
// search may have been put off, or have found nobody, because its broker did not run yet.
void Broker::on_asked(DestinationId destination) {
  if (searches_.contains(destination)) return search_on(destination);
  if (!followers_.contains(destination)) reach_out(destination);
}

void Broker::search_on(DestinationId destination) {
  const ProcessIdentity* identity = offers_.identity_of(destination);
  const auto found = searches_.find(destination);
  if (found == searches_.end()) return;
  Search& search = found->second;
  loop_->cancel_call(std::exchange(search.next_try, 0));
  BrokerSearch::Step step = BrokerSearch::Step::kConnected;
  while (step == BrokerSearch::Step::kConnected) {
    BrokerSearch::Found next{BrokerSearch::Step::kNoMore, {}, {}};
    if (identity != nullptr) next = entrance_.has_spares() ? search.brokers.next(*identity) : BrokerSearch::Found();
    step = next.step;
    if (step == BrokerSearch::Step::kConnected) feed(destination, std::move(*next.broker));
  }
  if (step == BrokerSearch::Step::kNoMore) {
    const bool is_unheard = search.is_unheard;
    searches_.erase(found);
    return is_unheard ? reach_out_again(destination) : void();
  }
  // Nothing reports when its queue has room again, or this process a free descriptor.
  search_later(destination, search, kExhaustedDelay);
}

void Broker::search_later(DestinationId destination, Search& search, std::chrono::milliseconds delay) {
  search.next_try = loop_->call_at(Clock::now() + delay, [this, destination] { search_on(destination); });
}

void Broker::feed(DestinationId destination, BrokerConnection broker) {
  checkpoint("source.reached");
  Share share = entrance_.share_of(broker.socket.get(), broker.process);
  const auto feed = PeerConnection::feeding(*this, std::move(broker.socket), std::move(broker.process), destination,
                                            std::move(share));
  on_following(*feed);  // first, because it may be over as soon as it is read
  if (!adopt(feed)) return forget_follower(*feed);
  feed->pump();
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
  auto watch =
      std::make_unique<IncomingWatch>(*loop_, survey_places_, wanted, std::move(on_available), std::move(on_held_up));
  Ticket ticket = 0;
  {
    const MutexLock lock(mutex_);
    ticket = ++last_watch_;
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
