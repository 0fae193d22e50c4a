// admission: whether this process keeps a connection that another process has made. Pure.
//
// Descriptors are counted. Connections that stand for no claim share a part of this process's descriptors (Shares). A
// guest is a process to which something is offered: it gets some descriptors for its claims, however many others have.
// While few are free, no matter who has the rest, connections of strangers are answered and not kept.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/transfer/shares.h"

namespace vmoffer {

enum class Admission : uint8_t {
  kKept,
  kAnswered,  // its first question is answered if that takes no descriptor; then the connection ends
  kRefused,
};

// The socket and a pidfd.
inline constexpr uint64_t kDescriptorsOfConnection = 2;

struct Room {
  Shares::Verdict verdict = Shares::Verdict::kYes;  // on kDescriptorsOfConnection, of descriptors_for_connections
  uint64_t of_process = 0;                          // how many its process has already
  // The number of the connection's own descriptor. The kernel hands out the lowest free number, so at least that many
  // are in use, by the program or by another copy of the library.
  uint64_t lowest_free = 0;
  uint64_t limit = 0;            // how many this process may have
  bool has_only_spares = false;  // it was let in with one of the descriptors that are kept back
  size_t brief_connections = 0;  // how many are being answered
  uint64_t offers_to_it = 0;     // the peer is a guest while there are any
};

uint64_t descriptors_for_connections(uint64_t limit);
Admission admission_for(const Room& room);

// The same for descriptors that are sent. All unread ones share a part of what the kernel lets this user have in
// flight. A process that has left none unread may always be sent those of one claim.
uint64_t descriptors_for_flights(uint64_t limit);
bool may_be_sent_more(Shares::Verdict verdict, uint64_t of_process, uint64_t of_all, uint64_t limit);

}  // namespace vmoffer
