// memory_room: whether memory may be spent on a guess. Any thread.
#pragma once

namespace vmoffer {

// False when the machine or this process's memory cgroup has little left, or when threads wait for memory already. It
// looks at some files of /proc and of the cgroup, every few milliseconds at most.
bool has_memory_to_spare();

}  // namespace vmoffer
