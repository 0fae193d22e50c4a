#include "engine/base/checkpoint.h"

#ifdef VMO_PROBE

#include <memory>

#include "engine/base/mutex.h"

namespace vmoffer {
namespace {

using Hook = std::function<void(const std::string&)>;

struct Slot {
  Mutex mutex;
  std::shared_ptr<Hook> hook VMO_GUARDED_BY(mutex);
};

Slot& the_slot() {
  static auto* const slot = new Slot;
  return *slot;
}

}  // namespace

void set_checkpoint_hook(std::function<void(const std::string&)> hook) {
  auto next = hook ? std::make_shared<Hook>(std::move(hook)) : nullptr;
  Slot& slot = the_slot();
  const MutexLock lock(slot.mutex);
  slot.hook = std::move(next);
}

void checkpoint(const char* name) {
  std::shared_ptr<Hook> hook;
  {
    Slot& slot = the_slot();
    const MutexLock lock(slot.mutex);
    hook = slot.hook;
  }
  if (hook) (*hook)(name);
}

}  // namespace vmoffer

#endif
