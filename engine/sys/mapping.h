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

  // Maps the first `byte_length` bytes of a descriptor (borrowed), always readable; aligned to a huge page if it is at
  // least that long. With `reserve` it fails now if the pages of a huge page pool could not be had later; without,
  // nothing is charged.
  static Result<Mapping> of_object(int fd, uint64_t byte_length, Sharing sharing, Protection protection, bool reserve);
  // Private memory of this process alone, aligned to a huge page. A forked child does not inherit it: where pages
  // arrive by fault, the child would silently read zeros.
  static Result<Mapping> anonymous(uint64_t byte_length, Protection protection);
  // Private memory that reads as zeros, at any page: the same that put_zeros() puts in place.
  static Result<Mapping> zeros(uint64_t byte_length);
  // A shared mapping of a part of a descriptor (borrowed), with any alignment. Before Linux 6.7 the kernel allows no
  // shared mapping of memory that is sealed against writing; then it is private, to read.
  static Result<Mapping> view(int fd, uint64_t byte_offset, uint64_t byte_length, bool writable);

  // A shared view of a descriptor (borrowed) that nobody can read or write: a place for userfaultfd to put pages.
  static Result<Mapping> untouchable(int fd, uint64_t byte_length);

  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }
  bool is_mapped() const { return byte_length_ != 0; }

  // Each replaces a part of this mapping in one step: an access at any moment finds the old part or the new one.
  // Puts untouched zeros there:
  Status put_zeros(uint64_t byte_offset, uint64_t byte_length);
  // Puts a part of a descriptor (borrowed) there, shared or private:
  struct Slice {
    uint64_t byte_offset;
    uint64_t byte_length;
    uint64_t object_offset;
    Sharing sharing;
    Protection protection;
    bool reserve = false;  // as in of_object(); if it fails, nothing has changed
  };
  Status put_object(int fd, const Slice& slice);
  // Moves all of `other` there.
  Status put_mapping(uint64_t byte_offset, Mapping other);

  // A forked child gets no mapping there. Otherwise the kernel copies the page tables of private mappings for every
  // child: 30 ms for 512 MiB.
  void keep_from_children(uint64_t byte_offset, uint64_t byte_length);
  Status forbid_execution(uint64_t byte_offset, uint64_t byte_length);
  void reset();
  // Gives up ownership without unmapping: the range belongs to another owner.
  void forget() { byte_length_ = 0; }

 private:
  Status put_reserved_object(int fd, const Slice& slice);

  uint64_t address_ = 0;
  uint64_t byte_length_ = 0;
};

// From now on an access there ends the process with SIGSEGV.
void forbid_access(uint64_t address, uint64_t byte_length);
// As it was: it can be read and written.
void permit_access(uint64_t address, uint64_t byte_length);
// Has the kernel bring in every page of a mapped range, writable if `write`. Before Linux 5.14 this thread touches the
// pages instead, and a lack of memory is then a signal and not an error.
Status populate(uint64_t address, uint64_t byte_length, bool write);
// False if the system is set never to give huge pages to private memory. Reads the setting once.
bool can_have_huge_pages();
// Asks for huge pages on a mapped range; false if the kernel refuses the advice.
bool advise_huge_pages(uint64_t address, uint64_t byte_length);

}  // namespace vmoffer
