#include "engine/transfer/peer_connection.h"

#include <chrono>

#include "engine/base/checkpoint.h"
#include "engine/sys/bell.h"
#include "engine/sys/peer_user.h"
#include "engine/transfer/claim/hand_off.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/wire/codec.h"

namespace vmoffer {
namespace {

// How long a peer may take for its first word, and a claimer to map what it was sent.
constexpr std::chrono::milliseconds kPatience{5000};
// The same for a connection that takes the last descriptors there are: whoever has something to say has said it.
constexpr std::chrono::milliseconds kBriefPatience{100};
// How long a claim waits for others to be read, its own process's among them.
constexpr std::chrono::milliseconds kPatienceWithFlights{1000};
constexpr std::chrono::milliseconds kBriefAnswer{500};
// The destination that it becomes is held by pidfd.
constexpr uint64_t kDescriptorsOfFollower = 1;

Status out_of_descriptors() {
  return Status(Code::kTooMany, "it has too few descriptors left to keep a connection for this claim (" +
                                    std::to_string(max_descriptors()) +
                                    " are allowed); let it release regions and claims, or raise its ulimit -n");
}

}  // namespace

PeerConnection::PeerConnection(PeerHost& host, ForeignFd socket, ProcessIdentity peer, Share share, bool is_brief)
    : host_(host),
      socket_(std::make_shared<ForeignFd>(std::move(socket))),
      peer_(std::move(peer)),
      share_(std::move(share)),
      is_brief_(is_brief) {}

std::shared_ptr<PeerConnection> PeerConnection::accepted(PeerHost& host, ForeignFd socket, ProcessIdentity peer,
                                                         Share share, bool is_brief) {
  return std::make_shared<PeerConnection>(host, std::move(socket), std::move(peer), std::move(share), is_brief);
}

std::shared_ptr<PeerConnection> PeerConnection::feeding(PeerHost& host, ForeignFd socket, ProcessIdentity peer,
                                                        DestinationId destination, Share share) {
  auto connection = std::make_shared<PeerConnection>(host, std::move(socket), std::move(peer), std::move(share),
                                                     /*is_brief=*/false);
  connection->state_ = State::kFeeding;
  connection->feed_.emplace(host.offers(), connection->socket_->get(), destination, /*ends=*/false);
  connection->is_following_ = true;
  return connection;
}

Status PeerConnection::start() {
  Result<EventLoop::Token> token = host_.loop().add(socket_->get(), shared_from_this());
  if (!token.is_ok()) return token.status();
  token_ = token.value();
  if (state_ == State::kNew) set_deadline(is_brief_ ? kBriefPatience : kPatience);
  return Status();
}

void PeerConnection::set_deadline(std::chrono::milliseconds patience) {
  host_.loop().cancel_call(deadline_);
  deadline_ = host_.loop().call_at(Clock::now() + patience, [self = shared_from_this()] { self->on_deadline(); });
}

void PeerConnection::on_readable() {
  if (state_ == State::kLeased) return on_hang_up();  // nothing else is waited for
  for (int turn = 0; turn < kPacketsPerTurn && token_ != 0 && state_ != State::kLeased; ++turn) {
    const Packet packet = receive_packet(socket_->get());
    if (packet.outcome == IoOutcome::kWouldBlock) return;
    if (packet.outcome != IoOutcome::kDone) return on_hang_up();
    on_packet(packet);
  }
}

void PeerConnection::on_packet(const Packet& packet) {
  // Nobody has a reason to send descriptors to a source. Those that came are closed with the packet.
  if (packet.was_cut || !packet.descriptors.empty()) return on_hang_up();
  Result<wire::Message> message = wire::decode(packet.bytes);
  if (!message.is_ok()) {
    if (state_ == State::kNew) return refuse(message.status());
    return on_hang_up();
  }
  const wire::Message& got = message.value();
  if (const auto* claim = std::get_if<wire::Claim>(&got); claim && state_ == State::kNew) return on_claim(*claim);
  if (const auto* list = std::get_if<wire::List>(&got); list && state_ == State::kNew) return on_list(*list);
  if (std::holds_alternative<wire::Inspect>(got) && state_ == State::kNew) return on_inspect();
  if (const auto* mapped = std::get_if<wire::Mapped>(&got)) return on_mapped(*mapped);
  if (std::holds_alternative<wire::Declined>(got)) return on_declined();
  if (const auto* news = std::get_if<wire::Offers>(&got)) return on_news(*news);
  on_hang_up();
}

void PeerConnection::on_claim(const wire::Claim& claim) {
  checkpoint("source.asked");
  // What has come behind the claim can only say that it was given up: then the offer is not touched.
  if (has_input(socket_->get())) return;
  const DestinationId destination = peer_.pid == 0 ? 0 : host_.offers().destination_of(peer_);
  if (is_brief_ && destination != 0) return refuse(out_of_descriptors());
  begin_claim(claim, destination);
}

void PeerConnection::begin_claim(const wire::Claim& claim, DestinationId destination) {
  const OfferId offer = destination == 0 ? 0 : host_.offers().offered_at(destination, claim.address);
  if (offer != 0 && !wait_for_flights(claim, offer).is_ok()) return;
  Result<OfferedMemory> offered =
      destination == 0 ? Result<OfferedMemory>(Status(Code::kNotOffered, "nothing is offered to this process"))
                       : host_.offers().begin_claim(destination, claim.address);
  if (!offered.is_ok()) return refuse(offered.status());
  state_ = State::kNew;
  share_.give_back();  // it stands for an offer from here on, and this process has made that
  pack_and_send_terms(offered.take(), claim.transfer);
}

// An error when it has to wait: somebody leaves unread what he was sent, or has not come to read it yet.
Status PeerConnection::wait_for_flights(const wire::Claim& claim, OfferId offer) {
  Status status = host_.flights().may_depart(offer, share_.sharer());
  if (status.is_ok()) return status;
  if (state_ != State::kWaiting) set_deadline(kPatienceWithFlights);
  state_ = State::kWaiting;
  why_waiting_ = status;
  host_.flights().try_again([self = shared_from_this(), claim] {
    if (self->state_ == State::kWaiting) self->on_claim(claim);
  });
  return status;
}

void PeerConnection::pack_and_send_terms(OfferedMemory offered, wire::Transfer transfer) {
  if (!takes_time(offered, transfer)) {
    Result<Parcel> parcel = pack(offered, transfer);
    return send_terms(std::move(offered), transfer, std::move(parcel));
  }
  // A hang-up is noticed when the packing is done.
  stop_watching();
  host_.loop().cancel_call(deadline_);
  state_ = State::kPacking;
  auto result = std::make_shared<std::optional<Result<Parcel>>>();
  host_.run_aside([offered, transfer, result] { result->emplace(pack(offered, transfer)); },
                  [self = shared_from_this(), offered, transfer, result] {
                    self->state_ = State::kNew;
                    if (self->start().is_ok()) return self->send_terms(offered, transfer, std::move(**result));
                    self->host_.offers().return_claim(offered.offer.id);
                    self->end();
                  });
}

void PeerConnection::send_terms(OfferedMemory offered, wire::Transfer transfer, Result<Parcel> parcel) {
  const Offer offer = offered.offer;
  // The same once more: packing may have taken its time.
  if (has_input(socket_->get())) {
    host_.offers().return_claim(offer.id);
    return;
  }
  offer_id_ = offer.id;
  claimer_ = offer.destination;
  const Status status = parcel.is_ok() ? send_parcel(offer, parcel.value()) : parcel.status();
  if (!status.is_ok()) {
    // No descriptor of the object has left this process, and its leases alone are worth nothing.
    host_.offers().return_claim(offer.id);
    return refuse(status.code() == Code::kBusy ? status.with("the offer stands") : status);
  }
  checkpoint("source.granted");
  state_ = State::kTermsSent;
  offered_ = std::move(offered);
  transfer_ = transfer;
  object_ = std::move(parcel.value().object);
  loan_ = std::move(parcel.value().loan);
  set_deadline(kPatience);
}

Status PeerConnection::send_parcel(const Offer& offer, const Parcel& parcel) {
  const bool is_channel = kind_of(offer.flags) == OfferKind::kChannel;
  host_.flights().depart(offer.id, share_.sharer(), 1 + parcel.leases.size() + (is_channel ? 1 : 0), socket_);
  IoOutcome sent = parcel.leases.size() <= wire::kMaxLeases ? IoOutcome::kDone : IoOutcome::kFailed;
  for (const ForeignFd& lease : parcel.leases) {
    if (sent == IoOutcome::kDone) sent = send_packet(socket_->get(), wire::encode(wire::Lease{}), lease.get());
  }
  if (sent == IoOutcome::kDone && is_channel) sent = send_bell();
  const wire::Terms terms{offer.id, offer.address, offer.byte_length, 0, offer.flags};
  if (sent == IoOutcome::kDone) sent = send_packet(socket_->get(), wire::encode(terms), parcel.descriptor.get());
  if (sent == IoOutcome::kDone) return Status();
  return Status(Code::kTooMany,
                "the source could not send a descriptor: it has too many in flight, or this memory has been passed on "
                "too often");
}

// A pair of its own for every claim: one that fails leaves nobody with an end of the next one's.
IoOutcome PeerConnection::send_bell() {
  Result<BellPair> pair = make_bell_pair();
  if (!pair.is_ok()) return IoOutcome::kFailed;
  bell_ = std::move(pair.value().ours);
  return send_packet(socket_->get(), wire::encode(wire::Bell{}), pair.value().theirs.get());
}

void PeerConnection::on_mapped(const wire::Mapped& mapped) {
  if (state_ != State::kTermsSent || mapped.offer_id != offer_id_) return on_hang_up();
  host_.flights().look_at(offer_id_);
  checkpoint("source.acknowledged");
  if (has_taken_back()) {
    return_claim();
    return refuse(Status(Code::kTimeout, "the claim was taken back; the offer stands"));
  }
  become_leased();
}

// A claimer that has lost its patience says so behind its acknowledgement.
bool PeerConnection::has_taken_back() {
  if (!has_input(socket_->get())) return false;
  const Packet packet = receive_packet(socket_->get());
  if (packet.outcome != IoOutcome::kDone) return false;
  const Result<wire::Message> message = wire::decode(packet.bytes);
  return message.is_ok() && std::holds_alternative<wire::Declined>(message.value());
}

void PeerConnection::become_leased() {
  if (!has_concluded_claim()) return;
  peer_.pidfd.reset();  // the connection tells of its end
  // Whoever has the other end now, its claimer or those it passed the memory on to, has nothing to say but that it is
  // over.
  host_.loop().want_readable(token_, false);
  seal_what_was_sent([self = shared_from_this()] { self->say_done(); });
}

void PeerConnection::say_done() {
  if (state_ != State::kLeased) return;  // it has ended meanwhile
  checkpoint("source.dropped");
  send_packet(socket_->get(), wire::encode(wire::Done{offer_id_}));
  stop_receiving(socket_->get());
}

// It was sent the descriptor, has let go of the connection and lives on: it may well hold the memory, and for as long
// as it lives.
void PeerConnection::become_leased_to_process() {
  if (!has_concluded_claim()) return;
  Result<EventLoop::Token> token = host_.loop().add(peer_.pidfd.get(), shared_from_this());
  if (!token.is_ok()) return on_hang_up();
  token_ = token.value();
  seal_what_was_sent([] {});
}

void PeerConnection::seal_what_was_sent(std::function<void()> then) {
  if (object_ == nullptr) return then();
  host_.seal(claimer_, std::move(object_), std::move(then));
}

// False when it was refused instead.
bool PeerConnection::has_concluded_claim() {
  const Status dropped = drop_what_was_offered();
  if (!dropped.is_ok()) {
    refuse(dropped);
    return false;
  }
  observer_ = host_.offers().finish_claim(offer_id_, std::move(bell_));
  host_.loop().cancel_call(deadline_);
  state_ = State::kLeased;
  return true;
}

// An error when the offer has ended meanwhile, or nothing could be dropped: then the source has all it had.
Status PeerConnection::drop_what_was_offered() {
  if (!host_.offers().is_being_claimed(offer_id_)) {
    return Status(Code::kNotOffered, "the offer ended while it was being claimed");
  }
  // Let go of here, whatever becomes of it: a disowned object is to have no descriptor left in this process.
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
  if (is_to_be_sealed(offered, *object, transfer_)) object_ = std::move(object);
  return status;
}

// The memory is lent to nobody any more before anybody hears of it, and may ask for it anew.
void PeerConnection::return_claim() {
  let_go_of_memory();
  host_.offers().return_claim(offer_id_);
}

void PeerConnection::on_declined() {
  if (state_ == State::kTermsSent) {
    return_claim();
    return end();
  }
  on_hang_up();
}

void PeerConnection::on_list(const wire::List& list) {
  state_ = State::kFeeding;
  feed_.emplace(host_.offers(), socket_->get(), peer_.pid == 0 ? 0 : host_.offers().destination_of(peer_),
                /*ends=*/true);
  if (is_brief_) set_deadline(kBriefAnswer);
  follow(list);
  pump();
}

// Nothing can be offered to a process without a pid here. One that is not followed, for want of descriptors, hears so
// by the end of the connection.
void PeerConnection::follow(const wire::List& list) {
  if (!list.follow || peer_.pid == 0 || is_brief_) return;
  Result<DestinationId> destination = host_.offers().expect_destination(peer_);
  if (!destination.is_ok()) return;
  feed_->set_destination(destination.value());
  share_.grow(kDescriptorsOfFollower);
  is_following_ = true;
  host_.loop().cancel_call(deadline_);
  host_.on_following(*this);
}

void PeerConnection::on_inspect() {
  if (!may_look()) {
    return refuse(
        Status(Code::kNotPermitted, "what this process holds is told to its own user and to root; ask as one of them"));
  }
  state_ = State::kTelling;
  if (is_brief_) set_deadline(kBriefAnswer);
  held_feed_.emplace(host_.held_claims(), socket_->get());
  pump();
}

// Who touches what, and when, is nobody else's business. This is the one place where a user is looked at.
bool PeerConnection::may_look() const {
  const Result<UserId> user = user_of_peer(socket_->get());
  if (!user.is_ok() || !user.value().is_certain) return false;
  return user.value().number == 0 || user.value().number == own_user();
}

void PeerConnection::pump() {
  if (state_ != State::kFeeding && state_ != State::kTelling) return;
  const IoOutcome sent = state_ == State::kFeeding ? feed_->pump() : held_feed_->pump();
  if (sent == IoOutcome::kClosed || sent == IoOutcome::kFailed) return end();
  // Who has only asked has the answer now. A brief connection must be over soon, any other goes on while the peer
  // reads.
  if (!is_following_ && sent == IoOutcome::kDone) return end();
  if (!is_following_ && !is_brief_) set_deadline(kPatience);
  host_.loop().want_writable(token_, sent == IoOutcome::kWouldBlock);
}

void PeerConnection::on_news(const wire::Offers& news) {
  const bool may_tell = (state_ == State::kNew && peer_.pid != 0) || state_ == State::kNews;
  if (!may_tell) return on_hang_up();
  if (!is_brief_) host_.loop().cancel_call(deadline_);
  state_ = State::kNews;
  host_.on_news(peer_, news);
}

void PeerConnection::on_deadline() {
  deadline_ = 0;
  // What the peer has said in time counts, though the loop comes to read it after the deadline.
  const State before = state_;
  if (token_ != 0) on_readable();
  if (state_ != before) return;
  if (state_ == State::kWaiting) return refuse(*why_waiting_);
  if (state_ != State::kTermsSent) return end();
  if (token_ != 0) return become_leased();
  become_leased_to_process();
}

void PeerConnection::on_destination_end(DestinationId destination) {
  if (state_ != State::kTermsSent || offered_->offer.destination != destination) return;
  let_go_of_memory();
  end();
}

void PeerConnection::let_go_of_memory() {
  offered_.reset();
  object_.reset();
  loan_ = {};
}

void PeerConnection::on_hang_up() {
  // Is its process ending? The pidfd says so a moment after the socket does: the deadline decides.
  if (state_ == State::kTermsSent) return stop_watching();
  const std::shared_ptr<OfferObserver> observer = std::move(observer_);
  loan_ = {};  // before anybody hears of it: the memory may be offered anew at once
  end();
  if (observer != nullptr) observer->on_released();
}

void PeerConnection::refuse(const Status& status) {
  send_packet(socket_->get(), wire::encode(wire::Refused{status.code(), status.message()}));
  end();
}

void PeerConnection::stop_watching() {
  host_.loop().remove(token_);
  token_ = 0;
}

PeerConnection::~PeerConnection() { let_go_of_socket(); }

void PeerConnection::let_go_of_socket() {
  if (socket_.use_count() > 1) {
    shut_down(socket_->get());  // it stays open for as long as what it was sent is unread
  } else {
    hang_up(*socket_);
  }
}

void PeerConnection::end() {
  if (state_ == State::kOver) return;
  stop_watching();
  host_.loop().cancel_call(deadline_);
  host_.flights().look_at(offer_id_);
  let_go_of_socket();
  peer_.pidfd.reset();
  share_.give_back();
  host_.on_over(*this);
  state_ = State::kOver;
}

}  // namespace vmoffer
