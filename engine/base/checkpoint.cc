#include "engine/base/checkpoint.h"

#ifdef VMO_PROBE

#include <memory>
#include <mutex>

namespace vmoffer {
namespace {

using Hook = std::function<void(const std::string&)>;

std::mutex& hook_mutex() {
  static auto* const mutex = new std::mutex;
  return *mutex;
}

std::shared_ptr<Hook>& hook_slot() {
  static auto* const slot = new std::shared_ptr<Hook>;
  return *slot;
}

}  // namespace

void set_checkpoint_hook(std::function<void(const std::string&)> hook) {
  auto next = hook ? std::make_shared<Hook>(std::move(hook)) : nullptr;
  const std::lock_guard lock(hook_mutex());
  hook_slot() = std::move(next);
}

void checkpoint(const char* name) {
  std::shared_ptr<Hook> hook;
  {
    const std::lock_guard lock(hook_mutex());
    hook = hook_slot();
  }
  if (hook) (*hook)(name);
}

}  // namespace vmoffer

#endif
