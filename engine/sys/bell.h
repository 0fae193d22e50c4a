// Bell: one end of a connected AF_UNIX SOCK_SEQPACKET pair, by which two processes wake each other.
//
// A socket and not an eventfd: who holds an eventfd can make another holder's write() block, by filling its counter
// and clearing its O_NONBLOCK. Nothing here blocks, whatever the other end does, and its end shows that whoever held it
// is gone. Rings that nobody has heard yet are enough to wake: one that does not fit is none too few. But whoever has
// made our end, and kept a copy of it, can hold up hear_bell() without end: see docs/security.md.
#pragma once

#include "engine/base/status.h"
#include "engine/sys/foreign_fd.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

struct BellPair {
  ForeignFd ours;
  UniqueFd theirs;
};
Result<BellPair> make_bell_pair();

// Of a descriptor (borrowed) that anybody may have sent: is it a socket such as these are? Asking never blocks.
bool is_seqpacket(int fd);

// Of a descriptor (borrowed) that anybody may have sent: is it an end of such a pair?
bool is_bell(int fd);

// Wakes the other end. False when it is gone.
bool ring_bell(int fd);

// Takes in what has been rung; a bounded number, so that a peer that never stops keeps nobody here.
enum class Heard : uint8_t { kNothing, kRing, kHangUp };
Heard hear_bell(int fd);
// True when the other end is gone. Takes nothing in.
bool has_hung_up(int fd);

}  // namespace vmoffer
