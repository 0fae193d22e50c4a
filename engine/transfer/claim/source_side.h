// SourceSide: the source's side of one claim, from CLAIM on for as long as its connection stands for it. Its states:
// claim.h. Broker thread only.
//
// A claimer that was sent the terms and hangs up without a word, or stays silent past the deadline, counts as having
// the memory, unless its process ends: then the offer ends with it and nothing has changed here.
//
// What nobody may write any more is sealed before the claimer hears DONE. By then the source has dropped its rights and
// the claim is made: whatever becomes of the claimer meanwhile, it is leased.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/sys/bell.h"
#include "engine/transfer/claim/flights.h"
#include "engine/transfer/claim/hand_off.h"
#include "engine/transfer/connection.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/transfer/offers/outgoing_offers.h"
#include "engine/wire/messages.h"

namespace vmoffer {

// What the source's side needs of its broker.
class SourceHost {
 public:
  virtual ~SourceHost() = default;
  virtual OutgoingOffers& offers() = 0;
  virtual Flights& flights() = 0;
  // From the terms on, until its claimer's word has been heard or its end has come.
  virtual void on_terms_sent(Connection& connection) = 0;
  virtual void on_decided(Connection& connection) = 0;
  // A claimer has the memory, and may say so, before its acknowledgement is read here: now all that have come are.
  virtual void hear_acknowledgements() = 0;
  // Runs `work` on a thread on which it may take its time, one after the other, and then `then` on this one.
  virtual void run_aside(std::function<void()> work, std::function<void()> then) = 0;
  // Seals the object against writing, if that can be, and calls back. It may take a while; the loop goes on.
  virtual void seal(DestinationId claimer, std::shared_ptr<MemoryObject> object, std::function<void()> then) = 0;
};

class SourceSide {
 public:
  enum class State : uint8_t { kNew, kWaiting, kPacking, kTermsSent, kLeased, kOver };

  // Borrows both. The connection owns it, and tells it of everything below.
  SourceSide(SourceHost& host, Connection& connection, const wire::Claim& claim)
      : host_(host), connection_(connection), claim_(claim) {}

  // Afterwards it is new still when something has come behind the claim, which can only say that it was given up: the
  // offer stands.
  void begin();
  void on_mapped(const wire::Mapped& mapped);
  void on_declined();
  // The connection has ended, or what came over it makes no sense.
  void on_hang_up();
  void on_deadline();
  // The process has ended: what it was sent and did not acknowledge is nobody's but ours.
  void on_destination_end(DestinationId destination);
  // For all that is known here the claimer may have the memory already, and may have told others so.
  bool may_be_made() const { return state_ == State::kTermsSent && dropped_by(offered_->offer.flags) == 0; }
  // The connection is about to end, for whatever reason.
  void on_ending();
  State state() const { return state_; }

  SourceSide(const SourceSide&) = delete;
  SourceSide& operator=(const SourceSide&) = delete;

 private:
  bool has_to_wait(OfferId offer);
  void pack_and_send_terms(OfferedMemory offered);
  void send_terms(OfferedMemory offered, Result<Parcel> parcel);
  Status send_parcel(const Offer& offer, const Parcel& parcel);
  enum class Behind : uint8_t { kNothing, kDeclined, kEnd };
  Behind look_behind();
  void become_leased();
  void become_leased_to_process();
  bool has_concluded_claim();
  Status drop_what_was_offered();
  void seal_what_was_sent(std::function<void()> then);
  void say_done();
  void return_claim();
  void let_go_of_memory();

  SourceHost& host_;
  Connection& connection_;
  const wire::Claim claim_;
  State state_ = State::kNew;
  std::optional<Status> why_waiting_;     // kWaiting
  OfferId offer_id_ = 0;                  // from kTermsSent on
  DestinationId claimer_ = 0;             // from kTermsSent on
  std::optional<OfferedMemory> offered_;  // kTermsSent
  std::shared_ptr<MemoryObject> object_;  // kTermsSent; then until it is being sealed
  Loan loan_;                             // kTermsSent, kLeased
  bool is_channel_ = false;
  Bell bell_;                                // kTermsSent, of a channel
  std::shared_ptr<OfferObserver> observer_;  // kLeased
};

}  // namespace vmoffer
