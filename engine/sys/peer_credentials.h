// peer_credentials: which process made a connection, as the kernel says.
#pragma once

#include <cstdint>

#include "engine/base/status.h"

namespace vmoffer {

struct PeerCredentials {
  int pid = 0;  // 0 if it has no pid in this process's pid namespace
  uint32_t user = 0;
};

// kPeerGone if the kernel does not tell.
Result<PeerCredentials> credentials_of_peer(int socket_fd);

}  // namespace vmoffer
