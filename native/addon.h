// addon: defines what the addon exports to ts/native.ts. The probe exports the same and more.
#pragma once

#include <napi.h>

namespace vmoffer {

Napi::Object define_addon(Napi::Env env, Napi::Object exports);

}  // namespace vmoffer
