// inspection: which claims the processes hold that can be seen from here, for `vmoffer top`.
#pragma once

#include <napi.h>

namespace vmoffer {

Napi::Value ask_what_is_held(const Napi::CallbackInfo& info);

}  // namespace vmoffer
