// PeerConnection: one connection between this broker and another process, seen from the source. Broker thread only.
//
//     new ── CLAIM ──▶ a SourceSide has it
//         ── LIST  ──▶ telling              (what is offered to the peer)
//         ── INSPECT ▶ telling              (what this process holds)
//         ── OFFERS ─▶ news                 (the peer is a source and tells what it offers us)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "engine/transfer/claim/source_side.h"
#include "engine/transfer/connection.h"
#include "engine/transfer/feed.h"
#include "engine/transfer/held/held_claims.h"
#include "engine/wire/messages.h"

namespace vmoffer {

class PeerConnection;

// What a connection needs of its broker.
class PeerHost : public SourceHost {
 public:
  virtual EventLoop& loop() = 0;
  virtual HeldClaims& held_claims() = 0;
  virtual void on_following(PeerConnection& connection) = 0;
  virtual void on_news(const ProcessIdentity& source, const wire::Offers& news) = 0;
  // The connection is over; the host lets go of it, and of the destination if nobody else follows it.
  virtual void on_over(PeerConnection& connection) = 0;
};

class PeerConnection : public Connection {
 public:
  // Of a connection that the peer made. `share`: what it takes of the descriptors, until it stands for a claim. A peer
  // without a pid here can have been offered nothing, and is told so.
  static std::shared_ptr<PeerConnection> accepted(PeerHost& host, ForeignFd socket, ProcessIdentity peer, Share share,
                                                  bool is_brief);
  // Of one that this broker made, to tell a destination what is offered to it.
  static std::shared_ptr<PeerConnection> feeding(PeerHost& host, ForeignFd socket, ProcessIdentity peer,
                                                 DestinationId destination, Share share);

  Status start();
  // 0 unless it is told of what comes, for as long as it likes.
  DestinationId followed_destination() const { return followed_; }

  void pump();
  // The process has ended.
  void on_destination_end(DestinationId destination);
  void on_readable() override;
  void on_writable() override { pump(); }

  PeerConnection(PeerHost& host, ForeignFd socket, ProcessIdentity peer, Share share, bool is_brief);

 private:
  enum class State : uint8_t { kNew, kTelling, kNews, kOver };

  void on_packet(const Packet& packet);
  void on_claim(const wire::Claim& claim);
  void on_list(const wire::List& list);
  DestinationId expect_peer();
  void on_inspect();
  bool may_look() const;
  void on_news(const wire::Offers& news);
  void on_hang_up();
  void on_deadline() override;
  void on_ending() override;
  void on_over() override;
  bool is_new() const;
  bool is_leased() const { return claim_ && claim_->state() == SourceSide::State::kLeased; }

  PeerHost& host_;
  State state_ = State::kNew;
  std::optional<SourceSide> claim_;  // since CLAIM
  std::optional<Feed> feed_;         // kTelling
  DestinationId followed_ = 0;       // kTelling
};

}  // namespace vmoffer
