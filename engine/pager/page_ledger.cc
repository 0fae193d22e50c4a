#include "engine/pager/page_ledger.h"

#include <algorithm>

namespace vmoffer {

bool PageLedger::is_any_on_its_way(PageRange pages) const {
  return std::any_of(flights_.begin(), flights_.end(),
                     [&](const Flight& flight) { return !intersect(flight.pages, pages).is_empty(); });
}

void PageLedger::end_answer() {
  is_answering_ = false;
  ++counts_.faults;
  changed_.notify_all();
}

void PageLedger::await_arrival(PageRange pages) {
  while (is_any_on_its_way(pages)) changed_.wait(mutex_);
}

void PageLedger::await_arrivals() {
  while (!flights_.empty()) changed_.wait(mutex_);
}

void PageLedger::await_what_has_begun() {
  const uint64_t faults = counts_.faults;
  const uint64_t last = last_flight_;
  while (is_still_under_way(faults, last)) changed_.wait(mutex_);
}

// What had been begun when so many faults were answered and that was the last flight.
bool PageLedger::is_still_under_way(uint64_t faults, uint64_t last_flight) const {
  const bool is_answered = !is_answering_ || counts_.faults != faults;
  const bool has_arrived = flights_.empty() || flights_.front().number > last_flight;
  return !is_answered || !has_arrived;
}

}  // namespace vmoffer
