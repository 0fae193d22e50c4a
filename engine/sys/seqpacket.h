// Seqpacket: connected and listening AF_UNIX SOCK_SEQPACKET sockets at abstract addresses. They never block.
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

// A longer packet is cut, which Packet::was_cut says.
inline constexpr size_t kMaxPacketBytes = 8192;
// How many packets a loop takes from one peer at once, so that a talkative peer holds up neither other peers nor a
// deadline.
inline constexpr int kPacketsPerTurn = 16;

enum class IoOutcome : uint8_t {
  kDone,
  kWouldBlock,
  kClosed,  // the peer has hung up, or the connection is broken
  kFailed,  // this side lacks a resource; for a received packet see Packet::error_number
};

struct Packet {
  IoOutcome outcome = IoOutcome::kFailed;
  std::vector<uint8_t> bytes;
  std::vector<ForeignFd> descriptors;
  bool was_cut = false;             // bytes or descriptors did not fit
  bool lacked_descriptors = false;  // they did not fit because this process may have no more descriptors
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

// Pass addresses without the leading zero byte.
Connecting connect_to(const std::string& abstract_address, Takes takes);
// kBusy if the address is taken. From Linux 6.16 on, nobody can send descriptors to its connections.
Result<UniqueFd> listen_at(const std::string& abstract_address);
// True if nobody has ever been able to send descriptors to this listener's connections, which inherit that.
bool refuses_descriptors(int listener_fd);
// Returns an fd that is not open if no connection waits, or if this process has no descriptor left (then
// `is_exhausted`). `refuses`: what refuses_descriptors() has said of the listener.
ForeignFd accept_next(int listener_fd, bool refuses, bool* is_exhausted);

// Sends one packet, with one descriptor (borrowed) when descriptor_fd >= 0.
IoOutcome send_packet(int socket_fd, const std::vector<uint8_t>& bytes, int descriptor_fd = -1);
Packet receive_packet(int socket_fd, size_t max_bytes = kMaxPacketBytes);
// From now on nobody can send descriptors to this end of a unix socket. False before Linux 6.16.
bool refuse_descriptors(int socket_fd);
// The same, for a connection on which everything expected has arrived. If nothing else waits in it, closing it cannot
// block, and it is marked as harmless.
void settle(ForeignFd& socket);
// Closes a connection of which this process has no other descriptor. The other end notices at once, however long the
// close takes.
void hang_up(ForeignFd& socket);
// Makes the other end unable to send. Only the end of the connection can still arrive.
void stop_receiving(int socket_fd);
// The other end finds what it was sent, and then the end. has_unread_output() still works on this end.
void shut_down(int socket_fd);
// True if the other end has not read everything that was sent from here: the descriptors sent with it are still in
// flight. When the other end is closed, nothing is unread any more.
bool has_unread_output(int socket_fd);
// True if the other end is gone for good. That this end receives no more (stop_receiving) does not count.
bool is_over(int socket_fd);
// True if there is something to read, which may be the end.
bool has_input(int socket_fd);

}  // namespace vmoffer
