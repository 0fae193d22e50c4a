// Mapping: owns one range of this process's address space. Move only; unmaps in its destructor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/status.h"

namespace vmoffer {

enum class Sharing { kShared, kPrivate };

struct Protection {
  bool write = false;
  bool execute = false;
};

class Mapping {
 public:
  Mapping() = default;
  // Takes ownership of [address, address + byte_length).
  Mapping(uint64_t address, uint64_t byte_length) : address_(address), byte_length_(byte_length) {}
  ~Mapping() { reset(); }
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  // Maps the first `byte_length` bytes of a descriptor (borrowed), at a multiple of a huge page when it is that long.
  // Always readable. `reserve`: refuse now when the pages could not be had later (huge page pools); otherwise nothing
  // is charged.
  static Result<Mapping> of_object(int fd, uint64_t byte_length, Sharing sharing, Protection protection, bool reserve);
  // Private memory of this process alone, at a multiple of a huge page. A child forked without exec does not
  // get it: where pages come on fault, it would silently read zeros.
  static Result<Mapping> anonymous(uint64_t byte_length, Protection protection);
  // Private memory that is zeros, at any page: what put_zeros() puts in place.
  static Result<Mapping> zeros(uint64_t byte_length);
  // A shared view of a part of a descriptor (borrowed), any alignment. Of memory that is sealed against writing it is a
  // private one, to read, where the kernel allows no other (before Linux 6.7).
  static Result<Mapping> view(int fd, uint64_t byte_offset, uint64_t byte_length, bool writable);

  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }
  bool is_mapped() const { return byte_length_ != 0; }

  // Each puts something else in the place of a part of what is mapped, in one step: an access at any moment finds the
  // one or the other. Untouched zeros:
  Status put_zeros(uint64_t byte_offset, uint64_t byte_length);
  // A part of a descriptor (borrowed), shared or private:
  struct Slice {
    uint64_t byte_offset;
    uint64_t byte_length;
    uint64_t object_offset;
    Sharing sharing;
    Protection protection;
    bool reserve = false;  // as in of_object(); when it fails nothing has changed
  };
  Status put_object(int fd, const Slice& slice);
  // Another mapping, which is as long as it is there.
  Status put_mapping(uint64_t byte_offset, Mapping other);

  // A child that is forked, and does not exec, has nothing there. The kernel copies the page tables of private mappings
  // for every child otherwise: 30 ms for 512 MiB.
  void keep_from_children(uint64_t byte_offset, uint64_t byte_length);
  Status forbid_execution(uint64_t byte_offset, uint64_t byte_length);
  void reset();
  // Gives ownership up: the range is somebody else's.
  void forget() { byte_length_ = 0; }

 private:
  Status put_reserved_object(int fd, const Slice& slice);

  uint64_t address_ = 0;
  uint64_t byte_length_ = 0;
};

// From here on an access ends the process with SIGSEGV.
void forbid_access(uint64_t address, uint64_t byte_length);
// Touches every page of a mapped range, in the kernel (before Linux 5.14, where memory that is not to be had is a
// signal and not an error, on this thread). For write, pages come writable.
Status populate(uint64_t address, uint64_t byte_length, bool write);
// False where the system is set never to give huge pages to private memory, as it was when this was first asked.
bool can_have_huge_pages();
// Asks for huge pages on a mapped range; false when the kernel will not.
bool advise_huge_pages(uint64_t address, uint64_t byte_length);

}  // namespace vmoffer
