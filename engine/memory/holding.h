// Holding: a memory object as this process holds it. The region that maps it and the offers of it share the holding.
// When the last of them is gone, the descriptor is closed, and the processes that the memory came from learn that it
// was released. Any thread.
#pragma once

#include <memory>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "engine/sys/foreign_fd.h"
#include "engine/sys/memory_object.h"

namespace vmoffer {

class SuppliedMemory;

// Loan: while it lives, another process has the memory or is about to get it. Move only.
class Loan {
 public:
  Loan() = default;

 private:
  friend class Holding;
  explicit Loan(std::shared_ptr<void> entry) : entry_(std::move(entry)) {}
  std::shared_ptr<void> entry_;
};

class Holding {
 public:
  // For memory that this process made.
  explicit Holding(std::shared_ptr<MemoryObject> object) : object_(std::move(object)) {}
  // The same, for memory that this process supplies.
  Holding(std::shared_ptr<MemoryObject> object, std::shared_ptr<SuppliedMemory> supplied)
      : object_(std::move(object)), supplied_(std::move(supplied)) {}
  // For memory that was received. `inherited`: the leases that the source passed on, which stand for the memory at its
  // earlier owners. `is_disowned`: the source kept nothing.
  Holding(std::shared_ptr<MemoryObject> object, std::vector<ForeignFd> inherited, bool is_disowned);

  // Null for private memory without an object, which was pulled.
  const std::shared_ptr<MemoryObject>& object() const { return object_; }
  // Null for all other memory.
  const std::shared_ptr<SuppliedMemory>& supplied() const { return supplied_; }
  // True if only this process, and those it lent the memory to, have it.
  bool is_sole() const { return is_sole_; }

  // kBusy while it is lent exclusively.
  Result<Loan> lend();
  // kBusy while it is lent at all.
  Result<Loan> lend_exclusively();

  // The connection that stands for the claim at its source. Takes ownership.
  void set_connection(ForeignFd connection);
  size_t lease_count() const;
  // The leases that a further claimer must hold, so that earlier owners know that the memory is in use. Returns owned.
  Result<std::vector<ForeignFd>> leases_to_pass_on() const;

  ~Holding();
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;

 private:
  const std::shared_ptr<MemoryObject> object_;
  const std::shared_ptr<SuppliedMemory> supplied_;
  const std::vector<ForeignFd> inherited_;
  const bool is_sole_ = true;

  mutable Mutex mutex_;
  ForeignFd connection_ VMO_GUARDED_BY(mutex_);
  mutable bool is_passed_on_ VMO_GUARDED_BY(mutex_) = false;  // a lease elsewhere stands for the claim, too
  std::shared_ptr<int> shared_loans_ VMO_GUARDED_BY(mutex_) = std::make_shared<int>();  // counted by its references
  std::weak_ptr<int> exclusive_loan_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
