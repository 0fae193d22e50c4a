// processors: how much of the machine this process may use. Any thread.
#pragma once

#include <functional>
#include <string>

namespace vmoffer {

// True if two threads that the calling thread's affinity holds for can run at once, as far as that and the limits of
// the process's control groups say. A thread that looks instead of sleeping would otherwise keep from running whoever
// it looks for.
bool has_second_processor();

// The least that a control group over this process allows, in processors; infinite if none does. `read` returns the
// text of a file, empty if it cannot be read. Groups of version 1 are not looked at.
double processor_quota(const std::function<std::string(const std::string& path)>& read);

}  // namespace vmoffer
