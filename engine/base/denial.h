// is_denied: a test has the engine do without something that this kernel has, as if the kernel were older. Only in the
// probe build; elsewhere nothing is denied. Any thread.
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
