// SourceSide: the source's side of one claim, from CLAIM on, as long as its connection stands for the claim. claim.h
// shows its states. Broker thread only.
//
// A claimer that was sent the terms and then hangs up without a message, or stays silent past the deadline, counts as
// having the memory. If its process ends instead, the offer ends with it, and nothing has changed here.
//
// If nobody may write the object any more, it is sealed before the source says DONE. By then the source has dropped its
// rights and the claim is made: the memory is leased, whatever becomes of the claimer meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/supply/supplied_memory.h"
#include "engine/sys/bell.h"
#include "engine/transfer/claim/flights.h"
#include "engine/transfer/claim/hand_off.h"
#include "engine/transfer/connection.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/transfer/offers/outgoing_offers.h"
#include "engine/wire/messages.h"

namespace vmoffer {

// What the source's side needs from its broker.
class SourceHost {
 public:
  virtual ~SourceHost() = default;
  virtual OutgoingOffers& offers() = 0;
  virtual Flights& flights() = 0;
  // The terms have been sent. on_decided() follows when the claimer has answered, or the connection ends.
  virtual void on_terms_sent(Connection& connection) = 0;
  virtual void on_decided(Connection& connection) = 0;
  // Reads the acknowledgements that have arrived: a claimer has the memory, and may tell others, before its MAPPED is
  // read here.
  virtual void hear_acknowledgements() = 0;
  // Runs `work` on a thread where it may take long, and then `then` on this thread. Pieces of work run one after the
  // other.
  virtual void run_aside(std::function<void()> work, std::function<void()> then) = 0;
  // Seals the object against writing if possible, and calls back. That may take long, but does not hold up the loop.
  virtual void seal(DestinationId claimer, std::shared_ptr<MemoryObject> object, std::function<void()> then) = 0;
};

class SourceSide {
 public:
  enum class State : uint8_t { kNew, kWaiting, kPacking, kTermsSent, kLeased, kOver };

  // Borrows both. The connection owns this object, and calls the methods below.
  SourceSide(SourceHost& host, Connection& connection, const wire::Claim& claim)
      : host_(host), connection_(connection), claim_(claim) {}

  // Leaves the state new if a message has come after CLAIM, which can only mean that the claim was given up: the offer
  // stands.
  void begin();
  void on_mapped(const wire::Mapped& mapped);
  void on_declined();
  // The connection has ended, or a message over it makes no sense.
  void on_hang_up();
  void on_deadline();
  // The claimer's process has ended. If it did not acknowledge, the memory belongs to this process alone.
  void on_destination_end(DestinationId destination);
  // The claimer may have the memory already, and may have told others so, although its MAPPED has not been read here.
  bool may_be_made() const { return state_ == State::kTermsSent && dropped_by(offered_->offer.flags) == 0; }
  // The connection is about to end, for any reason.
  void on_ending();
  State state() const { return state_; }

  SourceSide(const SourceSide&) = delete;
  SourceSide& operator=(const SourceSide&) = delete;

 private:
  bool has_to_wait(OfferId offer);
  void pack_and_send_terms(OfferedMemory offered);
  void send_terms(OfferedMemory offered, Result<Parcel> parcel);
  Status send_parcel(const Offer& offer, const Parcel& parcel);
  Status prepare_bell_or_line(const Offer& offer, const Parcel& parcel);
  // After DONE it is a channel's bell or the line of supplied memory, and goes on receiving.
  bool is_used_after_done() const { return is_channel_ || is_supplied_; }
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
  std::shared_ptr<MemoryObject> object_;  // kTermsSent; kept until the sealing begins
  Loan loan_;                             // kTermsSent, kLeased
  bool is_channel_ = false;
  Bell bell_;  // kTermsSent, if the claim is of a channel
  bool is_supplied_ = false;
  std::shared_ptr<SuppliedMemory> supplied_;  // kTermsSent, if the memory is supplied
  std::shared_ptr<SupplyLine> line_;          // the same
  std::shared_ptr<OfferObserver> observer_;   // kLeased
};

}  // namespace vmoffer
