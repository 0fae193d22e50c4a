#include "engine/base/denial.h"

#ifdef VMO_PROBE

#include <mutex>
#include <set>
#include <string>

namespace vmoffer {
namespace {

std::mutex mutex;

std::set<std::string>& denied() {
  static auto* const forever = new std::set<std::string>;
  return *forever;
}

}  // namespace

void deny(const char* what, bool is_denied) {
  const std::lock_guard lock(mutex);
  if (is_denied) {
    denied().insert(what);
  } else {
    denied().erase(what);
  }
}

bool is_denied(const char* what) {
  const std::lock_guard lock(mutex);
  return denied().contains(what);
}

}  // namespace vmoffer

#endif
