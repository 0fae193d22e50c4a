// SocketTable: the abstract addresses that anything in this network namespace listens at, as /proc/net/unix tells. Any
// process may add lines without end, so it is read a piece at a time. One thread at a time.
#pragma once

#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

class SocketTable {
 public:
  // Empty where there is no /proc. kTooMany when this process may have no more descriptors, and so cannot know.
  static Result<SocketTable> open();

  // Some hundred lines more: appends the addresses, without the leading zero byte, that begin with the prefix. False at
  // the end of the table.
  bool read_some(const std::string& prefix, std::vector<std::string>& found);

 private:
  explicit SocketTable(UniqueFd file) : file_(std::move(file)) {}

  UniqueFd file_;
  std::string unfinished_line_;
};

}  // namespace vmoffer
