#include "native/inspection.h"

#include <chrono>
#include <memory>
#include <vector>

#include "native/arguments.h"
#include "native/environment.h"
#include "native/errors.h"
#include "native/names.h"
#include "native/paging_counters.h"

namespace vmoffer {
namespace {

using Reports = Result<std::vector<HeldReport>>;

const char* name_of_outcome(HeldReport::Outcome outcome) {
  switch (outcome) {
    case HeldReport::Outcome::kNone:
      break;
    case HeldReport::Outcome::kRefused:
      return "refused";
    case HeldReport::Outcome::kTold:
      return "told";
  }
  return "none";
}

void set_numbers(Napi::Object object, const wire::HeldLine& line) {
  const auto set = [&](const char* name, uint64_t value) {
    object.Set(name, Napi::Number::New(object.Env(), static_cast<double>(value)));
  };
  set("number", line.number);
  set("byteLength", line.byte_length);
  set("srcPid", line.source_pid);
  set("flags", line.flags & ~kEnginesBits);
  set("residentPages", line.residency.resident_pages);
  set("pagesLookedAt", line.residency.pages_looked_at);
}

Napi::Object latency(Napi::Env env, const wire::HeldLine& line) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("p50", microseconds(env, line.fault_ns_p50));
  object.Set("p99", microseconds(env, line.fault_ns_p99));
  return object;
}

Napi::Array cells(Napi::Env env, const std::vector<uint8_t>& shares) {
  Napi::Array array = Napi::Array::New(env, shares.size());
  for (uint32_t i = 0; i < shares.size(); ++i) array.Set(i, Napi::Number::New(env, shares[i]));
  return array;
}

Napi::Object claim_object(Napi::Env env, const wire::HeldLine& line) {
  Napi::Object object = Napi::Object::New(env);
  set_numbers(object, line);
  set_counters(object, line.counts);
  object.Set("address", Napi::BigInt::New(env, line.address));
  object.Set("supplied", Napi::Boolean::New(env, is_supplied(line.flags)));
  object.Set("kind", Napi::String::New(env, name_of(kind_of(line.flags))));
  object.Set("transfer", Napi::String::New(env, name_of(line.transfer)));
  object.Set("paging", Napi::String::New(env, name_of(line.paging)));
  object.Set("faultLatency", latency(env, line));
  object.Set("cells", cells(env, line.residency.cells));
  return object;
}

Napi::Object report_object(Napi::Env env, const HeldReport& report) {
  Napi::Array claims = Napi::Array::New(env, report.claims.size());
  for (uint32_t i = 0; i < report.claims.size(); ++i) claims.Set(i, claim_object(env, report.claims[i]));
  Napi::Object object = Napi::Object::New(env);
  object.Set("pid", Napi::Number::New(env, report.pid));
  object.Set("answer", Napi::String::New(env, name_of_outcome(report.outcome)));
  object.Set("claims", claims);
  return object;
}

Napi::Array report_objects(Napi::Env env, const std::vector<HeldReport>& reports) {
  Napi::Array array = Napi::Array::New(env, reports.size());
  for (uint32_t i = 0; i < reports.size(); ++i) array.Set(i, report_object(env, reports[i]));
  return array;
}

}  // namespace

Napi::Value ask_what_is_held(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  Result<Broker*> broker = environment.runtime().broker();
  if (!broker.is_ok()) return throw_status(info.Env(), broker.status()), Napi::Value();
  const std::chrono::milliseconds timeout(static_cast<int64_t>(size_argument(info, 0)));
  const Environment::CallbackId callback = environment.keep_callback(function_argument(info, 1));
  broker.value()->ask_what_is_held(timeout, [notifier = environment.notifier(), callback](Reports reports) {
    notifier->post([callback, reports = std::move(reports)](Napi::Env env) {
      const Napi::Function done = Environment::of(env).take_callback(callback);
      if (!reports.is_ok()) return call_back(env, done, {to_error(env, reports.status())});
      call_back(env, done, {env.Null(), report_objects(env, reports.value())});
    });
  });
  return info.Env().Undefined();
}

}  // namespace vmoffer
