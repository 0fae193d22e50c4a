// memory_room: whether memory may be spent on a guess. Any thread.
#pragma once

namespace vmoffer {

// False if the machine or this process's memory cgroup has little memory left, or if threads already wait for memory.
// It reads some files of /proc and of the cgroup, at most every few milliseconds.
bool has_memory_to_spare();

}  // namespace vmoffer
