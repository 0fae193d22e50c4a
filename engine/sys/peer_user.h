// peer_user: which user is at the other end of a connected socket, as the kernel saw it when the connection was made.
#pragma once

#include <cstdint>

#include "engine/base/status.h"

namespace vmoffer {

// A user's number in this process's user namespace. Users who have none there all look alike: the kernel shows them as
// the overflow uid, 65534, which may be a user's as well.
struct UserId {
  uint32_t number = 0;
  bool is_certain = false;
};

Result<UserId> user_of_peer(int socket_fd);
// The number alone, as the kernel shows it.
Result<uint32_t> user_number_of_peer(int socket_fd);
// The effective one.
uint32_t own_user();

}  // namespace vmoffer
