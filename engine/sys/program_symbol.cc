#include "engine/sys/program_symbol.h"

#include <dlfcn.h>

namespace vmoffer {

void* find_program_symbol(const char* name) { return ::dlsym(RTLD_DEFAULT, name); }

}  // namespace vmoffer
