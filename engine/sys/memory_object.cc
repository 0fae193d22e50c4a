#include "engine/sys/memory_object.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <string>

#include "engine/base/checkpoint.h"
#include "engine/sys/call.h"
#include "engine/sys/huge_page_size.h"
#include "engine/sys/mapping.h"
#include "engine/sys/page_table.h"

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef HUGETLBFS_MAGIC
#define HUGETLBFS_MAGIC 0x958458f6
#endif

namespace vmoffer {
namespace {

// MFD_NOEXEC_SEAL is EINVAL before Linux 6.3; without it, EINVAL under vm.memfd_noexec=2. It does not hinder PROT_EXEC.
int create_memfd(unsigned int extra_flags) {
  const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | extra_flags;
  const int fd = ::memfd_create("vmoffer", flags | MFD_NOEXEC_SEAL);
  if (fd >= 0 || errno != EINVAL) return fd;
  return ::memfd_create("vmoffer", flags);
}

// Names the size, whatever the default of the pools is.
unsigned int huge_page_flags() {
  const auto order = static_cast<unsigned int>(std::countr_zero(huge_page_bytes()));
  return MFD_HUGETLB | (order << MFD_HUGE_SHIFT);
}

ObjectAccess access_of(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH)) return ObjectAccess::kNone;
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return ObjectAccess::kReadOnly;
    case O_RDWR:
      return ObjectAccess::kReadWrite;
    default:
      return ObjectAccess::kNone;
  }
}

bool is_on_shared_memory(int fd, bool* is_hugetlb) {
  struct statfs file_system;
  if (::fstatfs(fd, &file_system) != 0) return false;
  const auto type = static_cast<uint32_t>(file_system.f_type);
  *is_hugetlb = type == static_cast<uint32_t>(HUGETLBFS_MAGIC);
  return *is_hugetlb || type == static_cast<uint32_t>(TMPFS_MAGIC);
}

// For everybody, and to read. On a file the other bit means nothing to the kernel.
constexpr mode_t kMode = 0444;
constexpr mode_t kSaysHugePages = S_ISVTX;

// Beyond the limit of file sizes the kernel sends SIGXFSZ, which ends a program that does not ignore it, as Node does.
int set_size(int fd, uint64_t byte_length) {
  rlimit limit;
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || byte_length <= limit.rlim_cur) {
    return ::ftruncate(fd, static_cast<off_t>(byte_length));
  }
  errno = EFBIG;
  return -1;
}

Status set_up(int fd, uint64_t byte_length) {
  if (set_size(fd, byte_length) != 0) {
    return os_error(errno, "ftruncate", "could not size a memory object of " + std::to_string(byte_length) + " bytes",
                    Code::kNoMemory);
  }
  if (::fchmod(fd, kMode) != 0) return os_error(errno, "fchmod", "could not protect a memory object");
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    return os_error(errno, "fcntl", "could not seal the size of a memory object");
  }
  return Status();
}

// From include/uapi/linux/mman.h.
struct CachestatRange {
  uint64_t offset;
  uint64_t length;
};
struct Cachestat {
  uint64_t present;
  uint64_t dirty;
  uint64_t writeback;
  uint64_t evicted;
  uint64_t recently_evicted;
};

// Costs no more than the range is long. False when some of it is a hole or swapped out, or when that cannot be told.
bool is_wholly_present(int fd, uint64_t byte_offset, uint64_t byte_length) {
  CachestatRange range = {byte_offset, byte_length};
  Cachestat found = {};
  if (::syscall(SYS_cachestat, fd, &range, &found, 0) == 0) return found.present == byte_length / page_bytes();
  if (errno != ENOSYS) return false;
  // Before Linux 6.5.
  Result<Mapping> view = Mapping::view(fd, byte_offset, byte_length, /*writable=*/false);
  return view.is_ok() && is_wholly_cached(view.value().address(), byte_length);
}

}  // namespace

