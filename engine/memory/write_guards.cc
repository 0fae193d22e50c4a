#include "engine/memory/write_guards.h"

#include <memory>

#include "engine/base/mutex.h"

namespace vmoffer {
namespace {

class WriteGuards {
 public:
  static WriteGuards& instance() {
    static WriteGuards* const forever = new WriteGuards;
    return *forever;
  }

  Result<const WriteGuard*> get() {
    const MutexLock lock(mutex_);
    if (guard_ == nullptr && refusal_.is_ok()) {
      Status status = open();
      if (!status.is_ok()) return status;
    }
    if (!refusal_.is_ok()) return refusal_;
    return guard_.get();
  }

 private:
  Status open() VMO_REQUIRES(mutex_) {
    Result<WriteGuard> guard = WriteGuard::open();
    if (guard.is_ok()) {
      guard_ = std::make_unique<const WriteGuard>(guard.take());
      return Status();
    }
    if (guard.status().code() == Code::kUnsupported) refusal_ = guard.status();
    return guard.status();
  }

  Mutex mutex_;
  std::unique_ptr<const WriteGuard> guard_ VMO_GUARDED_BY(mutex_);
  Status refusal_ VMO_GUARDED_BY(mutex_);
};

}  // namespace

Result<const WriteGuard*> write_guard() { return WriteGuards::instance().get(); }

}  // namespace vmoffer
