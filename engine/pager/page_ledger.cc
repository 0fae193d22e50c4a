#include "engine/pager/page_ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vmoffer {

bool PageLedger::is_any_on_its_way(PageRange pages) const {
  return std::any_of(flights_.begin(), flights_.end(),
                     [&](const Flight& flight) { return !intersect(flight.pages, pages).is_empty(); });
}

void PageLedger::ask_for(AskedPages asked) {
  present_.add(asked.pages);
  asked_.emplace(asked.pages.first, std::move(asked));
}

// Returns the first request for any of these pages.
PageLedger::Asked::const_iterator PageLedger::find_asked(PageRange pages) const {
  auto at = asked_.upper_bound(pages.first);
  if (at != asked_.begin() && std::prev(at)->second.pages.end() > pages.first) return std::prev(at);
  return at != asked_.end() && at->first < pages.end() ? at : asked_.end();
}

void PageLedger::set_absent(PageRange pages) {
  present_.remove(pages);
  for (auto at = find_asked(pages); at != asked_.end() && at->first < pages.end(); ++at) present_.add(at->second.pages);
}

bool PageLedger::is_asked_for(uint64_t page) const { return find_asked({page, 1}) != asked_.end(); }

bool PageLedger::join(WaitingTouch touch) {
  const auto found = find_asked({touch.page, 1});
  if (found == asked_.end()) return false;
  asked_.at(found->first).waiting.push_back(touch);
  return true;
}

std::optional<AskedPages> PageLedger::take_asked(const PageRequest& request, uint64_t first_page) {
  const auto found = asked_.find(first_page);
  if (found == asked_.end() || found->second.request.get() != &request) return std::nullopt;
  AskedPages taken = std::move(found->second);
  asked_.erase(found);
  present_.remove(taken.pages);
  changed_.notify_all();
  return taken;
}

std::vector<std::shared_ptr<PageRequest>> PageLedger::take_requests() {
  std::vector<std::shared_ptr<PageRequest>> requests;
  for (auto& [first, asked] : asked_) requests.push_back(std::move(asked.request));
  asked_.clear();
  return requests;
}

void PageLedger::close() {
  is_closed_ = true;
  changed_.notify_all();
}

void PageLedger::await_requests(PageRange pages) {
  if (find_asked(pages) == asked_.end()) return;
  while (!is_closed_ && find_asked(pages) != asked_.end()) changed_.wait(mutex_);
  await_arrival(pages);
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

// Whether some work is still under way that had begun when `faults` faults were counted and `last_flight` was the
// latest.
bool PageLedger::is_still_under_way(uint64_t faults, uint64_t last_flight) const {
  const bool is_answered = !is_answering_ || counts_.faults != faults;
  const bool has_arrived = flights_.empty() || flights_.front().number > last_flight;
  return !is_answered || !has_arrived;
}

}  // namespace vmoffer
