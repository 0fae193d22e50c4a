// Bell: this process's end of the connection over which a channel was claimed. The two sides wake each other by it. It
// is a second descriptor of that connection's socket. Closing it ends the connection, and the other side notices.
//
// It is a socket, not an eventfd: a process that shares an eventfd can make the other's write() block, by filling the
// counter and clearing O_NONBLOCK. Each side has made its own end, by connecting or by accepting: another process with
// a descriptor of our end could hold up hear_bell() for ever, by receiving into memory whose page fault it never
// answers.
//
// Nothing here blocks, whatever the other side does. If the socket's queue is full, ring_bell() drops the ring: those
// in the queue are enough to wake the other side.
#pragma once

#include <utility>

#include "engine/base/status.h"
#include "engine/sys/foreign_fd.h"

namespace vmoffer {

// Move only.
class Bell {
 public:
  Bell() = default;
  // Borrows the connection. REQUIRES: from here on nothing but rings is received from it.
  static Result<Bell> of(const ForeignFd& connection);
  ~Bell() { close(); }
  Bell(Bell&&) = default;
  Bell& operator=(Bell&& other) noexcept {
    if (this != &other) {
      close();
      socket_ = std::move(other.socket_);
    }
    return *this;
  }

  int fd() const { return socket_.get(); }
  bool is_open() const { return socket_.is_open(); }
  // REQUIRES: closing the connection cannot block.
  void set_harmless() { socket_.set_harmless(); }
  void close();

 private:
  explicit Bell(ForeignFd socket) : socket_(std::move(socket)) {}
  ForeignFd socket_;
};

// Whether a descriptor (borrowed) is a socket of the kind that brokers connect by. Never blocks, even if a stranger
// sent the descriptor.
bool is_seqpacket(int fd);

// Wakes the other end. False if that is gone.
bool ring_bell(int fd);

// Receives one ring. A poll of the bell reports the next one: a side that sleeps is rung once, and finding that
// there is no second ring would cost a system call each time.
enum class Heard : uint8_t { kNothing, kRing, kHangUp };
Heard hear_bell(int fd);
// True if the other end is gone. Receives nothing.
bool has_hung_up(int fd);

}  // namespace vmoffer
