#include "engine/sys/memory_room.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/denial.h"
#include "engine/base/text.h"
#include "engine/base/units.h"
#include "engine/sys/text_file.h"

namespace vmoffer {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{20};
constexpr uint64_t kReserveOfMachine = 256 * kMiB;
constexpr uint64_t kReserveOfCgroup = 64 * kMiB;
// In percent: the share of the last ten seconds in which some thread has waited for memory.
constexpr uint64_t kPressure = 10;
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// A memory cgroup's limit and usage; a parent's limit holds as well.
struct CgroupFiles {
  std::string limit;
  std::string usage;
};

void add_cgroup(std::vector<CgroupFiles>& files, const std::string& mount, std::string path, bool is_version_2) {
  for (;;) {
    const std::string folder = mount + path;
    files.push_back(is_version_2 ? CgroupFiles{folder + "/memory.max", folder + "/memory.current"}
                                 : CgroupFiles{folder + "/memory.limit_in_bytes", folder + "/memory.usage_in_bytes"});
    if (path.empty()) return;
    path.resize(path.rfind('/'));
  }
}

// Lines of /proc/self/cgroup: number:controllers:path, without controllers in version 2.
std::vector<CgroupFiles> find_cgroups() {
  std::vector<CgroupFiles> files;
  const std::string table = read_text_file("/proc/self/cgroup").value_or("");
  std::string_view rest = table;
  while (const std::optional<std::string_view> line = take_line(rest)) {
    const size_t first = line->find(':');
    const size_t second = first == std::string_view::npos ? first : line->find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line->substr(first + 1, second - first - 1);
    std::string path(line->substr(second + 1));
    if (path == "/") path.clear();
    if (controllers.empty()) add_cgroup(files, "/sys/fs/cgroup", path, true);
    if (controllers == "memory") add_cgroup(files, "/sys/fs/cgroup/memory", path, false);
  }
  return files;
}

uint64_t left_in_cgroups() {
  static const auto* const cgroups = new std::vector<CgroupFiles>(find_cgroups());
  uint64_t left = kNoLimit;
  for (const CgroupFiles& cgroup : *cgroups) {
    const std::optional<uint64_t> limit = read_number_file(cgroup.limit);  // nothing if it is 'max'
    const std::optional<uint64_t> usage = limit ? read_number_file(cgroup.usage) : std::nullopt;
    if (usage) left = std::min(left, *limit - std::min(*limit, *usage));
  }
  return left;
}

uint64_t left_on_machine() {
  const std::string table = read_text_file("/proc/meminfo").value_or("");
  std::optional<std::string_view> rest = find_line(table, "MemAvailable:");
  const std::optional<uint64_t> kibibytes = rest ? take_number(*rest) : std::nullopt;
  return kibibytes ? *kibibytes * kKiB : kNoLimit;
}

// The first line is "some avg10=0.00 avg60=…". Kernels without pressure information have no such file.
bool is_under_pressure() {
  const std::string table = read_text_file("/proc/pressure/memory").value_or("");
  std::optional<std::string_view> rest = find_line(table, "some avg10=");
  return rest && take_number(*rest).value_or(0) >= kPressure;
}

bool look() {
  return left_on_machine() >= kReserveOfMachine && left_in_cgroups() >= kReserveOfCgroup && !is_under_pressure();
}

}  // namespace

bool has_memory_to_spare() {
  static std::atomic<Clock::rep> next_look = 0;
  static std::atomic<bool> verdict = true;
  if (is_denied("memory to spare")) return false;
  const Clock::time_point now = Clock::now();
  if (now.time_since_epoch().count() >= next_look) {
    next_look = (now + kBetweenLooks).time_since_epoch().count();
    verdict = look();
  }
  return verdict;
}

}  // namespace vmoffer
