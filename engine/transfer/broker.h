// Broker: the thread 'vmo-broker', which answers the claims and questions of other processes, and notices when a
// destination ends. There is one in a process (for each copy of the library), and it lives until the process ends. Any
// thread may call the public methods.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include "engine/base/mutex.h"
#include "engine/sys/event_loop.h"
#include "engine/sys/thread.h"
#include "engine/transfer/claim/claims_under_way.h"
#include "engine/transfer/claim/seals.h"
#include "engine/transfer/entrance.h"
#include "engine/transfer/held/held_survey.h"
#include "engine/transfer/offers/incoming_list.h"
#include "engine/transfer/offers/incoming_watch.h"
#include "engine/transfer/offers/outgoing_offers.h"
#include "engine/transfer/peer_connection.h"

namespace vmoffer {

class Broker final : private PeerHost {
 public:
  // Borrows the claims. Listens before it returns, so every process can find an offer that is made after that.
  static Result<std::unique_ptr<Broker>> start(HeldClaims& held_claims);

  OutgoingOffers& outgoing() { return offers_; }
  // Tells the destination of a new offer. Call it after the offer has been made.
  void announce(DestinationId destination);

  // Waits until the broker has read the acknowledgements that its claimers have sent so far: a claimer has the memory,
  // and may tell the program, before the broker knows. Call this only while a claim is under way. That is one turn of
  // the broker's loop. If the broker is held up, for example while it unmaps gigabytes that it has disowned, the caller
  // goes on after 50 ms, and the offer is still being claimed.
  void catch_up();

  ClaimsUnderWay& claims() { return claims_; }
  void list(std::chrono::milliseconds timeout, IncomingListDone done);
  void ask_what_is_held(std::chrono::milliseconds timeout, HeldSurveyDone done);
  using Ticket = uint64_t;
  // Watches for every offer to this process, those that stand and those that come, once each.
  Ticket watch(const IncomingWatch::Wanted& wanted, IncomingWatch::OnAvailable on_available,
               IncomingWatch::OnHeldUp on_held_up = nullptr);
  // Takes the next offer, but from none of these pids. Nothing if there is none: then on_available is called, on the
  // broker's thread, once another has come.
  std::optional<IncomingOffer> take_incoming(Ticket ticket, const std::set<int>& except_from = {});
  // No callback is called after this has returned.
  void unwatch(Ticket ticket);

  // Only for tests of the engine. Ends every connection, as the end of the process would.
  ~Broker() override;
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

 private:
  class DestinationEnd;
  // Looks for the brokers of a destination. One serves all offers to it.
  struct Search {
    explicit Search(int pid) : brokers(pid, BrokerSearch::Effort::kUsual, Takes::kNone) {}

    BrokerSearch brokers;
    EventLoop::Token next_try = 0;
    bool is_unheard = false;  // a broker was reached, and has not heard everything
  };

  Broker(std::unique_ptr<EventLoop> loop, BrokerListener listener, HeldClaims& held_claims);
  bool admit(Entrance::Newcomer newcomer);
  bool adopt(const std::shared_ptr<PeerConnection>& connection);
  void forget_follower(PeerConnection& connection);
  void forget_destination_if_unused(DestinationId destination);
  void watch_destination(DestinationId destination, int pidfd);
  void on_destination_end(DestinationId destination);
  void tell(DestinationId destination);
  void reach_out(DestinationId destination);
  void reach_out_again(DestinationId destination);
  void search_on(DestinationId destination);
  void search_later(DestinationId destination, Search& search, std::chrono::milliseconds delay);
  void feed(DestinationId destination, BrokerConnection broker);

  EventLoop& loop() override { return *loop_; }
  OutgoingOffers& offers() override { return offers_; }
  HeldClaims& held_claims() override { return held_claims_; }
  Flights& flights() override { return flights_; }
  void on_terms_sent(Connection& connection) override;
  void on_decided(Connection& connection) override;
  void hear_acknowledgements() override;
  void on_asked(DestinationId destination) override;
  void on_following(PeerConnection& connection) override;
  void on_news(const ProcessIdentity& source, const wire::Offers& news) override;
  void on_over(PeerConnection& connection) override;
  void run_aside(std::function<void()> work, std::function<void()> then) override;
  void seal(DestinationId claimer, std::shared_ptr<MemoryObject> object, std::function<void()> then) override;

  const std::unique_ptr<EventLoop> loop_;
  OutgoingOffers offers_;
  HeldClaims& held_claims_;
  ClaimsUnderWay claims_;
  SurveyPlaces survey_places_;
  Entrance entrance_;  // outlives the connections
  Flights flights_;
  std::unique_ptr<Thread> thread_;

  // Loop thread only:
  std::unordered_map<PeerConnection*, std::shared_ptr<PeerConnection>> connections_;
  std::set<Connection*> terms_sent_;
  std::unordered_map<DestinationId, std::set<PeerConnection*>> followers_;
  std::unordered_map<DestinationId, EventLoop::Token> destination_ends_;
  std::unordered_map<DestinationId, Search> searches_;  // under way
  Aside carver_;
  Seals seals_;

  Mutex mutex_;
  Ticket last_watch_ VMO_GUARDED_BY(mutex_) = 0;
  std::map<Ticket, std::unique_ptr<IncomingWatch>> watches_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
