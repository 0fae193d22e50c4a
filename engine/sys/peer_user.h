// peer_user: which user is at the other end of a connected socket, as the kernel saw it when the connection was made.
#pragma once

#include <cstdint>

#include "engine/base/status.h"

namespace vmoffer {

// A user's number in this process's user namespace. The kernel shows every user who has none there as the overflow uid,
// 65534, which may also be the number of a real user.
struct UserId {
  uint32_t number = 0;
  bool is_certain = false;
};

Result<UserId> user_of_peer(int socket_fd);
// The effective user.
uint32_t own_user();

}  // namespace vmoffer
