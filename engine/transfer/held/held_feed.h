// HeldFeed: tells one connected process which claims this one holds, in packets. Broker thread only.
#pragma once

#include "engine/sys/page_table.h"
#include "engine/sys/seqpacket.h"
#include "engine/transfer/held/held_claims.h"

namespace vmoffer {

class HeldFeed {
 public:
  // Borrows the claims and the socket.
  HeldFeed(HeldClaims& claims, int socket_fd) : claims_(claims), socket_fd_(socket_fd) {}

  // Sends one packet at most, so that nobody waits for long. kWouldBlock: there is more, call again when the socket is
  // writable. kClosed: the peer has gone.
  IoOutcome pump();

 private:
  wire::Held next_packet();

  HeldClaims& claims_;
  const int socket_fd_;
  uint64_t sent_up_to_ = 0;
  bool has_ended_ = false;
};

}  // namespace vmoffer
