// MemoryObject: one memfd. Its size is sealed at birth: an object that could shrink would let its owner kill every
// process that maps it (SIGBUS). Its mode is read-only for everyone, so that a read-only descriptor cannot be reopened
// for writing through /proc by another user. Immutable after it is made; any thread may use it.
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
#include "engine/sys/unique_fd.h"

namespace vmoffer {

enum class ObjectAccess : uint8_t { kNone, kReadOnly, kReadWrite };

// What the kernel says about a descriptor, whoever sent it.
struct ObjectFacts {
  bool is_memory = false;  // a file of shared memory that takes seals: nothing but a memfd can carry F_SEAL_SHRINK
  bool is_hugetlb = false;
  bool says_huge_pages = false;  // its maker's word, for speed alone
  bool sealed_shrink = false;
  bool sealed_grow = false;
  bool sealed_write = false;         // immutable
  bool sealed_future_write = false;  // no further mapping can write
  ObjectAccess access = ObjectAccess::kNone;
  uint64_t byte_length = 0;
};

// What is at a place of an object. Switch over it without a default: whoever adds a kind is then shown each place that
// must know it.
enum class Content : uint8_t {
  kBytes,  // a page is there
  kZeros,  // none is, and whoever touches it makes one of zeros
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
  // Whoever made it has got transparent huge pages for it, and says so to those who get a descriptor: the page table
  // alone could tell them, and asking it takes longer than the rest of mapping.
  bool says_huge_pages() const { return says_huge_pages_; }
  // For those who get a descriptor from here on.
  void say_huge_pages() const;
  bool is_writable() const { return is_writable_; }

  // Returns owned: a descriptor that can read and nothing else.
  Result<UniqueFd> read_only_descriptor() const;
  // Returns owned: a descriptor with the rights this process has.
  Result<UniqueFd> descriptor() const;
  // Before a writable descriptor leaves the process: whoever holds one could seal the object against its source.
  Status forbid_further_seals() const;
  struct Run {
    uint64_t offset = 0;
    uint64_t length = 0;
    uint64_t end() const { return offset + length; }
  };
  struct Piece : Run {
    Content content = Content::kBytes;
  };
  // What is at `from`, and how far it goes, cut at `end`. It looks at the range page by page: ask for a few MiB at a
  // time. REQUIRES: from < end.
  Piece next_piece(uint64_t from, uint64_t end) const;
  // What a hole means, wherever one is met: here alone.
  Content content_of_holes() const { return Content::kZeros; }
  // Gives the memory behind a range back; it reads as zeros then. False where that is not allowed.
  bool punch_hole(uint64_t byte_offset, uint64_t byte_length) const;

  // From here on nobody, anywhere, changes these bytes. False when somebody still could (a shared writable mapping),
  // when somebody has a page pinned, for which it waits for up to 300 ms, or when further seals are forbidden.
  bool seal_against_writing() const;
  // It could not be sealed, and is not tried again: a mapping or a pin stood against it.
  bool resists_sealing() const { return resists_sealing_; }

  // REQUIRES: the facts are the descriptor's.
  MemoryObject(UniqueFd fd, const ObjectFacts& facts)
      : fd_(std::move(fd)),
        byte_length_(facts.byte_length),
        is_hugetlb_(facts.is_hugetlb),
        says_huge_pages_(facts.says_huge_pages),
        is_writable_(facts.access == ObjectAccess::kReadWrite) {}
  MemoryObject(const MemoryObject&) = delete;
  MemoryObject& operator=(const MemoryObject&) = delete;

 private:
  std::optional<CallResult> call(std::chrono::milliseconds patience, std::function<long(int)> what) const;
  off_t seek(uint64_t from, int whence, uint64_t if_held_up) const;
  // `end` when there is none.
  uint64_t start_of_data(uint64_t from, uint64_t end) const;
  // `from` when a hole is there.
  uint64_t end_of_data(uint64_t from, uint64_t end) const;

  const UniqueFd fd_;
  const uint64_t byte_length_;
  const bool is_hugetlb_;
  const bool says_huge_pages_;
  const bool is_writable_;
  mutable std::atomic<bool> resists_sealing_ = false;
  // Somebody else may write it, and so hold its inode's lock for as long as he likes: see call_within.
  mutable std::atomic<bool> is_writable_elsewhere_ = false;
};

}  // namespace vmoffer
