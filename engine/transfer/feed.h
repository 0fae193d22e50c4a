// Feed: sends a list to one connected process, in packets, from where it left off, and then END. Broker thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/sys/seqpacket.h"

namespace vmoffer {

class Feed {
 public:
  struct Batch {
    std::vector<uint8_t> packet;
    uint64_t last = 0;  // the number of its last line
  };
  // Returns the next lines with numbers above `after`, in order; nothing if there are none now.
  using Next = std::function<std::optional<Batch>(uint64_t after)>;
  enum class Pace : uint8_t {
    kAllAtOnce,      // as many packets as the socket takes
    kOneInEachPump,  // so that other work does not wait for long
  };
  // Whether the other end waits for END.
  enum class Ending : uint8_t { kAwaited, kNone };

  // Borrows the socket.
  Feed(int socket_fd, Next next, Pace pace, Ending ending)
      : socket_fd_(socket_fd), next_(std::move(next)), pace_(pace), awaits_end_(ending == Ending::kAwaited) {}

  // kDone: everything there is has been sent. kWouldBlock: there is more; call again when the socket is writable.
  // kClosed: the peer is gone.
  IoOutcome pump();

 private:
  IoOutcome send_end_of_list();

  const int socket_fd_;
  const Next next_;
  const Pace pace_;
  uint64_t sent_up_to_ = 0;
  bool awaits_end_;
};

}  // namespace vmoffer
