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

  // Maps the first `byte_length` bytes of a descriptor (borrowed), at a multiple of 2 MiB from 2 MiB on. Always
  // readable. `reserve`: refuse now when the pages could not be had later (huge page pools); otherwise nothing is
  // charged.
  static Result<Mapping> of_object(int fd, uint64_t byte_length, Sharing sharing, Protection protection, bool reserve);
  // A read-only shared view of a part of a descriptor (borrowed), any alignment.
  static Result<Mapping> read_only_view(int fd, uint64_t byte_offset, uint64_t byte_length);

  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }
  bool is_mapped() const { return byte_length_ != 0; }

  // Puts untouched zeros in the place of what is mapped, in one step: an access at any moment finds the one or the
  // other.
  Status replace_with_zeros();
  // Puts a private mapping of the same descriptor (borrowed) in the place of a shared one, likewise: what is written
  // from then on stays here.
  Status make_private(int fd, Protection protection);
  Status forbid_execution();
  void reset();

 private:
  uint64_t address_ = 0;
  uint64_t byte_length_ = 0;
};

// Touches every page of a mapped range, in the kernel. For write, pages come writable.
Status populate(uint64_t address, uint64_t byte_length, bool write);
// Asks for huge pages on a mapped range; false when the kernel will not.
bool advise_huge_pages(uint64_t address, uint64_t byte_length);
// Makes huge pages of a mapped range now, which takes the memory now; false when the kernel will not (before
// Linux 6.1). REQUIRES: address at a multiple of 2 MiB.
bool collapse_huge_pages(uint64_t address, uint64_t byte_length);

}  // namespace vmoffer
