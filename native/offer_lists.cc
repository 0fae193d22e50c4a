#include "native/offer_lists.h"

#include <chrono>
#include <future>
#include <vector>

#include "engine/sys/process.h"
#include "engine/transfer/loop_margin.h"
#include "native/arguments.h"
#include "native/environment.h"
#include "native/errors.h"
#include "native/names.h"
#include "native/offer_wrap.h"

namespace vmoffer {
namespace {

using Received = Result<IncomingList>;

std::chrono::milliseconds timeout_argument(const Napi::CallbackInfo& info) {
  return std::chrono::milliseconds(static_cast<int64_t>(size_argument(info, 0)));
}

Napi::Object record(Napi::Env env, const IncomingOffer& offer, int destination_pid, const char* direction) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("id", Napi::Number::New(env, static_cast<double>(offer.offer_id)));
  object.Set("srcPid", Napi::Number::New(env, offer.source_pid));
  object.Set("destPid", Napi::Number::New(env, destination_pid));
  object.Set("address", Napi::BigInt::New(env, offer.address));
  object.Set("byteLength", Napi::Number::New(env, static_cast<double>(offer.byte_length)));
  object.Set("flags", Napi::Number::New(env, offer.flags & ~kEnginesBits));
  object.Set("supplied", Napi::Boolean::New(env, is_supplied(offer.flags)));
  object.Set("kind", Napi::String::New(env, name_of(kind_of(offer.flags))));
  object.Set("direction", Napi::String::New(env, direction));
  object.Set("state", Napi::String::New(env, name_of(OfferState::kPending)));
  return object;
}

Napi::Object received_record(Napi::Env env, const IncomingOffer& offer) {
  return record(env, offer, own_pid(), "received");
}

Napi::Object sent_record(Napi::Env env, const SentOffer& sent) {
  const Offer& offer = sent.offer;
  Napi::Object object =
      record(env, {own_pid(), offer.id, offer.address, offer.byte_length, offer.flags}, sent.destination_pid, "sent");
  object.Set("state", Napi::String::New(env, name_of(offer.state)));
  return object;
}

Napi::Object listed(Napi::Env env, const IncomingList& received) {
  const std::vector<SentOffer> sent = Environment::of(env).runtime().sent_offers();
  Napi::Array array = Napi::Array::New(env);
  uint32_t count = 0;
  for (const SentOffer& offer : sent) array.Set(count++, sent_record(env, offer));
  for (const IncomingOffer& offer : received.offers) array.Set(count++, received_record(env, offer));
  Napi::Object object = Napi::Object::New(env);
  object.Set("records", array);
  object.Set("missed", Napi::Number::New(env, static_cast<double>(received.missed)));
  return object;
}

}  // namespace

Napi::Value list_sync(const Napi::CallbackInfo& info) {
  Result<Broker*> broker = Environment::of(info.Env()).runtime().broker();
  if (!broker.is_ok()) return throw_status(info.Env(), broker.status()), Napi::Value();
  auto received = std::make_shared<std::promise<Received>>();
  std::future<Received> answer = received->get_future();
  broker.value()->list(timeout_argument(info), [received](Received offers) { received->set_value(std::move(offers)); });
  if (answer.wait_for(timeout_argument(info) + kLoopMargin) != std::future_status::ready) {
    return throw_status(info.Env(), loop_does_not_run()), Napi::Value();
  }
  const Received offers = answer.get();
  if (!offers.is_ok()) return throw_status(info.Env(), offers.status()), Napi::Value();
  return listed(info.Env(), offers.value());
}

Napi::Value list_async(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  Result<Broker*> broker = environment.runtime().broker();
  if (!broker.is_ok()) return throw_status(info.Env(), broker.status()), Napi::Value();
  const Environment::CallbackId callback = environment.keep_callback(function_argument(info, 1));
  broker.value()->list(timeout_argument(info), [notifier = environment.notifier(), callback](Received offers) {
    notifier->post([callback, offers = std::move(offers)](Napi::Env env) {
      const Napi::Function done = Environment::of(env).take_callback(callback);
      if (!offers.is_ok()) return call_back(env, done, {to_error(env, offers.status())});
      call_back(env, done, {env.Null(), listed(env, offers.value())});
    });
  });
  return info.Env().Undefined();
}

// watchIncoming(kind, from, onAvailable, onHeldUp): { take(exceptFrom), stop() }
Napi::Value watch_incoming(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  Result<Broker*> broker = environment.runtime().broker();
  if (!broker.is_ok()) return throw_status(info.Env(), broker.status()), Napi::Value();
  const IncomingWatch::Wanted wanted{kind_argument(info, 0), static_cast<int>(size_argument(info, 1))};
  const Environment::CallbackId callback = environment.keep_callback(function_argument(info, 2));
  const Environment::CallbackId trace = environment.keep_callback(function_argument(info, 3));
  const Broker::Ticket ticket = broker.value()->watch(
      wanted,
      [notifier = environment.notifier(), callback] {
        notifier->post([callback](Napi::Env env) {
          const Napi::Function on_available = Environment::of(env).callback(callback);
          if (!on_available.IsEmpty()) call_back(env, on_available, {});
        });
      },
      [notifier = environment.notifier(), trace](size_t names) {
        notifier->post([trace, names](Napi::Env env) {
          const Napi::Function on_held_up = Environment::of(env).callback(trace);
          if (!on_held_up.IsEmpty()) call_back(env, on_held_up, {Napi::Number::New(env, static_cast<double>(names))});
        });
      });
  const auto stop = [broker = broker.value(), ticket] { broker->unwatch(ticket); };
  environment.on_close(callback, stop);
  const auto take = [broker = broker.value(), ticket](const Napi::CallbackInfo& call) -> Napi::Value {
    const std::optional<IncomingOffer> offer = broker->take_incoming(ticket, pids_argument(call, 0));
    return offer ? Napi::Value(received_record(call.Env(), *offer)) : call.Env().Undefined();
  };
  const auto stop_for_good = [stop, callback, trace](const Napi::CallbackInfo& call) {
    stop();
    Environment::of(call.Env()).take_callback(callback);
    Environment::of(call.Env()).take_callback(trace);
  };
  Napi::Object watch = Napi::Object::New(info.Env());
  watch.Set("take", Napi::Function::New(info.Env(), take));
  watch.Set("stop", Napi::Function::New(info.Env(), stop_for_good));
  return watch;
}

}  // namespace vmoffer
