#include "engine/pager/holding.h"

#include "engine/sys/call.h"

namespace vmoffer {
namespace {

Status is_lent() {
  return Status(Code::kBusy,
                "another process shares this memory, or is just claiming it; try again when the other has released it");
}

}  // namespace

Holding::Holding(std::shared_ptr<MemoryObject> object, std::vector<UniqueFd> inherited, bool is_disowned)
    : object_(std::move(object)), inherited_(std::move(inherited)), is_sole_(is_disowned && inherited_.empty()) {}

Result<Loan> Holding::lend() {
  const std::lock_guard lock(mutex_);
  if (!exclusive_loan_.expired()) return is_lent();
  return Loan(shared_loans_);
}

Result<Loan> Holding::lend_exclusively() {
  const std::lock_guard lock(mutex_);
  if (!exclusive_loan_.expired() || shared_loans_.use_count() > 1) return is_lent();
  auto entry = std::make_shared<int>();
  exclusive_loan_ = entry;
  return Loan(std::move(entry));
}

void Holding::set_connection(UniqueFd connection) {
  const std::lock_guard lock(mutex_);
  connection_ = std::move(connection);
}

Result<std::vector<UniqueFd>> Holding::leases_to_pass_on() const {
  std::vector<UniqueFd> leases;
  const std::lock_guard lock(mutex_);
  if (is_sole_) return leases;
  for (const UniqueFd& lease : inherited_) {
    Result<UniqueFd> copy = duplicate(lease.get());
    if (!copy.is_ok()) return copy.status();
    leases.push_back(copy.take());
  }
  if (!connection_.is_open()) return leases;
  Result<UniqueFd> copy = duplicate(connection_.get());
  if (!copy.is_ok()) return copy.status();
  leases.push_back(copy.take());
  return leases;
}

}  // namespace vmoffer
