#include "native/claims.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <future>
#include <memory>

#include "native/arguments.h"
#include "native/bell_wrap.h"
#include "native/environment.h"
#include "native/errors.h"
#include "native/populate_work.h"
#include "native/region_wrap.h"

namespace vmoffer {
namespace {

struct ClaimArguments {
  ClaimRequest request;
  std::chrono::milliseconds timeout;
};

PagingWish paging_wish(const std::string& name) {
  if (name == "userfault") return PagingWish::kUserFault;
  if (name == "kernel") return PagingWish::kKernel;
  if (name == "eager") return PagingWish::kEager;
  return PagingWish::kAuto;
}

Result<ClaimArguments> read_arguments(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[2].As<Napi::Object>();
  const bool is_pull = text_property(options, "transfer") == "pull";
  const wire::Transfer transfer = is_pull ? wire::Transfer::kPull : wire::Transfer::kMap;
  Result<PagingChoice> paging =
      Environment::of(info.Env()).runtime().choose_paging(paging_wish(text_property(options, "paging")), transfer);
  if (!paging.is_ok()) return paging.status();
  const ClaimRequest request{pid_argument(info, 0),
                             address_argument(info, 1),
                             paging.value(),
                             transfer,
                             kind_named(text_property(options, "kind")),
                             boolean_property(options, "hugetlb"),
                             boolean_property(options, "zerosOnSupplyFailure") ? SuppliedClaim::OnFailure::kZeros
                                                                               : SuppliedClaim::OnFailure::kSignal,
                             boolean_property(options, "immutable")};
  return ClaimArguments{
      request, std::chrono::milliseconds(static_cast<int64_t>(std::ceil(number_property(options, "timeoutMs"))))};
}

// The result of a claim on its way to the JavaScript thread that asked. If that thread ends first, a claim that was
// made goes back to the claims.
class Arrival {
 public:
  Arrival(ClaimsUnderWay& claims, const ClaimRequest& request, Result<ReceivedClaim> result)
      : claims_(claims), request_(request), result_(std::move(result)) {}
  ~Arrival() {
    if (result_.is_ok() && result_.value().region != nullptr) claims_.keep_untaken(request_, result_.take());
  }

  bool is_made() const { return result_.is_ok(); }
  const Status& status() const { return result_.status(); }
  // REQUIRES: is_made(). Untaken until take().
  ReceivedClaim& claim() { return result_.value(); }
  ReceivedClaim take() { return result_.take(); }
  ErrorContext context() const { return {request_.source_pid, request_.address}; }

  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

