#include "engine/sys/process_numbers.h"

#include <unistd.h>
#include <csignal>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "engine/base/text.h"
#include "engine/sys/peer_credentials.h"
#include "engine/sys/text_file.h"

namespace vmoffer {
namespace {

// If /proc was mounted in another pid namespace, its numbers are pids of that namespace.
bool is_proc_ours() {
  std::array<char, 16> target;
  const ssize_t length = ::readlink("/proc/self", target.data(), target.size());
  if (length <= 0) return false;
  std::string_view text(target.data(), static_cast<size_t>(length));
  return take_number(text) == static_cast<uint64_t>(::getpid());
}

}  // namespace

int pid_of_peer(int socket_fd) {
  const Result<PeerCredentials> credentials = credentials_of_peer(socket_fd);
  return credentials.is_ok() ? credentials.value().pid : 0;
}

bool may_be_alive(int pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

std::optional<int> innermost_pid(int pid) {
  if (!is_proc_ours()) return std::nullopt;
  const std::string status = read_text_file("/proc/" + std::to_string(pid) + "/status").value_or("");
  std::optional<std::string_view> numbers = find_line(status, "NSpid:");
  if (!numbers) return std::nullopt;
  std::optional<int> innermost;
  while (const std::optional<uint64_t> number = take_number(*numbers)) innermost = static_cast<int>(*number);
  return innermost;
}

}  // namespace vmoffer
