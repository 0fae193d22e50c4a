// admission: whether this process keeps a connection that another one has made. Pure.
//
// What is counted are descriptors. Connections that stand for no claim share a part of what this process may have
// (Shares). A guest, a process to which something is offered, has some for its claims, whatever others have. And while
// few are free, whoever has the rest, those of strangers are answered and not kept.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/transfer/shares.h"

namespace vmoffer {

enum class Admission : uint8_t {
  kKept,
  kAnswered,  // its first question, as far as that takes no descriptor, and then it is over
  kRefused,
};

// A socket and a pidfd.
inline constexpr uint64_t kDescriptorsOfConnection = 2;

struct Room {
  Shares::Verdict verdict = Shares::Verdict::kYes;  // on kDescriptorsOfConnection, of descriptors_for_connections
  uint64_t of_process = 0;                          // what its process has already
  // The number of its own descriptor: the lowest is given out first, so that many there are at least, be they the
  // program's, or another copy's of the library.
  uint64_t lowest_free = 0;
  uint64_t limit = 0;            // how many this process may have
  bool has_only_spares = false;  // it was let in with one of those that are to be kept back
  size_t brief_connections = 0;  // that are being answered
  uint64_t offers_to_it = 0;     // it is a guest while there are any
};

uint64_t descriptors_for_connections(uint64_t limit);
Admission admission_for(const Room& room);

// The same for descriptors that are sent: all that are unread share a part of what the kernel lets this user have in
// flight, and a process that has left none unread may be sent one claim's.
uint64_t descriptors_for_flights(uint64_t limit);
bool may_be_sent_more(Shares::Verdict verdict, uint64_t of_process, uint64_t of_all, uint64_t limit);

}  // namespace vmoffer
