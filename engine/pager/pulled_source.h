// PulledSource: the range is private anonymous memory, filled with copies of a memory object's pages. What has been
// copied is given back behind the copy when the object is nobody else's, so that there is never much more than one
// copy.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/page_set.h"
#include "engine/pager/page_source.h"
#include "engine/sys/foreign_fd.h"
#include "engine/sys/mapping.h"
#include "engine/sys/memory_object.h"
#include "engine/sys/page_table.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

class PulledSource : public PageSource {
 public:
  struct Origin {
    std::shared_ptr<MemoryObject> object;
    // What stands for it at those who share it: they are to leave it as it is until all has been copied.
    std::vector<ForeignFd> leases;
    bool consume = false;  // give back what was copied. REQUIRES: nobody shares it.
  };
  static Result<std::unique_ptr<PulledSource>> open(Origin origin);

  CopyProgress install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                       uint64_t byte_length) override;
  bool fill_hole(uint64_t, uint64_t) override { return false; }
  UserFault::Kind registration() const override { return UserFault::Kind::kAnonymous; }
  // It would give zeros, silently.
  bool kernel_has_the_bytes() const override { return false; }
  bool takes_memory() const override { return true; }
  uint64_t bytes_pulled() const override { return bytes_pulled_; }
  uint64_t bulk_step_bytes() const override;
  // Huge pages, filled aside; null where they cannot be had or moved.
  std::unique_ptr<PagesAside> open_aside() override;

  // The same into plain memory, by the calling thread.
  void copy_to(uint64_t address, uint64_t byte_offset, uint64_t byte_length);

 private:
  class HugePageAside;

  PulledSource(Origin origin, Mapping view)
      : object_(std::move(origin.object)),
        leases_(std::move(origin.leases)),
        view_(std::move(view)),
        consume_(origin.consume),
        copied_(object_->byte_length() / page_bytes()) {}
  CopyProgress install_bytes(const UserFault& userfault, uint64_t address, MemoryObject::Run run);
  CopyProgress install_copy(const UserFault& userfault, uint64_t address, MemoryObject::Run run);
  void copy_run(uint64_t address, MemoryObject::Run run);
  bool move_huge_page(const UserFault& userfault, uint64_t address, uint64_t byte_offset, CopyProgress& progress);
  bool move_by_aside(const UserFault& userfault, uint64_t address, uint64_t byte_offset, CopyProgress& progress)
      VMO_REQUIRES(aside_mutex_);
  // The pool gets its huge pages back whole or not at all, so it counts what has been copied of each. Who reads one
  // holds the turn, lest it is made anew by reading it behind the last copy. Nothing is locked where that cannot be.
  using Turn = std::unique_lock<Mutex>;
  Turn take_turn();
  // What has been copied of what was looked at. To look at a page that another thread has given back makes it anew, so
  // that goes back again. REQUIRES: the turn is held.
  void give_back(const Turn& turn, MemoryObject::Run copied, MemoryObject::Run looked_at);
  void give_back_huge_pages(MemoryObject::Run looked_at) VMO_REQUIRES(copied_mutex_);
  bool is_any_copied(MemoryObject::Run run) const;
  PageRange pages_of(MemoryObject::Run run) const;

  const std::shared_ptr<MemoryObject> object_;
  const std::vector<ForeignFd> leases_;
  const Mapping view_;
  const bool consume_;
  Mutex aside_mutex_;
  std::unique_ptr<PagesAside> fault_aside_ VMO_GUARDED_BY(aside_mutex_);  // for windows of that size
  std::atomic<bool> may_move_ = true;
  std::atomic<uint64_t> bytes_pulled_ = 0;
  Mutex turn_;  // of who looks at the object: guards nothing here
  mutable Mutex copied_mutex_;
  PageSet copied_ VMO_GUARDED_BY(copied_mutex_);
};

}  // namespace vmoffer
