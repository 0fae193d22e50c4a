#include "engine/sys/memory_room.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/denial.h"
#include "engine/base/units.h"

namespace vmoffer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenLooks{20};
constexpr uint64_t kReserveOfMachine = 256 * kMiB;
constexpr uint64_t kReserveOfCgroup = 64 * kMiB;
// Share of the last ten seconds in which some thread has waited for memory, in percent.
constexpr double kPressure = 10;
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// A memory cgroup's limit and usage; a parent's limit holds as well.
struct CgroupFiles {
  std::string limit;
  std::string usage;
};

std::optional<uint64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  if (!(file >> number)) return std::nullopt;  // not there, or 'max'
  return number;
}

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
  std::ifstream table("/proc/self/cgroup");
  for (std::string line; std::getline(table, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
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
    const std::optional<uint64_t> limit = read_number(cgroup.limit);
    const std::optional<uint64_t> usage = limit ? read_number(cgroup.usage) : std::nullopt;
    if (usage) left = std::min(left, *limit - std::min(*limit, *usage));
  }
  return left;
}

uint64_t left_on_machine() {
  std::ifstream table("/proc/meminfo");
  for (std::string line; std::getline(table, line);) {
    if (line.rfind("MemAvailable:", 0) == 0) return std::strtoull(line.c_str() + 13, nullptr, 10) * kKiB;
  }
  return kNoLimit;
}

// The first line: some avg10=0.00 avg60=… Kernels without pressure information have none.
bool is_under_pressure() {
  std::ifstream file("/proc/pressure/memory");
  std::string word;
  std::string average;
  if (!(file >> word >> average) || average.rfind("avg10=", 0) != 0) return false;
  return std::strtod(average.c_str() + 6, nullptr) >= kPressure;
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
