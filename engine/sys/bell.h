// Bell: this process's end of the connection over which a channel was claimed, by which its two sides wake each other.
// It is another descriptor of that connection's socket. When it goes, the connection ends, and the other side hears of
// it.
//
// A socket and not an eventfd: who holds an eventfd can make another holder's write() block, by filling its counter
// and clearing its O_NONBLOCK. And one that each side has made itself, by connecting or by accepting: whoever else has
// a descriptor of our end could hold up hear_bell() for ever, by receiving into memory whose fault nobody answers.
// Nothing here blocks, whatever the other side does. Rings that nobody has heard yet are enough to wake: one that does
// not fit is none too few.
#pragma once

#include <utility>

#include "engine/base/status.h"
#include "engine/sys/foreign_fd.h"

namespace vmoffer {

// Move only.
class Bell {
 public:
  Bell() = default;
  // Of a connection (borrowed) from which nothing but rings is received from here on.
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

// Of a descriptor (borrowed) that anybody may have sent: is it a socket such as brokers connect by? Asking never
// blocks.
bool is_seqpacket(int fd);

// Wakes the other end. False when it is gone.
bool ring_bell(int fd);

// Takes in what has been rung; a bounded number, so that a peer that never stops keeps nobody here.
enum class Heard : uint8_t { kNothing, kRing, kHangUp };
Heard hear_bell(int fd);
// True when the other end is gone. Takes nothing in.
bool has_hung_up(int fd);

}  // namespace vmoffer
