#include "engine/sys/peer_credentials.h"

#include <sys/socket.h>

#include <algorithm>

#include "engine/sys/call.h"

namespace vmoffer {

Result<PeerCredentials> credentials_of_peer(int socket_fd) {
  ucred credentials = {};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return os_error(errno, "getsockopt(SO_PEERCRED)", "could not ask the kernel who the peer is", Code::kPeerGone);
  }
  return PeerCredentials{std::max(credentials.pid, 0), credentials.uid};
}

}  // namespace vmoffer
