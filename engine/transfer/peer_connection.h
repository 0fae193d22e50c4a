// PeerConnection: one connection between this broker and another process, seen from the source. Broker thread only.
//
//     new ── CLAIM ──▶ handled by a SourceSide
//         ── LIST  ──▶ telling              (what is offered to the peer)
//         ── INSPECT ▶ telling              (what this process holds)
//         ── OFFERS ─▶ news                 (the peer is a source that announces its offers to us)
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

// What a connection needs from its broker.
class PeerHost : public SourceHost {
 public:
  virtual EventLoop& loop() = 0;
  virtual HeldClaims& held_claims() = 0;
  // This destination asks for the offers to it, and is told them when this has returned.
  virtual void on_asked(DestinationId destination) = 0;
  virtual void on_following(PeerConnection& connection) = 0;
  virtual void on_news(const ProcessIdentity& source, const wire::Offers& news) = 0;
  // The connection is over. The host drops it, and also the destination if no other connection follows that.
  virtual void on_over(PeerConnection& connection) = 0;
};

class PeerConnection : public Connection {
 public:
  // For a connection that the peer has made. `share`: the descriptors that it takes, until it stands for a claim. A
  // peer that has no pid here cannot have been offered anything, and is told so.
  static std::shared_ptr<PeerConnection> accepted(PeerHost& host, ForeignFd socket, ProcessIdentity peer, Share share,
                                                  bool is_brief);
  // For a connection that this broker has made, to tell a destination what is offered to it.
  static std::shared_ptr<PeerConnection> feeding(PeerHost& host, ForeignFd socket, ProcessIdentity peer,
                                                 DestinationId destination, Share share);

  Status start();
  // The destination whose future offers are announced over this connection; 0 if none.
  DestinationId followed_destination() const { return followed_; }
  // This broker has made the connection, and the destination has no room for it or has not taken everything.
  bool is_unheard() const { return is_own_ && (has_no_room_ || !has_told_all_); }

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
  std::optional<SourceSide> claim_;  // set by CLAIM
  std::optional<Feed> feed_;         // kTelling
  DestinationId followed_ = 0;       // kTelling
  bool is_own_ = false;              // this broker has made it
  bool has_no_room_ = false;         // the peer has said so
  bool has_told_all_ = false;
};

}  // namespace vmoffer
