#include "engine/sys/seqpacket.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "engine/base/denial.h"
#include "engine/sys/call.h"

// From include/uapi/asm-generic/socket.h, Linux 6.16.
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

namespace vmoffer {
namespace {

// The kernel's SCM_MAX_FD. With less room the kernel would close the rest on the thread that receives.
constexpr size_t kMaxDescriptorsOfPacket = 253;

struct Address {
  sockaddr_un address = {};
  socklen_t length = 0;
};

// REQUIRES: the name has at most 106 bytes.
Address abstract(const std::string& name) {
  Address result;
  result.address.sun_family = AF_UNIX;
  std::memcpy(result.address.sun_path + 1, name.data(), name.size());
  result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return result;
}

UniqueFd new_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

Status socket_error() { return os_error(errno, "socket", "could not make a socket"); }

// Takes ownership of the descriptors before anything is checked, so that none is ever lost.
void take_descriptors(msghdr& header, std::vector<ForeignFd>& descriptors) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
}

bool has_no_descriptor_left(int any_fd) {
  const UniqueFd another(::fcntl(any_fd, F_DUPFD_CLOEXEC, 0));
  return !another.is_open() && (errno == EMFILE || errno == ENFILE);
}

IoOutcome outcome_of(int error_number) {
  switch (error_number) {
    case EAGAIN:
      return IoOutcome::kWouldBlock;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
      return IoOutcome::kClosed;
    default:
      return IoOutcome::kFailed;
  }
}

}  // namespace

bool refuse_descriptors(int socket_fd) {
  if (is_denied("SO_PASSRIGHTS")) return false;
  const int no = 0;
  return ::setsockopt(socket_fd, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof no) == 0;
}

void settle(ForeignFd& socket) {
  if (!refuse_descriptors(socket.get())) return;
  // A peer may be sending while the option changes. Sending and looking both take the socket's lock: what the first
  // look may miss, the second sees.
  if (!has_input(socket.get()) && !has_input(socket.get())) socket.set_harmless();
}

void hang_up(ForeignFd& socket) {
  if (socket.is_open() && !socket.is_harmless()) ::shutdown(socket.get(), SHUT_RDWR);
  socket.reset();
}

Connecting connect_to(const std::string& abstract_address, Takes takes) {
  Connecting result;
  UniqueFd made = new_socket();
  if (!made.is_open()) {
    result.status = socket_error();
    return result;
  }
  const bool refuses = takes == Takes::kNone && refuse_descriptors(made.get());
  result.socket = refuses ? ForeignFd::harmless(std::move(made)) : ForeignFd(made.release());
  const Address address = abstract(abstract_address);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address.address);
  if (retry_on_eintr([&] { return ::connect(result.socket.get(), raw, address.length); }) == 0) {
    result.outcome = ConnectOutcome::kConnected;
    return result;
  }
  // EPROTOTYPE: a socket of another type listens there, so it is no broker.
  if (errno == ECONNREFUSED || errno == EPROTOTYPE) {
    result.outcome = ConnectOutcome::kNobody;
  } else if (errno == EAGAIN) {
    result.outcome = ConnectOutcome::kBusy;
  } else {
    result.status = os_error(errno, "connect", "could not reach a broker", Code::kPeerGone);
  }
  return result;
}

Result<UniqueFd> listen_at(const std::string& abstract_address) {
  UniqueFd socket = new_socket();
  if (!socket.is_open()) return socket_error();
  const Address address = abstract(abstract_address);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.address), address.length) != 0) {
    return os_error(errno, "bind", "could not take a broker's address",
                    errno == EADDRINUSE ? Code::kBusy : Code::kUnsupported);
  }
  // Accepted connections inherit the option, so no descriptor ever waits in one.
  refuse_descriptors(socket.get());
  if (::listen(socket.get(), SOMAXCONN) != 0) return os_error(errno, "listen", "could not listen");
  return socket;
}

bool refuses_descriptors(int listener_fd) {
  int passes = 1;
  socklen_t length = sizeof passes;
  return ::getsockopt(listener_fd, SOL_SOCKET, SO_PASSRIGHTS, &passes, &length) == 0 && passes == 0;
}

ForeignFd accept_next(int listener_fd, bool refuses, bool* is_exhausted) {
  ForeignFd socket(
      retry_on_eintr([&] { return ::accept4(listener_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); }));
  *is_exhausted = !socket.is_open() && errno != EAGAIN && errno != ECONNABORTED;
  if (socket.is_open() && refuses) socket.set_harmless();
  return socket;
}

IoOutcome send_packet(int socket_fd, const std::vector<uint8_t>& bytes, int descriptor_fd) {
  iovec part = {const_cast<uint8_t*>(bytes.data()), bytes.size()};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor_fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(first), &descriptor_fd, sizeof(int));
  }
  const ssize_t sent = retry_on_eintr([&] { return ::sendmsg(socket_fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT); });
  return sent >= 0 ? IoOutcome::kDone : outcome_of(errno);
}

Packet receive_packet(int socket_fd, size_t max_bytes) {
  Packet packet;
  std::array<uint8_t, kMaxPacketBytes> bytes;  // not filled: most packets are short, and often none is there
  iovec part = {bytes.data(), std::min(max_bytes, bytes.size())};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptorsOfPacket * sizeof(int))];
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const auto receive = [&] { return ::recvmsg(socket_fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT); };
  ssize_t got = retry_on_eintr(receive);
  // The peer has hung up without reading everything. The kernel says so once, before it gives what the peer has sent.
  if (got < 0 && errno == ECONNRESET) got = retry_on_eintr(receive);
  if (got < 0) {
    packet.error_number = errno;
    packet.outcome = outcome_of(errno);
    return packet;
  }
  take_descriptors(header, packet.descriptors);
  packet.was_cut = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  packet.lacked_descriptors = (header.msg_flags & MSG_CTRUNC) != 0 && has_no_descriptor_left(socket_fd);
  packet.bytes.assign(bytes.data(), bytes.data() + got);
  const bool is_end = got == 0 && packet.descriptors.empty() && !packet.was_cut;
  packet.outcome = is_end ? IoOutcome::kClosed : IoOutcome::kDone;
  return packet;
}

void stop_receiving(int socket_fd) { ::shutdown(socket_fd, SHUT_RD); }

void shut_down(int socket_fd) { ::shutdown(socket_fd, SHUT_RDWR); }

bool has_unread_output(int socket_fd) {
  int unread = 0;
  return ::ioctl(socket_fd, SIOCOUTQ, &unread) == 0 && unread > 0;
}

bool is_over(int socket_fd) {
  pollfd entry = {socket_fd, 0, 0};
  return retry_on_eintr([&] { return ::poll(&entry, 1, 0); }) > 0;
}

bool has_input(int socket_fd) {
  char byte;
  const ssize_t got = retry_on_eintr([&] { return ::recv(socket_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT); });
  return got >= 0 || errno != EAGAIN;
}

}  // namespace vmoffer
