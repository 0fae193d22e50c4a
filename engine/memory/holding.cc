#include "engine/memory/holding.h"

#include "engine/sys/call.h"
#include "engine/sys/seqpacket.h"

namespace vmoffer {
namespace {

Status is_lent() {
  return Status(Code::kBusy,
                "another process shares this memory, or is just claiming it; try again when the other has released it");
}

}  // namespace

Holding::Holding(std::shared_ptr<MemoryObject> object, std::vector<ForeignFd> inherited, bool is_disowned)
    : object_(std::move(object)), inherited_(std::move(inherited)), is_sole_(is_disowned && inherited_.empty()) {}

Holding::~Holding() {
  if (!is_passed_on_) hang_up(connection_);
}

Result<Loan> Holding::lend() {
  const MutexLock lock(mutex_);
  if (!exclusive_loan_.expired()) return is_lent();
  return Loan(shared_loans_);
}

Result<Loan> Holding::lend_exclusively() {
  const MutexLock lock(mutex_);
  if (!exclusive_loan_.expired() || shared_loans_.use_count() > 1) return is_lent();
  auto entry = std::make_shared<int>();
  exclusive_loan_ = entry;
  return Loan(std::move(entry));
}

void Holding::set_connection(ForeignFd connection) {
  const MutexLock lock(mutex_);
  connection_ = std::move(connection);
}

size_t Holding::lease_count() const {
  const MutexLock lock(mutex_);
  return is_sole_ ? 0 : inherited_.size() + (connection_.is_open() ? 1 : 0);
}

Result<std::vector<ForeignFd>> Holding::leases_to_pass_on() const {
  std::vector<ForeignFd> leases;
  const MutexLock lock(mutex_);
  if (is_sole_) return leases;
  for (const ForeignFd& lease : inherited_) {
    Result<UniqueFd> copy = duplicate(lease.get());
    if (!copy.is_ok()) return copy.status();
    leases.emplace_back(copy.value().release());
  }
  if (!connection_.is_open()) return leases;
  Result<UniqueFd> copy = duplicate(connection_.get());
  if (!copy.is_ok()) return copy.status();
  leases.emplace_back(copy.value().release());
  is_passed_on_ = true;
  return leases;
}

}  // namespace vmoffer
