// inspection: which claims the visible processes hold, for `vmoffer top`.
#pragma once

#include <napi.h>

namespace vmoffer {

Napi::Value ask_what_is_held(const Napi::CallbackInfo& info);

}  // namespace vmoffer
