#include "engine/sys/processors.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <string_view>

#include "engine/base/text.h"
#include "engine/sys/once_per_tick.h"
#include "engine/sys/text_file.h"
#include "engine/sys/thread_cpu.h"
#include "engine/sys/wakeup.h"

namespace vmoffer {
namespace {

constexpr double kNoQuota = std::numeric_limits<double>::infinity();

// Of what cpu.max says: how many microseconds of each period, or `max`.
double quota_in(const std::string& text) {
  std::string_view rest = text;
  const std::optional<uint64_t> used = take_number(rest);
  const std::optional<uint64_t> period = take_number(rest);
  return used && period && *period > 0 ? static_cast<double>(*used) / static_cast<double>(*period) : kNoQuota;
}

double own_quota() {
  return processor_quota([](const std::string& path) { return read_text_file(path).value_or(""); });
}

bool may_run_on_two_cores() {
  thread_local OncePerTick<bool> known;
  return known.get([] {
    cpu_set_t set;
    CPU_ZERO(&set);
    return ::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 1;
  });
}

bool has_second_processor() {
  static const double quota = own_quota();
  return quota >= 2 && may_run_on_two_cores();
}

// The quickest of several, because another thread may have the core meanwhile.
LookBudget::Time::duration measure_round() {
  constexpr int kRounds = 16;
  auto quickest = LookBudget::Time::duration::max();
  for (int i = 0; i < kRounds; ++i) {
    const auto began = std::chrono::steady_clock::now();
    wait_readable(-1, 0);
    give_way();
    quickest = std::min(quickest, std::chrono::steady_clock::now() - began);
  }
  return quickest;
}

}  // namespace

double processor_quota(const std::function<std::string(const std::string& path)>& read) {
  const std::string groups = read("/proc/self/cgroup");
  std::string folder(find_line(groups, "0::").value_or(""));
  if (folder == "/") folder.clear();
  double least = quota_in(read("/sys/fs/cgroup/cpu.max"));
  while (!folder.empty()) {
    least = std::min(least, quota_in(read("/sys/fs/cgroup" + folder + "/cpu.max")));
    folder.erase(std::min(folder.rfind('/'), folder.size() - 1));
  }
  return least;
}

bool may_look(const LookBudget& budget) { return budget.is_look_worthwhile() && has_second_processor(); }

LookBudget new_look_budget() {
  static YieldAllowance allowance;
  static const LookBudget::Time::duration round = measure_round();
  return LookBudget(allowance, round);
}

bool goes_on_looking(LookBudget& budget) {
  if (!budget.goes_on(std::chrono::steady_clock::now())) return false;
  if (budget.gives_way()) give_way();
  return true;
}

}  // namespace vmoffer
