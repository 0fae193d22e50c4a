// PulledSource: the source of a range of private anonymous memory, which is filled with copies of a memory object's
// pages. If no other process has the object, copied pages are removed from it, so that there is never much more than
// one copy.
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
    // Stand for the object at the processes that share it, which must not change it until everything has been copied.
    std::vector<ForeignFd> leases;
    bool consume = false;  // remove copied pages from the object. REQUIRES: nobody shares it.
  };
  static Result<std::unique_ptr<PulledSource>> open(Origin origin);

  CopyProgress install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                       uint64_t byte_length) override;
  bool fill_hole(uint64_t, uint64_t) override { return false; }
  UserFault::Kind registration() const override { return UserFault::Kind::kAnonymous; }
  // The kernel would show zeros, silently.
  bool kernel_has_the_bytes() const override { return false; }
  bool takes_memory() const override { return true; }
  uint64_t bytes_pulled() const override { return bytes_pulled_; }
  uint64_t bulk_step_bytes() const override;
  // A huge page that is filled aside; null if huge pages cannot be had or moved.
  std::unique_ptr<PagesAside> open_aside() override;

  // Copies to plain memory, on the calling thread.
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
  // The pool takes back only whole huge pages, so this counts the copied pages of each. A thread that reads a huge page
  // holds the turn: a read after it was given back would make it anew. Ordinary pages need no turn, and nothing is
  // locked.
  using Turn = std::unique_lock<Mutex>;
  Turn take_turn();
  // Removes the copied pages of the run that was read. A read of a page that another thread has given back makes it
  // anew, so all copied pages of `looked_at` are removed again. REQUIRES: the turn is held.
  void give_back(const Turn& turn, MemoryObject::Run copied, MemoryObject::Run looked_at);
  std::vector<PageRange> to_give_back(const Turn& turn, MemoryObject::Run copied, MemoryObject::Run looked_at);
  std::vector<PageRange> whole_huge_pages(MemoryObject::Run looked_at) const VMO_REQUIRES(copied_mutex_);
  bool is_any_copied(MemoryObject::Run run) const;
  PageRange pages_of(MemoryObject::Run run) const;

  const std::shared_ptr<MemoryObject> object_;
  const std::vector<ForeignFd> leases_;
  const Mapping view_;
  const bool consume_;
  Mutex aside_mutex_;
  std::unique_ptr<PagesAside> fault_aside_ VMO_GUARDED_BY(aside_mutex_);  // for windows of a huge page
  std::atomic<bool> may_move_ = true;
  std::atomic<uint64_t> bytes_pulled_ = 0;
  Mutex turn_;  // held while the object is read; guards no member
  mutable Mutex copied_mutex_;
  PageSet copied_ VMO_GUARDED_BY(copied_mutex_);
};

}  // namespace vmoffer
