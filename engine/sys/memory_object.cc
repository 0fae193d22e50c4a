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
#include <chrono>
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

// Before Linux 6.3 the call fails with EINVAL with MFD_NOEXEC_SEAL. Under vm.memfd_noexec=2 it fails without it. The
// flag does not stand in the way of PROT_EXEC.
int create_memfd(unsigned int extra_flags) {
  const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | extra_flags;
  const int fd = ::memfd_create("vmoffer", flags | MFD_NOEXEC_SEAL);
  if (fd >= 0 || errno != EINVAL) return fd;
  return ::memfd_create("vmoffer", flags);
}

// The flags name the size, because the default size of the pools may be another one.
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

// Seals belong to files of tmpfs and hugetlbfs alone. A file of hugetlbfs has blocks of a huge page; one of tmpfs may
// have them, too, if the system is told to use huge pages wherever it can.
bool is_on_shared_memory(int fd, const struct stat& attributes, bool* is_hugetlb) {
  if (static_cast<uint64_t>(attributes.st_blksize) == page_bytes()) return true;
  struct statfs file_system;
  if (::fstatfs(fd, &file_system) != 0) return false;
  const auto type = static_cast<uint32_t>(file_system.f_type);
  *is_hugetlb = type == static_cast<uint32_t>(HUGETLBFS_MAGIC);
  return *is_hugetlb || type == static_cast<uint32_t>(TMPFS_MAGIC);
}

// Readable for everybody, writable for nobody. The kernel gives S_ISVTX no meaning on a regular file.
constexpr mode_t kMode = 0444;
constexpr mode_t kSaysHugePages = S_ISVTX;

// Beyond the limit of file sizes the kernel sends SIGXFSZ. Node ignores that; it ends a program that does not.
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

// How many pages are in memory or in swap. The cost is proportional to the range, and it takes no lock that another
// process could hold. Works from Linux 6.5 on, for memory that this user might write.
MemoryObject::Presence presence_of(int fd, uint64_t byte_offset, uint64_t byte_length) {
  CachestatRange range = {byte_offset, byte_length};
  Cachestat found = {};
  if (::syscall(SYS_cachestat, fd, &range, &found, 0) != 0) return {};
  return {true, found.present + found.evicted};
}

bool is_wholly_in_cache(int fd, uint64_t byte_offset, uint64_t byte_length) {
  Result<Mapping> view = Mapping::view(fd, byte_offset, byte_length, /*writable=*/false);
  return view.is_ok() && is_wholly_cached(view.value().address(), byte_length);
}

// REQUIRES: there is data, and presence_of() knows.
uint64_t first_present(int fd, uint64_t from, uint64_t end) {
  while (end - from > page_bytes()) {
    const uint64_t middle = from + (end - from) / page_bytes() / 2 * page_bytes();
    const bool is_before = presence_of(fd, from, middle - from).pages > 0;
    (is_before ? end : from) = middle;
  }
  return from;
}

// REQUIRES: some page is missing, and presence_of() knows.
uint64_t end_of_present(int fd, uint64_t from, uint64_t end) {
  while (end - from > page_bytes()) {
    const uint64_t middle = from + (end - from) / page_bytes() / 2 * page_bytes();
    const bool is_first_half_whole = presence_of(fd, from, middle - from).pages >= (middle - from) / page_bytes();
    (is_first_half_whole ? from : end) = middle;
  }
  return from;
}

// True if no page of the object is a hole. Asks no more than the object's size costs to read.
bool has_every_page(int fd, uint64_t byte_length) {
  struct stat attributes;
  constexpr uint64_t kBlockBytes = 512;
  return ::fstat(fd, &attributes) == 0 && static_cast<uint64_t>(attributes.st_blocks) * kBlockBytes == byte_length;
}

// The kernel itself waits up to 300 ms for pinned pages.
constexpr std::chrono::milliseconds kPatienceWithSeal{1000};

bool has_seal(int fd, int seal) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & seal) != 0;
}

}  // namespace

ObjectFacts inspect_object(int fd) {
  ObjectFacts facts;
  // This comes first: it succeeds for shared memory only, and asks no file system, which might never answer.
  const int seals = ::fcntl(fd, F_GET_SEALS);
  struct stat attributes;
  if (seals < 0 || ::fstat(fd, &attributes) != 0 || !S_ISREG(attributes.st_mode)) return facts;
  facts.is_memory = is_on_shared_memory(fd, attributes, &facts.is_hugetlb);
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
  return std::make_shared<MemoryObject>(std::move(fd), facts);
}

