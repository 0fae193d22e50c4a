#include "engine/transfer/peer_connection.h"

#include <chrono>
#include <utility>

#include "engine/sys/peer_user.h"
#include "engine/transfer/held/held_feed.h"
#include "engine/transfer/offers/offer_feed.h"
#include "engine/wire/codec.h"

namespace vmoffer {
namespace {

// How long a peer may take to send its first message.
constexpr std::chrono::milliseconds kPatience{5000};
// The same for a connection that takes the last descriptors. A peer that wants something has usually sent it already.
constexpr std::chrono::milliseconds kBriefPatience{100};
constexpr std::chrono::milliseconds kBriefAnswer{500};
// The pidfd of the destination that the peer becomes.
constexpr uint64_t kDescriptorsOfFollower = 1;

}  // namespace

PeerConnection::PeerConnection(PeerHost& host, ForeignFd socket, ProcessIdentity peer, Share share, bool is_brief)
    : Connection(host.loop(), std::move(socket), std::move(peer), std::move(share), is_brief), host_(host) {}

std::shared_ptr<PeerConnection> PeerConnection::accepted(PeerHost& host, ForeignFd socket, ProcessIdentity peer,
                                                         Share share, bool is_brief) {
  return std::make_shared<PeerConnection>(host, std::move(socket), std::move(peer), std::move(share), is_brief);
}

std::shared_ptr<PeerConnection> PeerConnection::feeding(PeerHost& host, ForeignFd socket, ProcessIdentity peer,
                                                        DestinationId destination, Share share) {
  auto connection = std::make_shared<PeerConnection>(host, std::move(socket), std::move(peer), std::move(share),
                                                     /*is_brief=*/false);
  connection->state_ = State::kTelling;
  connection->feed_.emplace(connection->fd(), offers_to(host.offers(), destination), Feed::Pace::kAllAtOnce,
                            Feed::Ending::kNone);
  connection->followed_ = destination;
  connection->is_own_ = true;
  return connection;
}

Status PeerConnection::start() {
  Status status = watch();
  if (status.is_ok() && is_new()) set_deadline(is_brief() ? kBriefPatience : kPatience);
  return status;
}

// A claim that was given up before anything was sent leaves the connection new.
bool PeerConnection::is_new() const {
  return state_ == State::kNew && (!claim_ || claim_->state() == SourceSide::State::kNew);
}

void PeerConnection::on_readable() {
  // The message that caused this event may have been read out of turn since.
  if (is_leased()) return has_ended() ? on_hang_up() : void();
  for (int turn = 0; turn < kPacketsPerTurn && is_watched() && !is_leased(); ++turn) {
    const Packet packet = receive_packet(fd());
    if (packet.outcome == IoOutcome::kWouldBlock) return;
    if (packet.outcome != IoOutcome::kDone) return on_hang_up();
    on_packet(packet);
    if (claim_ && claim_->state() == SourceSide::State::kTermsSent) return;  // the claimer has just been sent them
  }
}

void PeerConnection::on_packet(const Packet& packet) {
  // No peer has a reason to send descriptors to a source. Closing the packet closes those that came.
  if (packet.was_cut || !packet.descriptors.empty()) return on_hang_up();
  Result<wire::Message> message = wire::decode(packet.bytes);
  if (!message.is_ok()) return is_new() ? refuse(message.status()) : on_hang_up();
  const wire::Message& got = message.value();
  if (const auto* claim = std::get_if<wire::Claim>(&got); claim && is_new()) return on_claim(*claim);
  if (const auto* list = std::get_if<wire::List>(&got); list && is_new()) return on_list(*list);
  if (std::holds_alternative<wire::Inspect>(got) && is_new()) return on_inspect();
  if (const auto* mapped = std::get_if<wire::Mapped>(&got); mapped && claim_) return claim_->on_mapped(*mapped);
  if (std::holds_alternative<wire::Declined>(got) && claim_) return claim_->on_declined();
  if (const auto* news = std::get_if<wire::Offers>(&got)) return on_news(*news);
  const auto* refused = std::get_if<wire::Refused>(&got);
  has_no_room_ = refused != nullptr && refused->code == Code::kTooMany;
  on_hang_up();
}

void PeerConnection::on_claim(const wire::Claim& claim) {
  claim_.emplace(host_, *this, claim);
  claim_->begin();
}

void PeerConnection::on_list(const wire::List& list) {
  host_.hear_acknowledgements();
  state_ = State::kTelling;
  if (is_brief()) set_deadline(kBriefAnswer);
  if (list.follow) followed_ = expect_peer();
  const DestinationId known = peer().pid == 0 ? 0 : host_.offers().destination_of(peer());
  if (known != 0) host_.on_asked(known);
  feed_.emplace(fd(), offers_to(host_.offers(), known), Feed::Pace::kAllAtOnce, Feed::Ending::kAwaited);
  if (followed_ != 0) {
    take_larger_share(kDescriptorsOfFollower);
    cancel_deadline();
    host_.on_following(*this);
  }
  pump();
}

// Nothing can be offered to a process that has no pid here. Returns 0 if the peer cannot be followed, for want of
// descriptors perhaps: then the end of the connection tells it.
DestinationId PeerConnection::expect_peer() {
  if (peer().pid == 0 || is_brief()) return 0;
  Result<DestinationId> destination = host_.offers().expect_destination(peer());
  return destination.is_ok() ? destination.value() : 0;
}

void PeerConnection::on_inspect() {
  if (!may_look()) {
    return refuse(
        Status(Code::kNotPermitted, "what this process holds is told to its own user and to root; ask as one of them"));
  }
  state_ = State::kTelling;
  if (is_brief()) set_deadline(kBriefAnswer);
  feed_.emplace(fd(), claims_in(host_.held_claims()), Feed::Pace::kOneInEachPump, Feed::Ending::kAwaited);
  pump();
}

// How a program uses its memory is private to its user. This is the only decision that depends on the peer's user.
bool PeerConnection::may_look() const {
  const Result<UserId> user = user_of_peer(fd());
  if (!user.is_ok() || !user.value().is_certain) return false;
  return user.value().number == 0 || user.value().number == own_user();
}

void PeerConnection::pump() {
  if (state_ != State::kTelling) return;
  const IoOutcome sent = feed_->pump();
  has_told_all_ = sent == IoOutcome::kDone;
  if (sent == IoOutcome::kClosed || sent == IoOutcome::kFailed) return end();
  // A peer that only asked has its answer now. A brief connection keeps its deadline; any other goes on as long as the
  // peer reads.
  const bool is_following = followed_ != 0;
  if (!is_following && sent == IoOutcome::kDone) return end();
  if (!is_following && !is_brief()) set_deadline(kPatience);
  want_writable(sent == IoOutcome::kWouldBlock);
}

void PeerConnection::on_news(const wire::Offers& news) {
  const bool may_tell = (is_new() && peer().pid != 0) || state_ == State::kNews;
  if (!may_tell) return on_hang_up();
  if (!is_brief()) cancel_deadline();
  state_ = State::kNews;
  host_.on_news(peer(), news);
}

void PeerConnection::on_deadline() {
  // Messages that the peer sent in time count, even if the loop reads them after the deadline.
  const auto stage = [this] { return std::pair(state_, claim_ ? claim_->state() : SourceSide::State::kNew); };
  const auto before = stage();
  if (is_watched()) on_readable();
  if (stage() != before) return;
  if (claim_) return claim_->on_deadline();
  end();
}

void PeerConnection::on_destination_end(DestinationId destination) {
  // The claimer may have acknowledged, and passed the memory on, before it ended.
  if (claim_ && claim_->may_be_made() && is_watched()) on_readable();
  if (claim_) claim_->on_destination_end(destination);
}

void PeerConnection::on_hang_up() {
  if (claim_) return claim_->on_hang_up();
  end();
}

void PeerConnection::on_ending() {
  if (claim_) claim_->on_ending();
  state_ = State::kOver;
}

void PeerConnection::on_over() { host_.on_over(*this); }

}  // namespace vmoffer
