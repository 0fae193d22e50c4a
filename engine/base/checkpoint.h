// checkpoint: a named place in the code at which a test can park the thread that comes by. Only the probe build has
// them; elsewhere a checkpoint is nothing.
#pragma once

#ifdef VMO_PROBE

#include <functional>
#include <string>

namespace vmoffer {

// Called on the thread that comes by; may block. Null takes it away. Any thread may set it.
void set_checkpoint_hook(std::function<void(const std::string& name)> hook);
void checkpoint(const char* name);

}  // namespace vmoffer

#else

namespace vmoffer {
inline void checkpoint(const char*) {}
}  // namespace vmoffer

#endif
