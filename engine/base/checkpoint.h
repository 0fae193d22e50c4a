// checkpoint: a named place in the code at which a test can park the thread that reaches it. Only the probe build has
// checkpoints; in other builds a call compiles to nothing.
#pragma once

#ifdef VMO_PROBE

#include <functional>
#include <string>

namespace vmoffer {

// The hook runs on the thread that reaches a checkpoint, and may block. Null removes it. Any thread may set it.
void set_checkpoint_hook(std::function<void(const std::string& name)> hook);
void checkpoint(const char* name);

}  // namespace vmoffer

#else

namespace vmoffer {
inline void checkpoint(const char*) {}
}  // namespace vmoffer

#endif
