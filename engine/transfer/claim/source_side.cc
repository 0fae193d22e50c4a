#include "engine/transfer/claim/source_side.h"

#include <chrono>
#include <string>
#include <utility>

#include "engine/base/checkpoint.h"
#include "engine/sys/bell.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/wire/codec.h"

namespace vmoffer {
namespace {

// How long a claimer may take to map the memory.
constexpr std::chrono::milliseconds kPatience{5000};
// How long a claim waits until descriptors sent for other claims are read, including those of its own process.
constexpr std::chrono::milliseconds kPatienceWithFlights{1000};

Status out_of_descriptors() {
  return Status(Code::kTooMany, "it has too few descriptors left to keep a connection for this claim (" +
                                    std::to_string(max_descriptors()) +
                                    " are allowed); let it release regions and claims, or raise its ulimit -n");
}

}  // namespace

void SourceSide::begin() {
  checkpoint("source.asked");
  if (has_input(connection_.fd())) return;
  const ProcessIdentity& claimer = connection_.peer();
  const DestinationId destination = claimer.pid == 0 ? 0 : host_.offers().destination_of(claimer);
  if (connection_.is_brief() && destination != 0) return connection_.refuse(out_of_descriptors());
  const OfferId offer = destination == 0 ? 0 : host_.offers().offered_at(destination, claim_.address);
  if (offer != 0 && has_to_wait(offer)) return;
  if (offer != 0 && host_.offers().is_being_claimed(offer)) host_.hear_acknowledgements();
  Result<OfferedMemory> offered =
      destination == 0 ? Result<OfferedMemory>(Status(Code::kNotOffered, "nothing is offered to this process"))
                       : host_.offers().begin_claim(destination, claim_.address);
  if (!offered.is_ok()) return connection_.refuse(offered.status());
  state_ = State::kNew;
  connection_.give_back_share();  // from here on it stands for an offer, which this process has made
  pack_and_send_terms(offered.take());
}

// True while too many descriptors are unread: a receiver does not read them, or has not had the time.
bool SourceSide::has_to_wait(OfferId offer) {
  const uint64_t descriptor_count = 1 + host_.offers().lease_count(offer);
  Status status = host_.flights().may_depart(offer, connection_.sharer(), descriptor_count);
  if (status.is_ok()) return false;
  if (state_ != State::kWaiting) connection_.set_deadline(kPatienceWithFlights);
  state_ = State::kWaiting;
  why_waiting_ = status;
  host_.flights().try_again([this, alive = connection_.shared_from_this()] {
    if (state_ == State::kWaiting) begin();
  });
  return true;
}

void SourceSide::pack_and_send_terms(OfferedMemory offered) {
  const wire::Transfer transfer = claim_.transfer;
  if (!takes_time(offered, transfer)) {
    Result<Parcel> parcel = pack(offered, transfer);
    return send_terms(std::move(offered), std::move(parcel));
  }
  // A hang-up goes unnoticed until the packing is done.
  connection_.stop_watching();
  connection_.cancel_deadline();
  state_ = State::kPacking;
  auto result = std::make_shared<std::optional<Result<Parcel>>>();
  host_.run_aside([offered, transfer, result] { result->emplace(pack(offered, transfer)); },
                  [this, alive = connection_.shared_from_this(), offered, result] {
                    state_ = State::kNew;
                    connection_.set_deadline(kPatience);
                    const bool is_watched = connection_.watch().is_ok();
                    // The same as before the packing, once more.
                    if (is_watched && !has_input(connection_.fd())) return send_terms(offered, std::move(**result));
                    host_.offers().return_claim(offered.offer.id);
                    if (!is_watched) connection_.end();
                  });
}

void SourceSide::send_terms(OfferedMemory offered, Result<Parcel> parcel) {
  const Offer offer = offered.offer;
  offer_id_ = offer.id;
  claimer_ = offer.destination;
  const Status status = parcel.is_ok() ? send_parcel(offer, parcel.value()) : parcel.status();
  if (!status.is_ok()) {
    // No descriptor of the object has left this process. Leases alone give no access to it.
    host_.offers().return_claim(offer.id);
    return connection_.refuse(status.code() == Code::kBusy ? status.with("the offer stands") : status);
  }
  checkpoint("source.terms-sent");
  state_ = State::kTermsSent;
  offered_ = std::move(offered);
  host_.on_terms_sent(connection_);
  object_ = std::move(parcel.value().object);
  loan_ = std::move(parcel.value().loan);
  connection_.set_deadline(kPatience);
}

// Made now, while the claim can still be refused.
Status SourceSide::prepare_bell_or_line(const Offer& offer, const Parcel& parcel) {
  is_channel_ = kind_of(offer.flags) == OfferKind::kChannel;
  if (is_channel_) {
    Result<Bell> bell = Bell::of(*connection_.socket());
    if (!bell.is_ok()) return bell.status();
    bell_ = bell.take();
  }
  if (parcel.supplied == nullptr) return Status();
  Result<std::shared_ptr<SupplyLine>> line = SuppliedMemory::line_of(*connection_.socket());
  if (!line.is_ok()) return line.status();
  line_ = line.take();
  supplied_ = parcel.supplied;
  is_supplied_ = true;
  connection_.send(wire::encode(supplied_->terms()));
  return Status();
}

Status SourceSide::send_parcel(const Offer& offer, const Parcel& parcel) {
  Status prepared = prepare_bell_or_line(offer, parcel);
  if (!prepared.is_ok()) return prepared;
  const int fd = connection_.fd();
  host_.flights().depart(offer.id, connection_.sharer(), 1 + parcel.leases.size(), connection_.socket());
  IoOutcome sent = parcel.leases.size() <= wire::kMaxLeases ? IoOutcome::kDone : IoOutcome::kFailed;
  for (const ForeignFd& lease : parcel.leases) {
    if (sent == IoOutcome::kDone) sent = send_packet(fd, wire::encode(wire::Lease{}), lease.get());
  }
  const wire::Terms terms{offer.id, offer.address, offer.byte_length, 0, offer.flags};
  if (sent == IoOutcome::kDone) sent = send_packet(fd, wire::encode(terms), parcel.descriptor.get());
  if (sent == IoOutcome::kDone) return Status();
  return Status(Code::kTooMany,
                "the source could not send a descriptor: it has too many in flight, or this memory has been passed on "
                "too often");
}

void SourceSide::on_mapped(const wire::Mapped& mapped) {
  if (state_ != State::kTermsSent || mapped.offer_id != offer_id_) return on_hang_up();
  host_.flights().look_at(offer_id_);
  checkpoint("source.acknowledged");
  const Behind behind = look_behind();
  if (behind == Behind::kDeclined) {
    return_claim();
    return connection_.refuse(Status(Code::kTimeout, "the claim was taken back; the offer stands"));
  }
  become_leased();
  // The claimer has released the memory already, and may have told others, who will ask for it next.
  if (behind == Behind::kEnd && state_ == State::kLeased) on_hang_up();
}

// A claimer that has lost its patience sends DECLINED after its acknowledgement.
SourceSide::Behind SourceSide::look_behind() {
  if (!has_input(connection_.fd())) return Behind::kNothing;
  const Packet packet = receive_packet(connection_.fd());
  if (packet.outcome == IoOutcome::kClosed) return Behind::kEnd;
  if (packet.outcome != IoOutcome::kDone) return Behind::kNothing;
  const Result<wire::Message> message = wire::decode(packet.bytes);
  const bool is_declined = message.is_ok() && std::holds_alternative<wire::Declined>(message.value());
  return is_declined ? Behind::kDeclined : Behind::kNothing;
}

void SourceSide::become_leased() {
  if (!has_concluded_claim()) return;
  // The other end is now held by the claimer, or by processes that it passed the memory on to. Only its end matters.
  connection_.heed_its_end_only();
  seal_what_was_sent([this, alive = connection_.shared_from_this()] {
    if (!is_used_after_done()) say_done();
  });
}

// The claimer was sent the descriptor, has closed the connection and lives on. It may hold the memory as long as it
// lives.
void SourceSide::become_leased_to_process() {
  if (!has_concluded_claim()) return;
  if (!connection_.watch_process().is_ok()) return on_hang_up();
  seal_what_was_sent([] {});
}

// False if the claim was refused instead.
bool SourceSide::has_concluded_claim() {
  const Status dropped = drop_what_was_offered();
  if (!dropped.is_ok()) {
    connection_.refuse(dropped);
    return false;
  }
  connection_.cancel_deadline();
  host_.on_decided(connection_);
  state_ = State::kLeased;
  // DONE goes first: whoever gets the bell or the line may speak over this connection at once.
  if (is_used_after_done()) say_done();
  if (is_supplied_) std::exchange(supplied_, nullptr)->admit(std::move(line_));
  observer_ = host_.offers().finish_claim(offer_id_, std::move(bell_));
  return true;
}

// An error if the offer has ended meanwhile, or a right could not be dropped; then the source still has everything.
Status SourceSide::drop_what_was_offered() {
  if (!host_.offers().is_being_claimed(offer_id_)) {
    return Status(Code::kNotOffered, "the offer ended while it was being claimed");
  }
  // Moved out, so that they are dropped in any case: this process must keep no descriptor of a disowned object.
  const OfferedMemory offered = std::move(*offered_);
  std::shared_ptr<MemoryObject> object = std::move(object_);
  offered_.reset();
  Status status = drop_rights(offered);
  if (!status.is_ok()) {
    return_claim();
    return status;
  }
  host_.offers().revoke(
      {offered.stake->address(), offered.offer.address, offered.offer.byte_length, dropped_by(offered.offer.flags)});
  if (is_to_be_sealed(offered, *object, claim_.transfer)) object_ = std::move(object);
  return status;
}

void SourceSide::seal_what_was_sent(std::function<void()> then) {
  if (object_ == nullptr) return then();
  host_.seal(claimer_, std::move(object_), std::move(then));
}

void SourceSide::say_done() {
  if (state_ != State::kLeased) return;  // it has ended meanwhile
  checkpoint("source.dropped");
  connection_.send(wire::encode(wire::Done{offer_id_}));
  // For a channel or supplied memory, what arrives from here on belongs to the bell or the line.
  if (!is_used_after_done()) stop_receiving(connection_.fd());
}

// Ends the loan before the offer stands again: the next claim may come at once.
void SourceSide::return_claim() {
  let_go_of_memory();
  host_.offers().return_claim(offer_id_);
}

void SourceSide::let_go_of_memory() {
  offered_.reset();
  object_.reset();
  loan_ = {};
  supplied_.reset();
  line_.reset();
}

void SourceSide::on_declined() {
  if (state_ != State::kTermsSent) return on_hang_up();
  return_claim();
  connection_.end();
}

void SourceSide::on_hang_up() {
  // The claimer's process may be ending, which its pidfd reports a moment later than its socket. The deadline decides.
  if (state_ == State::kTermsSent) return connection_.stop_watching();
  const std::shared_ptr<OfferObserver> observer = std::move(observer_);
  loan_ = {};  // before the observer is told: the program may offer the memory again at once
  connection_.end();
  if (observer != nullptr) observer->on_released();
}

void SourceSide::on_deadline() {
  if (state_ == State::kWaiting) return connection_.refuse(*why_waiting_);
  if (state_ != State::kTermsSent) return connection_.end();
  if (connection_.is_watched()) return become_leased();
  become_leased_to_process();
}

void SourceSide::on_destination_end(DestinationId destination) {
  if (state_ != State::kTermsSent || claimer_ != destination) return;
  let_go_of_memory();
  connection_.end();
}

void SourceSide::on_ending() {
  host_.flights().look_at(offer_id_);
  host_.on_decided(connection_);
  state_ = State::kOver;
}

}  // namespace vmoffer
