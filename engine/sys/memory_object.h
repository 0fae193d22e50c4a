// MemoryObject: one memfd. Its size is sealed at birth, because the owner of an object that can shrink can kill every
// process that maps it (SIGBUS). Its mode is read-only for everyone, so that another user cannot reopen a read-only
// descriptor for writing through /proc. Any thread may use it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/base/status.h"
#include "engine/sys/expendable_call.h"
#include "engine/sys/hole_puncher.h"
#include "engine/sys/page_table.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

enum class ObjectAccess : uint8_t { kNone, kReadOnly, kReadWrite };

// The kernel's word on a descriptor, whoever sent it.
struct ObjectFacts {
  bool is_memory = false;  // a file of shared memory that takes seals: only a memfd can carry F_SEAL_SHRINK
  bool is_hugetlb = false;
  bool says_huge_pages = false;  // its maker's word, used for speed only
  bool sealed_shrink = false;
  bool sealed_grow = false;
  bool sealed_write = false;         // immutable
  bool sealed_future_write = false;  // no further mapping can write
  ObjectAccess access = ObjectAccess::kNone;
  uint64_t byte_length = 0;
};

// What an object has at an offset. Switch over it without a default, so that the compiler shows a person who adds a
// kind every place that must handle it.
enum class Content : uint8_t {
  kBytes,  // a page
  kZeros,  // no page: a touch makes one of zeros
};

// Borrows the descriptor.
ObjectFacts inspect_object(int fd);

class MemoryObject {
 public:
  // REQUIRES: byte_length > 0, whole pages (whole huge pages when hugetlb).
  static Result<std::shared_ptr<MemoryObject>> create(uint64_t byte_length, bool hugetlb);
  // Takes ownership of a descriptor whose facts have been checked.
  static std::shared_ptr<MemoryObject> adopt(UniqueFd fd, const ObjectFacts& facts);

  int fd() const { return fd_.get(); }
  uint64_t byte_length() const { return byte_length_; }
  bool is_hugetlb() const { return is_hugetlb_; }
  // The maker of the object says that its pages are transparent huge pages. Otherwise only the page table could tell a
  // claimer, and reading that takes longer than the rest of mapping.
  bool says_huge_pages() const { return says_huge_pages_; }
  // Tells the processes that get a descriptor from now on.
  void say_huge_pages() const;
  bool is_writable() const { return is_writable_; }

  // Returns owned: a descriptor that can only read.
  Result<UniqueFd> read_only_descriptor() const;
  // Returns owned: a descriptor with the rights this process has.
  Result<UniqueFd> descriptor() const;
  // Call it before a writable descriptor leaves the process: its receiver could otherwise seal the object against its
  // source.
  Status forbid_further_seals() const;
  struct Run {
    uint64_t offset = 0;
    uint64_t length = 0;
    uint64_t end() const { return offset + length; }
  };
  struct ContentRun : Run {
    Content content = Content::kBytes;
  };
  // How many pages of a range are in memory or in swap.
  struct Presence {
    bool is_known = false;
    uint64_t pages = 0;
  };
  // The content at `from`, and its extent, cut at `end`. It looks at the range page by page, so ask for a few MiB at a
  // time. REQUIRES: from < end.
  ContentRun next_run(uint64_t from, uint64_t end) const;
  // What a hole means. No other place in the code decides it.
  Content content_of_holes() const { return Content::kZeros; }
  // Gives the memory behind a range back, which then reads as zeros. False if that failed. If another process holds it
  // up, it is done when that lets go, and nobody waits for it.
  bool punch_hole(uint64_t byte_offset, uint64_t byte_length) const;

  // From now on nobody, anywhere, can change these bytes. False if somebody still can (a shared writable mapping), if
  // a page stays pinned for 300 ms, or if further seals are forbidden.
  bool seal_against_writing() const;
  bool is_sealed_against_writing() const;
  // A mapping or a pin kept the object from being sealed. It is not tried again.
  bool resists_sealing() const { return resists_sealing_; }

  // REQUIRES: `facts` are those of `fd`.
  MemoryObject(UniqueFd fd, const ObjectFacts& facts)
      : fd_(std::move(fd)),
        byte_length_(facts.byte_length),
        is_hugetlb_(facts.is_hugetlb),
        says_huge_pages_(facts.says_huge_pages),
        is_writable_(facts.access == ObjectAccess::kReadWrite),
        puncher_(std::make_shared<HolePuncher>(facts.byte_length / page_bytes())) {}
  MemoryObject(const MemoryObject&) = delete;
  MemoryObject& operator=(const MemoryObject&) = delete;

 private:
  // Nobody can write() to memory of the huge page pool, and so nobody can hold its lock that way.
  bool may_be_held_up() const { return is_writable_elsewhere_ && !is_hugetlb_; }
  std::optional<CallResult> call(std::chrono::milliseconds patience, std::function<long(int)> what) const;
  off_t seek(uint64_t from, int whence, uint64_t if_held_up) const;
  // `presence` is that of the range. `end` if there is none.
  uint64_t start_of_data(uint64_t from, uint64_t end, Presence presence) const;
  // `from` if a hole is there.
  uint64_t end_of_data(uint64_t from, uint64_t end, Presence presence) const;

  const UniqueFd fd_;
  const uint64_t byte_length_;
  const bool is_hugetlb_;
  const bool says_huge_pages_;
  const bool is_writable_;
  mutable std::atomic<bool> resists_sealing_ = false;
  // Another process may write it, and so hold its inode's lock for as long as it likes: see call_within.
  mutable std::atomic<bool> is_writable_elsewhere_ = false;
  const std::shared_ptr<HolePuncher> puncher_;
};

}  // namespace vmoffer
