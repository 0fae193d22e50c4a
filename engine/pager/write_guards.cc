#include "engine/pager/write_guards.h"

#include <memory>
#include <mutex>

namespace vmoffer {
namespace {

class WriteGuards {
 public:
  static WriteGuards& instance() {
    static WriteGuards* const forever = new WriteGuards;
    return *forever;
  }

  Result<const WriteGuard*> get() {
    const std::lock_guard lock(mutex_);
    if (guard_ == nullptr && refusal_.is_ok()) {
      Status status = open();
      if (!status.is_ok()) return status;
    }
    if (!refusal_.is_ok()) return refusal_;
    return guard_.get();
  }

 private:
  Status open() {
    Result<WriteGuard> guard = WriteGuard::open();
    if (guard.is_ok()) {
      guard_ = std::make_unique<const WriteGuard>(guard.take());
      return Status();
    }
    if (guard.status().code() == Code::kUnsupported) refusal_ = guard.status();
    return guard.status();
  }

  std::mutex mutex_;  // guards all below
  std::unique_ptr<const WriteGuard> guard_;
  Status refusal_;
};

}  // namespace

Result<const WriteGuard*> write_guard() { return WriteGuards::instance().get(); }

}  // namespace vmoffer
