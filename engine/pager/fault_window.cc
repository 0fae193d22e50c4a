#include "engine/pager/fault_window.h"

#include <algorithm>

namespace vmoffer {
namespace {

bool goes_on_upwards(PageRange last, uint64_t page) {
  return page >= last.end() && page < last.end() + FaultWindow::kBlockPages;
}

bool goes_on_downwards(PageRange last, uint64_t page) {
  return page < last.first && page + FaultWindow::kBlockPages >= last.first;
}

}  // namespace

PageRange FaultWindow::clip(uint64_t first, uint64_t end) const {
  return PageRange{first, std::min(end, page_count_) - first};
}

WindowPlan FaultWindow::continue_stream(Stream& stream, uint64_t page, bool upwards) {
  const uint64_t count = std::min(stream.last.count * 2, kMaxWindowPages);
  if (upwards) {
    stream.last = clip(stream.last.end(), std::max(stream.last.end() + count, page + 1));
  } else {
    const uint64_t first = std::min(page, stream.last.first - std::min(stream.last.first, count));
    stream.last = PageRange{first, stream.last.first - first};
  }
  stream.used_at = ++clock_;
  return {stream.last, true};
}

WindowPlan FaultWindow::begin_stream(uint64_t page) {
  const auto by_use = [](const Stream& a, const Stream& b) { return a.used_at < b.used_at; };
  Stream& stream = *std::min_element(streams_.begin(), streams_.end(), by_use);
  const uint64_t first = page - page % kBlockPages;
  stream = {clip(first, first + kBlockPages), ++clock_};
  return {stream.last, false};
}

WindowPlan FaultWindow::plan(uint64_t page) {
  for (Stream& stream : streams_) {
    if (stream.used_at == 0) continue;
    if (goes_on_upwards(stream.last, page)) return continue_stream(stream, page, true);
    if (goes_on_downwards(stream.last, page)) return continue_stream(stream, page, false);
  }
  return begin_stream(page);
}

}  // namespace vmoffer
