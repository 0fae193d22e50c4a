// Seqpacket: connected and listening AF_UNIX SOCK_SEQPACKET sockets at abstract addresses. Never block.
// Every descriptor that arrives is owned from the moment it is received, is close-on-exec, and is counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/sys/foreign_fd.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

// Longer packets are cut, and say so.
inline constexpr size_t kMaxPacketBytes = 8192;
// How many a loop takes from one peer at once: who is talkative keeps neither the others waiting nor a deadline.
inline constexpr int kPacketsPerTurn = 16;

enum class IoOutcome : uint8_t {
  kDone,
  kWouldBlock,
  kClosed,  // the peer has hung up, or the connection is broken
  kFailed,  // this side lacks something; of a packet that was to be received: see Packet::error_number
};

struct Packet {
  IoOutcome outcome = IoOutcome::kFailed;
  std::vector<uint8_t> bytes;
  std::vector<ForeignFd> descriptors;
  bool was_cut = false;             // bytes or descriptors did not fit: more was sent than any message has, unless
  bool lacked_descriptors = false;  // this process may have no more of them
  int error_number = 0;
};

enum class ConnectOutcome : uint8_t {
  kConnected,
  kNobody,  // nothing listens at this address
  kBusy,    // the listener's queue is full
  kFailed,
};

// Whether the other end has a reason to send descriptors.
enum class Takes : uint8_t { kDescriptors, kNone };

struct Connecting {
  ConnectOutcome outcome = ConnectOutcome::kFailed;
  ForeignFd socket;
  Status status;
};

// Addresses are given without the leading zero byte.
Connecting connect_to(const std::string& abstract_address, Takes takes);
// kBusy when somebody has the address already. Nobody can send descriptors to it, where the kernel can see to that.
Result<UniqueFd> listen_at(const std::string& abstract_address);
// An fd that is not open: nothing waits, or this process has no descriptor left (then `is_exhausted`).
ForeignFd accept_next(int listener_fd, bool* is_exhausted);

// Sends one packet, with one descriptor (borrowed) when descriptor_fd >= 0.
IoOutcome send_packet(int socket_fd, const std::vector<uint8_t>& bytes, int descriptor_fd = -1);
Packet receive_packet(int socket_fd, size_t max_bytes = kMaxPacketBytes);
// From here on nobody can send descriptors to this end of a unix socket. False before Linux 6.16.
bool refuse_descriptors(int socket_fd);
// The same for a connection on which all that was wanted has come: when nothing else has, closing it cannot block.
void settle(ForeignFd& socket);
// Closes a connection that nobody else here holds. The other end hears of it at once, however long closing takes.
void hang_up(ForeignFd& socket);
// Makes the other end unable to send. What is left to happen on the connection is its end.
void stop_receiving(int socket_fd);
// The other end finds what it was sent, and then the end. This one can still be asked whether that was read.
void shut_down(int socket_fd);
// Something that was sent from here waits to be read: then the descriptors that went with it are still in flight. What
// the other end was sent is gone when that end is closed.
bool has_unread_output(int socket_fd);
// True when there is something to be read, be it the end.
bool has_input(int socket_fd);

}  // namespace vmoffer
