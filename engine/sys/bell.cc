#include "engine/sys/bell.h"

#include <poll.h>
#include <sys/socket.h>

#include "engine/sys/call.h"
#include "engine/sys/seqpacket.h"

namespace vmoffer {
namespace {

int option_of(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

}  // namespace

Result<Bell> Bell::of(const ForeignFd& connection) {
  Result<ForeignFd> copy = duplicate(connection);
  if (!copy.is_ok()) return copy.status();
  return Bell(copy.take());
}

void Bell::close() {
  if (socket_.is_open()) shut_down(socket_.get());
  socket_.reset();
}

bool is_seqpacket(int fd) { return option_of(fd, SO_DOMAIN) == AF_UNIX && option_of(fd, SO_TYPE) == SOCK_SEQPACKET; }

bool ring_bell(int fd) {
  const char ring = 0;
  const ssize_t sent = retry_on_eintr([&] { return ::send(fd, &ring, sizeof ring, MSG_NOSIGNAL | MSG_DONTWAIT); });
  return sent >= 0 || (errno != EPIPE && errno != ECONNRESET && errno != ENOTCONN);
}

Heard hear_bell(int fd) {
  // Receives descriptors that came along, too: otherwise the kernel would close them on this thread.
  const Packet packet = receive_packet(fd, 1);
  if (packet.outcome == IoOutcome::kWouldBlock) return Heard::kNothing;
  return packet.outcome == IoOutcome::kDone ? Heard::kRing : Heard::kHangUp;
}

bool has_hung_up(int fd) {
  pollfd entry = {fd, POLLRDHUP, 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace vmoffer
