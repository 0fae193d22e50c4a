#include "native/paging_counters.h"

namespace vmoffer {

void set_counters(Napi::Object object, const PagingCounts& counts) {
  for (const auto& [name, count] : kPagingCounters) {
    object.Set(name, Napi::Number::New(object.Env(), static_cast<double>(counts.*count)));
  }
}

Napi::Number microseconds(Napi::Env env, uint64_t nanoseconds) {
  return Napi::Number::New(env, static_cast<double>(nanoseconds) / 1000.0);
}

}  // namespace vmoffer
