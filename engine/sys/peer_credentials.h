// peer_credentials: who the kernel says made a connection.
#pragma once

#include <cstdint>

#include "engine/base/status.h"

namespace vmoffer {

struct PeerCredentials {
  int pid = 0;  // 0 when it has no number in this process's pid namespace
  uint32_t user = 0;
};

// kPeerGone when the kernel does not tell.
Result<PeerCredentials> credentials_of_peer(int socket_fd);

}  // namespace vmoffer
