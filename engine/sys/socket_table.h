// SocketTable: the abstract addresses at which processes listen in this network namespace, from /proc/net/unix. Any
// process may add lines without end, so the table is read a piece at a time. One thread at a time.
#pragma once

#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

class SocketTable {
 public:
  // An empty table if there is no /proc. kTooMany if this process may have no more descriptors, so that it cannot look.
  static Result<SocketTable> open();

  // Reads some hundred more lines, and appends the addresses that begin with `prefix`, without the leading zero byte.
  // False at the end of the table.
  bool read_some(const std::string& prefix, std::vector<std::string>& found);

 private:
  explicit SocketTable(UniqueFd file) : file_(std::move(file)) {}

  UniqueFd file_;
  std::string unfinished_line_;
};

}  // namespace vmoffer
