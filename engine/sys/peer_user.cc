#include "engine/sys/peer_user.h"

#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/text.h"
#include "engine/sys/peer_credentials.h"
#include "engine/sys/text_file.h"

namespace vmoffer {
namespace {

constexpr uint32_t kUsualOverflow = 65534;
constexpr uint32_t kAllUsers = 4294967295;

uint32_t overflow_user() {
  return static_cast<uint32_t>(read_number_file("/proc/sys/kernel/overflowuid").value_or(kUsualOverflow));
}

bool has_number_for_everybody() {
  const std::string line = first_line_of("/proc/self/uid_map");
  std::string_view rest = line;
  const std::optional<uint64_t> inside = take_number(rest);
  const std::optional<uint64_t> outside = take_number(rest);
  const std::optional<uint64_t> count = take_number(rest);
  return inside && outside && count && *inside == 0 && *count == kAllUsers;
}

}  // namespace

Result<UserId> user_of_peer(int socket_fd) {
  const Result<PeerCredentials> credentials = credentials_of_peer(socket_fd);
  if (!credentials.is_ok()) return credentials.status();
  const uint32_t number = credentials.value().user;
  return UserId{number, number != overflow_user() || has_number_for_everybody()};
}

uint32_t own_user() { return ::geteuid(); }

}  // namespace vmoffer
