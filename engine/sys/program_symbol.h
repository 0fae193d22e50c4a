// program_symbol: looks up what the running program exports. Any thread.
#pragma once

namespace vmoffer {

// The address of a symbol, by the linker's name for it. Null if neither the program nor a library that it was linked
// with exports it.
void* find_program_symbol(const char* name);

}  // namespace vmoffer
