#include "native/addon.h"

#ifndef VMO_PROBE

static Napi::Object initialize_module(Napi::Env env, Napi::Object exports) {
  return vmoffer::define_addon(env, exports);
}

NODE_API_MODULE(vmoffer, initialize_module)

#endif
