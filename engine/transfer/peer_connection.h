// PeerConnection: one connection between this broker and another process, seen from the source. Broker thread only.
//
//     new ── CLAIM ──▶ (packing) ──▶ terms sent ── MAPPED ──▶ leased ── hang-up ──▶ (the claimer has let the memory go)
//                  (waiting) until what was sent before has been read
//         ── LIST  ──▶ feeding
//         ── INSPECT ▶ telling
//         ── OFFERS ─▶ news                 (the peer is a source and tells what it offers us)
//
// A claimer that was sent the terms and hangs up without a word, or stays silent past the deadline, counts as
// having it, unless its process ends: then the offer ends with it and nothing has changed here.
//
// What nobody may write any more is sealed before the claimer hears DONE. By then the source has dropped its rights and
// the claim is made: whatever becomes of the claimer meanwhile, it is leased.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/sys/event_loop.h"
#include "engine/sys/process.h"
#include "engine/transfer/claim/flights.h"
#include "engine/transfer/claim/hand_off.h"
#include "engine/transfer/held/held_feed.h"
#include "engine/transfer/offers/offer_feed.h"
#include "engine/transfer/offers/outgoing_offers.h"
#include "engine/transfer/shares.h"
#include "engine/wire/messages.h"

namespace vmoffer {

class PeerConnection;

// What a connection needs of its broker.
class PeerHost {
 public:
  virtual ~PeerHost() = default;
  virtual EventLoop& loop() = 0;
  virtual OutgoingOffers& offers() = 0;
  virtual HeldClaims& held_claims() = 0;
  virtual Flights& flights() = 0;
  virtual void on_following(PeerConnection& connection) = 0;
  // Runs `work` on a thread on which it may take its time, one after the other, and then `then` on this one.
  virtual void run_aside(std::function<void()> work, std::function<void()> then) = 0;
  // Seals the object against writing, if that can be, and calls back. It may take a while; the loop goes on.
  virtual void seal(DestinationId claimer, std::shared_ptr<MemoryObject> object, std::function<void()> then) = 0;
  virtual void on_news(const ProcessIdentity& source, const wire::Offers& news) = 0;
  // The connection is over; the host lets go of it, and of the destination if nobody else follows it.
  virtual void on_over(PeerConnection& connection) = 0;
};

class PeerConnection : public EventHandler, public std::enable_shared_from_this<PeerConnection> {
 public:
  // Of a connection that the peer made. `share`: what it takes of the descriptors, until it stands for a claim.
  // `is_brief`: this process cannot keep it, so it is answered and no more. A peer without a pid here (it is in a pid
  // namespace that is not seen from this one) can have been offered nothing, and is told so.
  static std::shared_ptr<PeerConnection> accepted(PeerHost& host, ForeignFd socket, ProcessIdentity peer, Share share,
                                                  bool is_brief);
  // Of one that this broker made, to tell a destination what is offered to it.
  static std::shared_ptr<PeerConnection> feeding(PeerHost& host, ForeignFd socket, ProcessIdentity peer,
                                                 DestinationId destination, Share share);

  Status start();
  const ProcessIdentity& peer() const { return peer_; }
  DestinationId followed_destination() const { return feed_ ? feed_->destination() : 0; }
  bool is_brief() const { return is_brief_; }

  void pump();
  // The process has ended: what it was sent and did not acknowledge is nobody's but ours.
  void on_destination_end(DestinationId destination);
  void on_readable() override;
  void on_writable() override { pump(); }

  PeerConnection(PeerHost& host, ForeignFd socket, ProcessIdentity peer, Share share, bool is_brief);
  ~PeerConnection() override;
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

 private:
  enum class State : uint8_t { kNew, kWaiting, kPacking, kTermsSent, kLeased, kFeeding, kTelling, kNews, kOver };

  void on_packet(const Packet& packet);
  void on_claim(const wire::Claim& claim);
  void begin_claim(const wire::Claim& claim, DestinationId destination);
  Status wait_for_flights(const wire::Claim& claim, OfferId offer);
  void pack_and_send_terms(OfferedMemory offered, wire::Transfer transfer);
  void send_terms(OfferedMemory offered, wire::Transfer transfer, Result<Parcel> parcel);
  Status send_parcel(const Offer& offer, const Parcel& parcel);
  IoOutcome send_bell();
  Status drop_what_was_offered();
  void seal_what_was_sent(std::function<void()> then);
  void say_done();
  void on_mapped(const wire::Mapped& mapped);
  bool has_taken_back();
  void let_go_of_memory();
  void return_claim();
  void on_declined();
  void on_list(const wire::List& list);
  void on_inspect();
  bool may_look() const;
  void on_news(const wire::Offers& news);
  void on_deadline();
  void on_hang_up();
  void become_leased();
  void become_leased_to_process();
  bool has_concluded_claim();
  void refuse(const Status& status);
  void set_deadline(std::chrono::milliseconds patience);
  void follow(const wire::List& list);
  void stop_watching();
  void end();
  void let_go_of_socket();

  PeerHost& host_;
  const std::shared_ptr<ForeignFd> socket_;
  ProcessIdentity peer_;
  Share share_;
  const bool is_brief_;
  bool is_following_ = false;  // kFeeding: it is told of what comes, for as long as it likes
  State state_ = State::kNew;
  EventLoop::Token token_ = 0;
  EventLoop::Token deadline_ = 0;
  OfferId offer_id_ = 0;                            // kTermsSent, kLeased
  DestinationId claimer_ = 0;                       // kTermsSent, kLeased
  std::optional<Status> why_waiting_;               // kWaiting
  std::optional<OfferedMemory> offered_;            // kTermsSent
  wire::Transfer transfer_ = wire::Transfer::kMap;  // kTermsSent
  std::shared_ptr<MemoryObject> object_;            // kTermsSent; then until it is being sealed
  Loan loan_;                                       // kTermsSent, kLeased
  ForeignFd bell_;                                  // kTermsSent, of a channel: this process's end
  std::shared_ptr<OfferObserver> observer_;         // kLeased
  std::optional<OfferFeed> feed_;                   // kFeeding
  std::optional<HeldFeed> held_feed_;               // kTelling
};

}  // namespace vmoffer
