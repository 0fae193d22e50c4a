// kernel_support: finds out by trying what this kernel, this process and this container allow. Any thread.
#pragma once

#include <string>
#include <vector>

namespace vmoffer {

struct Capability {
  std::string name;
  bool is_available = false;
  std::string detail;  // what it is good for
  std::string cause;   // why not; empty if available
  std::string remedy;  // what to do about it; empty if available
};

std::vector<Capability> probe_capabilities();
std::string kernel_release();

}  // namespace vmoffer
