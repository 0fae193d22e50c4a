// is_denied: lets a test make the engine do without a feature of this kernel, as if the kernel were older. Only the
// probe build can deny; in other builds nothing is denied. Any thread.
#pragma once

#ifdef VMO_PROBE

namespace vmoffer {

void deny(const char* what, bool is_denied);
bool is_denied(const char* what);

}  // namespace vmoffer

#else

namespace vmoffer {
inline bool is_denied(const char*) { return false; }
}  // namespace vmoffer

#endif