 private:
  ClaimsUnderWay& claims_;
  const ClaimRequest request_;
  Result<ReceivedClaim> result_;
};

// Empty, and the arrival is untaken, if the thread is being terminated.
Napi::Object wrap(Napi::Env env, Arrival& arrival) {
  const Napi::Object wrapped = RegionWrap::of_claim(env, arrival.claim());
  if (!wrapped.IsEmpty()) arrival.claim().region.reset();
  return wrapped;
}

Status was_given_up() { return Status(Code::kInvalidArgument, "the claim was given up"); }

// Pins all of it, and keeps it pinned.
void fill(const std::shared_ptr<Region>& region, SuppliedClaim::Waiter done) {
  region->supplied()->pin(0, region->byte_length(), std::move(done));
}

Status fill_and_wait(const std::shared_ptr<Region>& region) {
  const auto filled = std::make_shared<std::promise<Status>>();
  std::future<Status> answer = filled->get_future();
  fill(region, [filled](const Status& status) { filled->set_value(status); });
  return answer.get();
}

void deliver(Napi::Env env, const Napi::Function& done, Arrival& arrival) {
  const std::shared_ptr<Region> region = arrival.claim().region;
  const bool is_eager = arrival.claim().paging == Paging::kEager && region->supplied() == nullptr;
  const Napi::Object wrapped = wrap(env, arrival);
  if (wrapped.IsEmpty()) return;
  Bell bell = std::move(arrival.claim().bell);
  if (bell.is_open()) return call_back(env, done, {env.Null(), wrapped, BellWrap::of_bell(env, std::move(bell))});
  if (!is_eager) return call_back(env, done, {env.Null(), wrapped});
  auto held = std::make_shared<Napi::ObjectReference>(Napi::Persistent(wrapped));
  auto held_done = std::make_shared<Napi::FunctionReference>(Napi::Persistent(done));
  // An error of the prefetch does not fail the claim: the memory is this process's already, and missing pages come when
  // they are touched.
  const auto populated = Napi::Function::New(env, [held, held_done](const Napi::CallbackInfo& result) {
    held_done->Value().Call({result.Env().Null(), held->Value()});
  });
  PopulateWork::queue(populated, region, {0, region->byte_length()});
}

// Its stop function lets go of the memory, which ends the filling, and may come when all of it is there.
void deliver_when_filled(Environment& environment, Environment::CallbackId callback,
                         const std::shared_ptr<Arrival>& arrival) {
  const std::shared_ptr<Region> region = arrival->claim().region;
  environment.on_close(callback, [region] { region->release(/*keep_addresses=*/false); });
  fill(region, [notifier = environment.notifier(), callback, arrival](const Status& status) {
    notifier->post([callback, arrival, status](Napi::Env env) {
      const Napi::Function done = Environment::of(env).take_callback(callback);
      const bool is_given_up = arrival->claim().region->state() != RegionState::kLive;
      if (status.is_ok() && !is_given_up) return deliver(env, done, *arrival);
      arrival->claim().region.reset();
      call_back(env, done, {to_error(env, status.is_ok() ? was_given_up() : status, arrival->context())});
    });
  });
}

void conclude(Napi::Env env, Environment::CallbackId callback, const std::shared_ptr<Arrival>& arrival) {
  Environment& environment = Environment::of(env);
  if (arrival->is_made() && arrival->claim().is_to_be_filled) {
    return deliver_when_filled(environment, callback, arrival);
  }
  const Napi::Function done = environment.take_callback(callback);
  if (arrival->is_made()) {
    deliver(env, done, *arrival);
  } else {
    call_back(env, done, {to_error(env, arrival->status(), arrival->context())});
  }
}

ClaimsUnderWay::Ticket begin(Environment& environment, Broker& broker, const ClaimArguments& arguments,
                             Environment::CallbackId callback) {
  const ClaimRequest& request = arguments.request;
  ClaimsUnderWay& claims = broker.claims();
  const auto done = [notifier = environment.notifier(), callback, &claims, request](Result<ReceivedClaim> result) {
    auto arrival = std::make_shared<Arrival>(claims, request, std::move(result));
    notifier->post([arrival, callback](Napi::Env env) { conclude(env, callback, arrival); });
  };
  const ClaimsUnderWay::Ticket ticket =
      claims.ask(environment.claim_batch(broker), callback, request, arguments.timeout, done);
  if (ticket == 0) return claims.begin(request, arguments.timeout, done);
  environment.schedule_look();
  return ticket;
}

}  // namespace

Napi::Value claim_sync(const Napi::CallbackInfo& info) {
  const ErrorContext context{pid_argument(info, 0), address_argument(info, 1)};
  Result<ClaimArguments> arguments = read_arguments(info);
  if (!arguments.is_ok()) return throw_status(info.Env(), arguments.status(), context), Napi::Value();
  Result<Broker*> broker = Environment::of(info.Env()).runtime().broker();
  if (!broker.is_ok()) return throw_status(info.Env(), broker.status(), context), Napi::Value();
  ClaimsUnderWay& claims = broker.value()->claims();
  const ClaimRequest& request = arguments.value().request;
  Arrival arrival(claims, request, claims.claim_and_wait(request, arguments.value().timeout));
  if (!arrival.is_made()) return throw_status(info.Env(), arrival.status(), context), Napi::Value();
  Region& region = *arrival.claim().region;
  if (arrival.claim().is_to_be_filled) {
    const Status filled = fill_and_wait(arrival.claim().region);
    if (!filled.is_ok()) {
      arrival.claim().region.reset();
      return throw_status(info.Env(), filled, context), Napi::Value();
    }
  } else if (arrival.claim().paging == Paging::kEager) {
    // As in deliver(): an error does not fail the claim.
    [[maybe_unused]] const Status populated = region.prefetch(0, region.byte_length());
  }
  return wrap(info.Env(), arrival);
}

Napi::Value claim_async(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const ErrorContext context{pid_argument(info, 0), address_argument(info, 1)};
  Result<ClaimArguments> arguments = read_arguments(info);
  if (!arguments.is_ok()) return throw_status(info.Env(), arguments.status(), context), Napi::Value();
  Result<Broker*> broker = environment.runtime().broker();
  if (!broker.is_ok()) return throw_status(info.Env(), broker.status(), context), Napi::Value();

  const Environment::CallbackId callback = environment.keep_callback(function_argument(info, 3));
  arguments.value().request.is_left = std::make_shared<std::atomic<bool>>(false);
  const ClaimsUnderWay::Ticket ticket = begin(environment, *broker.value(), arguments.value(), callback);
  ClaimsUnderWay& claims = broker.value()->claims();
  environment.on_close(callback,
                       [&claims, ticket, request = arguments.value().request, notifier = environment.notifier()] {
                         notifier->is_closed() ? claims.leave(ticket, request) : claims.abandon(ticket);
                       });
  return Napi::Number::New(info.Env(), static_cast<double>(callback));
}

Napi::Value abandon_claim(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).stop(size_argument(info, 0));
  return info.Env().Undefined();
}

Napi::Value look_for_claims(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  for (ClaimBatch::Answered& answered : Environment::of(env).look_for_claims()) {
    const Napi::HandleScope scope(env);
    const auto arrival = std::make_shared<Arrival>(answered.claims, answered.request, std::move(answered.result));
    conclude(env, answered.key, arrival);
  }
  return env.Undefined();
}

}  // namespace vmoffer
