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

Napi::Number count(Napi::Env env, uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

Napi::Object latency(Napi::Env env, const LatencyHistogram& histogram) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("p50", microseconds(env, histogram.percentile(0.5)));
  object.Set("p90", microseconds(env, histogram.percentile(0.9)));
  object.Set("p99", microseconds(env, histogram.percentile(0.99)));
  object.Set("max", microseconds(env, histogram.max()));
  return object;
}

}  // namespace vmoffer