std::shared_ptr<MemoryObject> MemoryObject::adopt(UniqueFd fd, const ObjectFacts& facts) {
  auto object = std::make_shared<MemoryObject>(std::move(fd), facts);
  object->is_writable_elsewhere_ = true;
  return object;
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

Result<UniqueFd> MemoryObject::descriptor() const {
  if (is_writable_) is_writable_elsewhere_ = true;
  return duplicate(fd_.get());
}

std::optional<CallResult> MemoryObject::call(std::chrono::milliseconds patience, std::function<long(int)> what) const {
  if (may_be_held_up()) return call_within(patience, fd_.get(), std::move(what));
  const long value = what(fd_.get());
  return CallResult{value, errno};
}

// Returns `if_held_up` if another process holds the call up.
off_t MemoryObject::seek(uint64_t from, int whence, uint64_t if_held_up) const {
  const auto found =
      call(kPatienceWithStrangers, [=](int fd) -> long { return ::lseek(fd, static_cast<off_t>(from), whence); });
  return found ? static_cast<off_t>(found->value) : static_cast<off_t>(if_held_up);
}

uint64_t MemoryObject::start_of_data(uint64_t from, uint64_t end, Presence presence) const {
  if (!presence.is_known) {
    const off_t data = seek(from, SEEK_DATA, from);
    return data < 0 ? end : static_cast<uint64_t>(data);
  }
  if (presence.pages == 0) return end;
  return presence.pages >= (end - from) / page_bytes() ? from : first_present(fd_.get(), from, end);
}

uint64_t MemoryObject::end_of_data(uint64_t from, uint64_t end, Presence presence) const {
  if (presence.is_known) {
    return presence.pages >= (end - from) / page_bytes() ? end : end_of_present(fd_.get(), from, end);
  }
  // SEEK_HOLE walks page by page to the end of the data, however far beyond `end` that is.
  if (is_wholly_in_cache(fd_.get(), from, end - from)) return end;
  const off_t hole = seek(from, SEEK_HOLE, end);
  return hole < 0 ? end : std::min(static_cast<uint64_t>(hole), end);
}

MemoryObject::ContentRun MemoryObject::next_run(uint64_t from, uint64_t end) const {
  // A huge page may reach beyond the end of its object, and hides a hole from this count.
  const bool is_small = !is_hugetlb_ && !says_huge_pages_;
  if (is_small && has_every_page(fd_.get(), byte_length_)) {
    checkpoint("object.data");
    return {{from, end - from}, Content::kBytes};
  }
  for (;;) {
    const Presence presence = presence_of(fd_.get(), from, end - from);
    const uint64_t first = std::min(start_of_data(from, end, presence), end);
    if (first > from) return {{from, first - from}, content_of_holes()};
    checkpoint("object.data");
    const uint64_t stop = end_of_data(from, end, presence);
    if (stop > from) return {{from, stop - from}, Content::kBytes};
    // Another thread or process has punched a hole there since.
  }
}

bool MemoryObject::punch_hole(uint64_t byte_offset, uint64_t byte_length) const {
  if (!may_be_held_up()) return punch_hole_now(fd_.get(), byte_offset, byte_length);
  return puncher_->punch(fd_.get(), {byte_offset / page_bytes(), byte_length / page_bytes()});
}

bool MemoryObject::is_sealed_against_writing() const { return has_seal(fd_.get(), F_SEAL_WRITE); }

bool MemoryObject::seal_against_writing() const {
  if (resists_sealing_ || has_seal(fd_.get(), F_SEAL_SEAL)) return has_seal(fd_.get(), F_SEAL_WRITE);
  const auto sealed = call(kPatienceWithSeal, [](int fd) -> long { return ::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE); });
  if (sealed && sealed->value == 0) return true;
  if (!sealed || sealed->error_number == EBUSY) resists_sealing_ = true;
  return false;
}

Status MemoryObject::forbid_further_seals() const {
  if (has_seal(fd_.get(), F_SEAL_SEAL)) return Status();
  const auto sealed =
      call(kPatienceWithStrangers, [](int fd) -> long { return ::fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL); });
  // EPERM: another thread or process has just done so.
  if (sealed && (sealed->value == 0 || sealed->error_number == EPERM)) return Status();
  return os_error(sealed ? sealed->error_number : EBUSY, "fcntl",
                  "could not protect a memory object against further seals");
}

}  // namespace vmoffer
