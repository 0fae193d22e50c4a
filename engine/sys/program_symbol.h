// What the running program exports, by its linker's name.
#pragma once

namespace vmoffer {

// Null when neither the program nor a library that it was linked with exports `name`.
void* find_program_symbol(const char* name);

}  // namespace vmoffer
