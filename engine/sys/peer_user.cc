#include "engine/sys/peer_user.h"

#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "engine/sys/call.h"

namespace vmoffer {
namespace {

constexpr uint32_t kUsualOverflow = 65534;
constexpr uint32_t kAllUsers = 4294967295;

uint32_t overflow_user() {
  uint32_t number = kUsualOverflow;
  std::ifstream file("/proc/sys/kernel/overflowuid");
  return file >> number ? number : kUsualOverflow;
}

bool has_number_for_everybody() {
  uint64_t inside = 0;
  uint64_t outside = 0;
  uint64_t count = 0;
  std::ifstream file("/proc/self/uid_map");
  return file >> inside >> outside >> count && inside == 0 && count == kAllUsers;
}

}  // namespace

Result<UserId> user_of_peer(int socket_fd) {
  ucred credentials = {};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return os_error(errno, "getsockopt(SO_PEERCRED)", "could not ask the kernel who the peer is", Code::kPeerGone);
  }
  return UserId{credentials.uid, credentials.uid != overflow_user() || has_number_for_everybody()};
}

uint32_t own_user() { return ::geteuid(); }

}  // namespace vmoffer
