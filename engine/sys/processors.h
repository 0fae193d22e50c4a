// processors: how much of the machine this process may use. Any thread.
#pragma once

#include <functional>
#include <string>

#include "engine/base/look_budget.h"
#include "engine/base/yield_allowance.h"

namespace vmoffer {

// Whether to look: that has paid, and two threads that the calling thread's affinity holds for can run at once, as far
// as that and the limits of the process's control groups say. A thread that looks instead of sleeping would otherwise
// keep from running whoever it looks for.
bool may_look(const LookBudget& budget);

// Whether to look once more. If so, has let another thread of this core run, where the budget says that this is wise.
bool goes_on_looking(LookBudget& budget);

// A budget of this process, for this machine.
LookBudget new_look_budget();

// The least that a control group over this process allows, in processors; infinite if none does. `read` returns the
// text of a file, empty if it cannot be read. Groups of version 1 are not looked at.
double processor_quota(const std::function<std::string(const std::string& path)>& read);

}  // namespace vmoffer
