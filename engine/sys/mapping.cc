#include "engine/sys/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "engine/base/denial.h"
#include "engine/base/units.h"
#include "engine/sys/call.h"
#include "engine/sys/huge_page_size.h"
#include "engine/sys/page_table.h"
#include "engine/sys/unique_fd.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

namespace vmoffer {
namespace {

void* pointer_to(uint64_t address) { return reinterpret_cast<void*>(address); }
uint64_t address_of(void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

int bits_of(Protection protection) {
  return PROT_READ | (protection.write ? PROT_WRITE : 0) | (protection.execute ? PROT_EXEC : 0);
}

Status map_error(uint64_t byte_length) {
  const Code otherwise = errno == EAGAIN ? Code::kNoMemory : Code::kNotPermitted;
  return os_error(errno, "mmap", "could not map " + std::to_string(byte_length) + " bytes", otherwise);
}

Status reserve_error(uint64_t byte_length) {
  if (errno != ENOMEM) return map_error(byte_length);
  const std::string pages = std::to_string(byte_length / huge_page_bytes());
  return os_error(errno, "mmap",
                  "the pool of huge pages lacks the " + pages +
                      " that private writes to this memory could take (claim with transfer 'pull', or raise "
                      "vm.nr_hugepages)");
}

// Address space alone, aligned to a huge page: the kernel maps no huge page anywhere else.
Result<Mapping> reserve_aligned(uint64_t byte_length) {
  const uint64_t padded = byte_length + huge_page_bytes();
  void* got = ::mmap(nullptr, padded, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (got == MAP_FAILED) return map_error(padded);
  const uint64_t start = address_of(got);
  const uint64_t aligned = align_up(start, huge_page_bytes());
  if (aligned > start) ::munmap(got, aligned - start);
  const uint64_t tail = start + padded - (aligned + byte_length);
  if (tail > 0) ::munmap(pointer_to(aligned + byte_length), tail);
  return Mapping(aligned, byte_length);
}

// A core dump reads every mapped page, which fills the holes of an object. A user who wants the contents in a dump sets
// the variable.
void keep_out_of_core_dumps(uint64_t address, uint64_t byte_length) {
  static const bool is_wanted_there = std::getenv("VMOFFER_IN_CORE_DUMPS") != nullptr;
  if (!is_wanted_there) ::madvise(pointer_to(address), byte_length, MADV_DONTDUMP);
}

// Other threads and processes may write there meanwhile: their bytes stay.
void touch_pages(uint64_t address, uint64_t byte_length, bool write) {
  for (uint64_t at = address; at < address + byte_length; at += page_bytes()) {
    auto* const byte = static_cast<unsigned char*>(pointer_to(at));
    if (write) {
      __atomic_fetch_or(byte, 0, __ATOMIC_RELAXED);
    } else {
      __atomic_load_n(byte, __ATOMIC_RELAXED);
    }
  }
}

// Lets a test see what happens before Linux 6.7: for an object that is sealed against writing, MAP_SHARED fails on a
// writable descriptor, whatever the protection.
bool is_shared_view_denied(int fd) {
  if (!is_denied("shared views of sealed memory")) return false;
  const int seals = ::fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_WRITE) != 0 && (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
}

void* map_view(int fd, uint64_t byte_offset, uint64_t byte_length, int prot, int flags) {
  if ((flags & MAP_SHARED) != 0 && is_shared_view_denied(fd)) {
    errno = EPERM;
    return MAP_FAILED;
  }
  return ::mmap(nullptr, byte_length, prot, flags, fd, static_cast<off_t>(byte_offset));
}

void* map_zeros(void* address, uint64_t byte_length, int placing) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | placing;
  return ::mmap(address, byte_length, PROT_READ | PROT_WRITE, flags, -1, 0);
}

bool read_whether_huge_pages_are_given() {
  const UniqueFd file(::open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> setting = {};
  if (!file.is_open() || ::read(file.get(), setting.data(), setting.size() - 1) <= 0) return false;
  return std::strstr(setting.data(), "[never]") == nullptr;
}

// REQUIRES: the mapping at `to` is as long as `from`. An access meanwhile finds the old mapping or the new one.
Status move_over(Mapping& from, uint64_t to) {
  const uint64_t byte_length = from.byte_length();
  void* got =
      ::mremap(pointer_to(from.address()), byte_length, byte_length, MREMAP_MAYMOVE | MREMAP_FIXED, pointer_to(to));
  if (got == MAP_FAILED) return os_error(errno, "mremap", "could not put a mapping in its place");
  from.forget();
  return Status();
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : address_(std::exchange(other.address_, 0)), byte_length_(std::exchange(other.byte_length_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this != &other) {
    reset();
    address_ = std::exchange(other.address_, 0);
    byte_length_ = std::exchange(other.byte_length_, 0);
  }
  return *this;
}

Result<Mapping> Mapping::of_object(int fd, uint64_t byte_length, Sharing sharing, Protection protection, bool reserve) {
  const int prot = bits_of(protection);
  const int flags = (sharing == Sharing::kShared ? MAP_SHARED : MAP_PRIVATE) | (reserve ? 0 : MAP_NORESERVE);
  void* got = ::mmap(nullptr, byte_length, prot, flags, fd, 0);
  if (got == MAP_FAILED) return reserve ? reserve_error(byte_length) : map_error(byte_length);
  Mapping mapping(address_of(got), byte_length);
  keep_out_of_core_dumps(mapping.address(), byte_length);
  if (byte_length < huge_page_bytes() || is_aligned(mapping.address(), huge_page_bytes())) return mapping;

  Result<Mapping> reserved = reserve_aligned(byte_length);
  if (!reserved.is_ok()) return mapping;  // alignment is a speed-up, not a need
  got = ::mmap(pointer_to(reserved.value().address()), byte_length, prot, flags | MAP_FIXED, fd, 0);
  if (got == MAP_FAILED) return map_error(byte_length);
  keep_out_of_core_dumps(reserved.value().address(), byte_length);
  return reserved.take();
}

Result<Mapping> Mapping::anonymous(uint64_t byte_length, Protection protection) {
  Result<Mapping> reserved = reserve_aligned(byte_length);
  if (!reserved.is_ok()) return reserved;
  void* start = pointer_to(reserved.value().address());
  if (::mprotect(start, byte_length, bits_of(protection)) != 0 || ::madvise(start, byte_length, MADV_DONTFORK) != 0) {
    return map_error(byte_length);
  }
  keep_out_of_core_dumps(reserved.value().address(), byte_length);
  return reserved;
}

Result<Mapping> Mapping::view(int fd, uint64_t byte_offset, uint64_t byte_length, bool writable) {
  const int prot = bits_of({writable, false});
  void* got = map_view(fd, byte_offset, byte_length, prot, MAP_SHARED);
  const bool is_sealed_on_old_kernel = got == MAP_FAILED && errno == EPERM && !writable;
  // Nobody can write there any more, so a private mapping shows the same pages and never copies one. It reserves
  // nothing in the pool of huge pages, because the pages that it shows exist already.
  if (is_sealed_on_old_kernel) got = map_view(fd, byte_offset, byte_length, prot, MAP_PRIVATE | MAP_NORESERVE);
  if (got == MAP_FAILED) return map_error(byte_length);
  keep_out_of_core_dumps(address_of(got), byte_length);
  return Mapping(address_of(got), byte_length);
}

Result<Mapping> Mapping::untouchable(int fd, uint64_t byte_length) {
  void* got = map_view(fd, 0, byte_length, PROT_NONE, MAP_SHARED);
  if (got == MAP_FAILED) return map_error(byte_length);
  Mapping mapping(address_of(got), byte_length);
  mapping.keep_from_children(0, byte_length);
  keep_out_of_core_dumps(mapping.address(), byte_length);
  return mapping;
}

Result<Mapping> Mapping::zeros(uint64_t byte_length) {
  void* got = map_zeros(nullptr, byte_length, 0);
  if (got == MAP_FAILED) return map_error(byte_length);
  return Mapping(address_of(got), byte_length);
}

Status Mapping::put_zeros(uint64_t byte_offset, uint64_t byte_length) {
  void* got = map_zeros(pointer_to(address_ + byte_offset), byte_length, MAP_FIXED);
  return got == MAP_FAILED ? map_error(byte_length) : Status();
}

Status Mapping::put_object(int fd, const Slice& slice) {
  if (slice.reserve) return put_reserved_object(fd, slice);
  const int sharing = slice.sharing == Sharing::kShared ? MAP_SHARED : MAP_PRIVATE;
  void* got = ::mmap(pointer_to(address_ + slice.byte_offset), slice.byte_length, bits_of(slice.protection),
                     sharing | MAP_NORESERVE | MAP_FIXED, fd, static_cast<off_t>(slice.object_offset));
  if (got == MAP_FAILED) return map_error(slice.byte_length);
  keep_out_of_core_dumps(address_of(got), slice.byte_length);
  if (slice.sharing == Sharing::kPrivate) keep_from_children(slice.byte_offset, slice.byte_length);
  return Status();
}

// A mapping in place that fails to reserve would already have removed the old mapping. So the new one is made
// elsewhere. It is first moved once more, to a spare place: before Linux 5.16 the kernel cannot move huge pages, and
// finds that out only after it has unmapped the target.
Status Mapping::put_reserved_object(int fd, const Slice& slice) {
  const int sharing = slice.sharing == Sharing::kShared ? MAP_SHARED : MAP_PRIVATE;
  void* got = ::mmap(nullptr, slice.byte_length, bits_of(slice.protection), sharing, fd,
                     static_cast<off_t>(slice.object_offset));
  if (got == MAP_FAILED) return reserve_error(slice.byte_length);
  Mapping made(address_of(got), slice.byte_length);
  keep_out_of_core_dumps(made.address(), made.byte_length());
  if (slice.sharing == Sharing::kPrivate) made.keep_from_children(0, made.byte_length());
  Result<Mapping> aside = reserve_aligned(slice.byte_length);
  if (!aside.is_ok()) return aside.status();
  Status status = move_over(made, aside.value().address());
  if (!status.is_ok()) return status;
  return move_over(aside.value(), address_ + slice.byte_offset);
}

Status Mapping::put_mapping(uint64_t byte_offset, Mapping other) { return move_over(other, address_ + byte_offset); }

void Mapping::keep_from_children(uint64_t byte_offset, uint64_t byte_length) {
  ::madvise(pointer_to(address_ + byte_offset), byte_length, MADV_DONTFORK);
}

Status Mapping::forbid_execution(uint64_t byte_offset, uint64_t byte_length) {
  if (::mprotect(pointer_to(address_ + byte_offset), byte_length, PROT_READ | PROT_WRITE) == 0) return Status();
  return os_error(errno, "mprotect", "could not take the right to execute away");
}

void Mapping::reset() {
  if (byte_length_ != 0) ::munmap(pointer_to(address_), std::exchange(byte_length_, 0));
  address_ = 0;
}

void forbid_access(uint64_t address, uint64_t byte_length) { ::mprotect(pointer_to(address), byte_length, PROT_NONE); }

void permit_access(uint64_t address, uint64_t byte_length) {
  ::mprotect(pointer_to(address), byte_length, PROT_READ | PROT_WRITE);
}

Status populate(uint64_t address, uint64_t byte_length, bool write) {
  const int advice = write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
  const int result = retry_on_eintr([&] { return ::madvise(pointer_to(address), byte_length, advice); });
  if (result == 0) return Status();
  if (errno == EINVAL) {  // before Linux 5.14
    touch_pages(address, byte_length, write);
    return Status();
  }
  return os_error(errno, "madvise", "could not bring in " + std::to_string(byte_length) + " bytes");
}

bool can_have_huge_pages() {
  static const bool can_have = read_whether_huge_pages_are_given();
  return can_have;
}

bool advise_huge_pages(uint64_t address, uint64_t byte_length) {
  return ::madvise(pointer_to(address), byte_length, MADV_HUGEPAGE) == 0;
}

}  // namespace vmoffer
