#include "engine/sys/socket_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <string_view>

#include "engine/base/text.h"
#include "engine/sys/call.h"

namespace vmoffer {
namespace {

constexpr size_t kBytesPerRead = 4096;  // the kernel gives no more at once
constexpr int kReadsPerPiece = 8;
// Every line is shorter, whatever name is in it.
constexpr size_t kMaxLineBytes = 512;

// Columns: Num RefCount Protocol Flags Type St Inode Path. Abstract paths begin with '@'. Flag 0x10000 is
// __SO_ACCEPTCON, which a listening socket has and an accepted one has not.
void take_address(std::string_view line, const std::string& wanted, std::vector<std::string>& found) {
  const size_t at = line.find(wanted);
  if (at == std::string_view::npos || line.find(" 00010000 ") > at) return;
  found.emplace_back(line.substr(at + 2));
}

}  // namespace

Result<SocketTable> SocketTable::open() {
  UniqueFd file(retry_on_eintr([&] { return ::open("/proc/net/unix", O_RDONLY | O_CLOEXEC); }));
  if (!file.is_open() && (errno == EMFILE || errno == ENFILE)) {
    return os_error(errno, "open", "could not look for other processes in /proc/net/unix");
  }
  return SocketTable(std::move(file));
}

bool SocketTable::read_some(const std::string& prefix, std::vector<std::string>& found) {
  const std::string wanted = " @" + prefix;
  std::string text = std::move(unfinished_line_);
  bool is_at_end = !file_.is_open();
  for (int turn = 0; turn < kReadsPerPiece && !is_at_end; ++turn) {
    const size_t had = text.size();
    text.resize(had + kBytesPerRead);
    const ssize_t got = retry_on_eintr([&] { return ::read(file_.get(), text.data() + had, kBytesPerRead); });
    text.resize(had + static_cast<size_t>(got > 0 ? got : 0));
    is_at_end = got <= 0;
  }
  const size_t end_of_lines = is_at_end ? text.size() : text.rfind('\n') + 1;
  std::string_view rest = std::string_view(text).substr(0, end_of_lines);
  while (const std::optional<std::string_view> line = take_line(rest)) take_address(*line, wanted, found);
  unfinished_line_ = text.substr(end_of_lines);
  if (unfinished_line_.size() > kMaxLineBytes) unfinished_line_.clear();
  return !is_at_end;
}

}  // namespace vmoffer