ObjectFacts inspect_object(int fd) {
  ObjectFacts facts;
  // First: it answers for shared memory alone, and without asking any file system, which may take its time.
  const int seals = ::fcntl(fd, F_GET_SEALS);
  struct stat attributes;
  if (seals < 0 || ::fstat(fd, &attributes) != 0 || !S_ISREG(attributes.st_mode)) return facts;
  facts.is_memory = is_on_shared_memory(fd, &facts.is_hugetlb);
  if (!facts.is_memory) return facts;
  facts.says_huge_pages = attributes.st_mode & kSaysHugePages;
  facts.sealed_shrink = seals & F_SEAL_SHRINK;
  facts.sealed_grow = seals & F_SEAL_GROW;
  facts.sealed_write = seals & F_SEAL_WRITE;
  facts.sealed_future_write = seals & F_SEAL_FUTURE_WRITE;
  facts.access = access_of(fd);
  facts.byte_length = static_cast<uint64_t>(attributes.st_size);
  return facts;
}

Result<std::shared_ptr<MemoryObject>> MemoryObject::create(uint64_t byte_length, bool hugetlb) {
  UniqueFd fd(create_memfd(hugetlb ? huge_page_flags() : 0));
  if (!fd.is_open()) return os_error(errno, "memfd_create", "could not make a memory object");
  Status status = set_up(fd.get(), byte_length);
  if (!status.is_ok()) return status;
  ObjectFacts facts;
  facts.is_hugetlb = hugetlb;
  facts.access = ObjectAccess::kReadWrite;
  facts.byte_length = byte_length;
  return adopt(std::move(fd), facts);
}

std::shared_ptr<MemoryObject> MemoryObject::adopt(UniqueFd fd, const ObjectFacts& facts) {
  return std::make_shared<MemoryObject>(std::move(fd), facts);
}

void MemoryObject::say_huge_pages() const { ::fchmod(fd_.get(), kMode | kSaysHugePages); }

Result<UniqueFd> MemoryObject::read_only_descriptor() const {
  if (!is_writable_) return descriptor();
  const std::string path = "/proc/self/fd/" + std::to_string(fd_.get());
  UniqueFd fd(retry_on_eintr([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!fd.is_open()) {
    return os_error(errno, "open", "could not open a memory object read-only through /proc (is it mounted?)");
  }
  return fd;
}

Result<UniqueFd> MemoryObject::descriptor() const { return duplicate(fd_.get()); }

MemoryObject::Piece MemoryObject::next_piece(uint64_t from, uint64_t end) const {
  for (;;) {
    const off_t data = ::lseek(fd_.get(), static_cast<off_t>(from), SEEK_DATA);
    const uint64_t first = data < 0 ? end : std::min(static_cast<uint64_t>(data), end);
    if (first > from) return {{from, first - from}, content_of_holes()};
    checkpoint("object.data");
    // SEEK_HOLE goes page by page to where the data ends, however far beyond `end` that is.
    if (is_wholly_present(fd_.get(), from, end - from)) return {{from, end - from}, Content::kBytes};
    const off_t hole = ::lseek(fd_.get(), data, SEEK_HOLE);
    const uint64_t stop = hole < 0 ? end : std::min(static_cast<uint64_t>(hole), end);
    if (stop > from) return {{from, stop - from}, Content::kBytes};
    // Somebody has punched a hole there since.
  }
}

bool MemoryObject::punch_hole(uint64_t byte_offset, uint64_t byte_length) const {
  const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  const auto offset = static_cast<off_t>(byte_offset);
  const auto length = static_cast<off_t>(byte_length);
  return retry_on_eintr([&] { return ::fallocate(fd_.get(), mode, offset, length); }) == 0;
}

bool MemoryObject::seal_against_writing() const {
  if (resists_sealing_) return false;
  if (::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_WRITE) == 0) return true;
  if (errno == EBUSY) resists_sealing_ = true;
  return false;
}

Status MemoryObject::forbid_further_seals() const {
  if (::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_SEAL) == 0 || errno == EPERM) return Status();  // EPERM: sealed already
  return os_error(errno, "fcntl", "could not protect a memory object against further seals");
}

}  // namespace vmoffer
