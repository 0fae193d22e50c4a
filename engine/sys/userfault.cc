#include "engine/sys/userfault.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "engine/base/denial.h"
#include "engine/sys/call.h"
#include "engine/sys/page_table.h"
#include "engine/sys/userfault_abi.h"
#include "engine/sys/userfault_descriptor.h"

namespace vmoffer {
namespace {

constexpr uint64_t kWriteProtectSharedMemory = uint64_t{1} << 12;  // UFFD_FEATURE_WP_HUGETLBFS_SHMEM, Linux 5.19
constexpr uint64_t kNeededFeatures = UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_MINOR_SHMEM;
// A fault names its thread, and the byte that was touched instead of its page; and the huge page pool has faults, too.
constexpr uint64_t kUsefulFeatures =
    UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_EXACT_ADDRESS | UFFD_FEATURE_MISSING_HUGETLBFS | UFFD_FEATURE_MINOR_HUGETLBFS;

UniqueFd open_with(UserFault::Reach reach) {
  return open_userfault(O_CLOEXEC | (reach == UserFault::Reach::kUserOnly ? UFFD_USER_MODE_ONLY : 0));
}

Status agree_on_features(int fd, uint64_t features, uint64_t* offered) {
  uffdio_api api = {};
  api.api = UFFD_API;
  api.features = features;
  if (::ioctl(fd, UFFDIO_API, &api) != 0) {
    return os_error(errno, "ioctl(UFFDIO_API)", "this kernel's userfaultfd has no minor faults on shared memory");
  }
  if (offered != nullptr) *offered = api.features;
  return Status();
}

Result<UniqueFd> open_checked(UserFault::Reach reach) {
  UniqueFd fd = open_with(reach);
  if (fd.is_open()) return fd;
  const bool is_unknown = errno == ENOSYS || errno == EINVAL;
  const std::string what = is_unknown ? "this kernel lets no process handle page faults like that"
                                      : "this process may not handle page faults";
  return os_error(errno, "userfaultfd", what + "; run 'vmoffer doctor' for the cause");
}

// EAGAIN: the address space was changing during the call.
template <typename Function>
int retry_on_eagain(Function function) {
  int result = function();
  while (result != 0 && errno == EAGAIN) result = function();
  return result;
}

// REQUIRES: called right after the ioctl, whose errno it reads.
CopyProgress progress_of(int result, int64_t bytes, uint64_t byte_length) {
  const int error_number = result == 0 ? 0 : errno;
  if (result == 0) return {CopyOutcome::kDone, byte_length, 0};
  return {classify_copy(result, error_number, bytes), bytes > 0 ? static_cast<uint64_t>(bytes) : 0, error_number};
}

Fault decode(const uffd_msg& message) {
  const auto& fault = message.arg.pagefault;
  return Fault{fault.address, (fault.flags & UFFD_PAGEFAULT_FLAG_MINOR) != 0,
               (fault.flags & UFFD_PAGEFAULT_FLAG_WRITE) != 0, fault.feat.ptid};
}

}  // namespace

std::optional<uint64_t> userfault_features() {
  // A descriptor answers once what the kernel offers, and is of no use afterwards.
  for (const auto reach : {UserFault::Reach::kUserAndKernel, UserFault::Reach::kUserOnly}) {
    const UniqueFd fd = open_with(reach);
    uint64_t offered = 0;
    if (!fd.is_open()) continue;
    [[maybe_unused]] const Status agreed = agree_on_features(fd.get(), 0, &offered);
    return offered;
  }
  return std::nullopt;
}

UserfaultAnswers ask_userfault(UserFault::Reach reach) {
  const auto refusal_of = [](UserFault::Reach wanted) {
    const UniqueFd fd = open_with(wanted);
    return fd.is_open() ? 0 : errno;
  };
  return {refusal_of(reach), refusal_of(UserFault::Reach::kUserOnly), reach == UserFault::Reach::kUserAndKernel,
          userfault_features(), kNeededFeatures};
}

Result<UserFault> UserFault::open(Reach reach) {
  Result<UniqueFd> fd = open_checked(reach);
  if (!fd.is_ok()) return fd.status();
  const uint64_t useful = userfault_features().value_or(0) & kUsefulFeatures;
  Status status = agree_on_features(fd.value().get(), kNeededFeatures | useful, nullptr);
  if (!status.is_ok()) return status;
  return UserFault(fd.take());
}

Result<WriteGuard> WriteGuard::open() {
  Result<UniqueFd> fd = open_checked(UserFault::Reach::kUserAndKernel);
  if (!fd.is_ok()) fd = open_checked(UserFault::Reach::kUserOnly);
  if (!fd.is_ok()) return fd.status();
  Status status =
      agree_on_features(fd.value().get(), UFFD_FEATURE_PAGEFAULT_FLAG_WP | kWriteProtectSharedMemory, nullptr);
  if (!status.is_ok()) return status;
  return WriteGuard(fd.take());
}

Status WriteGuard::hold(uint64_t address, uint64_t byte_length) const {
  uffdio_register request = {};
  request.range = {address, byte_length};
  request.mode = UFFDIO_REGISTER_MODE_WP;
  if (::ioctl(fd_.get(), UFFDIO_REGISTER, &request) != 0) {
    return os_error(errno, "ioctl(UFFDIO_REGISTER)", "could not register a range for write faults");
  }
  uffdio_writeprotect protect = {};
  protect.range = {address, byte_length};
  protect.mode = UFFDIO_WRITEPROTECT_MODE_WP;
  if (retry_on_eagain([&] { return ::ioctl(fd_.get(), UFFDIO_WRITEPROTECT, &protect); }) == 0) return Status();
  Status status = os_error(errno, "ioctl(UFFDIO_WRITEPROTECT)", "could not hold up writers");
  lift(address, byte_length);
  return status;
}

void WriteGuard::lift(uint64_t address, uint64_t byte_length) const {
  uffdio_range range = {address, byte_length};
  // Unregistering removes the protection, too. A range that was mapped anew has neither.
  ::ioctl(fd_.get(), UFFDIO_UNREGISTER, &range);
  ::ioctl(fd_.get(), UFFDIO_WAKE, &range);
}

Status UserFault::add_range(uint64_t address, uint64_t byte_length, Kind kind) const {
  uffdio_register request = {};
  request.range = {address, byte_length};
  // Anonymous memory has no minor faults.
  request.mode = UFFDIO_REGISTER_MODE_MISSING | (kind == Kind::kMapped ? UFFDIO_REGISTER_MODE_MINOR : 0);
  if (::ioctl(fd_.get(), UFFDIO_REGISTER, &request) == 0) return Status();
  return os_error(errno, "ioctl(UFFDIO_REGISTER)", "could not register a range for page faults");
}

bool UserFault::remove_range(uint64_t address, uint64_t byte_length) const {
  uffdio_range range = {address, byte_length};
  return ::ioctl(fd_.get(), UFFDIO_UNREGISTER, &range) == 0;
}

CopyProgress UserFault::install(uint64_t address, uint64_t byte_length) const {
  if (is_denied("UFFDIO_CONTINUE")) return {CopyOutcome::kFailed, 0, ENOMEM};
  uffdio_continue request = {};
  request.range = {address, byte_length};
  const int result = ::ioctl(fd_.get(), UFFDIO_CONTINUE, &request);
  return progress_of(result, static_cast<int64_t>(request.mapped), byte_length);
}

CopyProgress UserFault::install_zeros(uint64_t address, uint64_t byte_length) const {
  uffdio_zeropage request = {};
  request.range = {address, byte_length};
  const int result = ::ioctl(fd_.get(), UFFDIO_ZEROPAGE, &request);
  return progress_of(result, request.zeropage, byte_length);
}

CopyProgress UserFault::install_copy(uint64_t address, uint64_t source, uint64_t byte_length) const {
  if (is_denied("UFFDIO_COPY")) return {CopyOutcome::kFailed, 0, ENOMEM};
  uffdio_copy request = {};
  request.dst = address;
  request.src = source;
  request.len = byte_length;
  const int result = ::ioctl(fd_.get(), UFFDIO_COPY, &request);
  return progress_of(result, request.copy, byte_length);
}

CopyProgress UserFault::install_move(uint64_t address, uint64_t source, uint64_t byte_length) const {
  if (is_denied("UFFDIO_MOVE")) return {CopyOutcome::kGone, 0, EINVAL};
  uffdio_move request = {};
  request.dst = address;
  request.src = source;
  request.len = byte_length;
  const int result = ::ioctl(fd_.get(), UFFDIO_MOVE, &request);
  return progress_of(result, request.move, byte_length);
}

bool UserFault::poison(uint64_t address, uint64_t byte_length) const {
  if (is_denied("UFFDIO_POISON")) return false;
  for (uint64_t done = 0; done < byte_length;) {
    uffdio_poison request = {};
    request.range = {address + done, byte_length - done};
    if (::ioctl(fd_.get(), UFFDIO_POISON, &request) == 0) break;
    const CopyProgress progress = progress_of(-1, request.updated, byte_length - done);
    done += progress.bytes;
    if (progress.outcome == CopyOutcome::kAlreadyThere) done += page_bytes();
    if (progress.outcome == CopyOutcome::kGone || progress.outcome == CopyOutcome::kFailed) return false;
  }
  return true;
}

void UserFault::wake(uint64_t address, uint64_t byte_length) const {
  uffdio_range range = {address, byte_length};
  ::ioctl(fd_.get(), UFFDIO_WAKE, &range);
}

bool UserFault::wait_for_faults(std::vector<Fault>& faults) const {
  std::array<uffd_msg, 16> messages;
  const ssize_t got = retry_on_eintr([&] { return ::read(fd_.get(), messages.data(), sizeof messages); });
  if (got < 0) return false;
  faults.clear();
  const size_t count = static_cast<size_t>(got) / sizeof(uffd_msg);
  for (size_t i = 0; i < count; ++i) {
    if (messages[i].event == UFFD_EVENT_PAGEFAULT) faults.push_back(decode(messages[i]));
  }
  return true;
}

}  // namespace vmoffer
