#include "engine/base/denial.h"

#ifdef VMO_PROBE

#include <set>
#include <string>

#include "engine/base/mutex.h"

namespace vmoffer {
namespace {

struct Denied {
  Mutex mutex;
  std::set<std::string> names VMO_GUARDED_BY(mutex);
};

Denied& denied() {
  static auto* const forever = new Denied;
  return *forever;
}

}  // namespace

void deny(const char* what, bool is_denied) {
  Denied& all = denied();
  const MutexLock lock(all.mutex);
  if (is_denied) {
    all.names.insert(what);
  } else {
    all.names.erase(what);
  }
}

bool is_denied(const char* what) {
  Denied& all = denied();
  const MutexLock lock(all.mutex);
  return all.names.contains(what);
}

}  // namespace vmoffer

#endif
