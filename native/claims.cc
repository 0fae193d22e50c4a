#include "native/claims.h"

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
  ErrorContext context;
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
      request,
      std::chrono::milliseconds(static_cast<int64_t>(std::ceil(number_property(options, "timeoutMs")))),
      {request.source_pid, request.address}};
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

void deliver(Napi::Env env, const Napi::Function& done, ReceivedClaim claim) {
  const bool is_eager = claim.paging == Paging::kEager && claim.region->supplied() == nullptr;
  const std::shared_ptr<Region> region = claim.region;
  Bell bell = std::move(claim.bell);
  const Napi::Object wrapped = RegionWrap::of_claim(env, std::move(claim));
  if (wrapped.IsEmpty()) return;
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
void deliver_when_filled(Environment& environment, Environment::CallbackId callback, ReceivedClaim claim,
                         const ErrorContext& context) {
  const std::shared_ptr<Region> region = claim.region;
  auto held = std::make_shared<ReceivedClaim>(std::move(claim));
  environment.on_close(callback, [region] { region->release(/*keep_addresses=*/false); });
  fill(region, [notifier = environment.notifier(), callback, held, context](const Status& status) {
    notifier->post([callback, held, status, context](Napi::Env env) {
      const Napi::Function done = Environment::of(env).take_callback(callback);
      const bool is_given_up = held->region->state() != RegionState::kLive;
      if (status.is_ok() && !is_given_up) return deliver(env, done, std::move(*held));
      held->region.reset();
      call_back(env, done, {to_error(env, status.is_ok() ? was_given_up() : status, context)});
    });
  });
}

void conclude(Napi::Env env, Environment::CallbackId callback, Result<ReceivedClaim>& result,
              const ErrorContext& context) {
  Environment& environment = Environment::of(env);
  if (result.is_ok() && result.value().is_to_be_filled) {
    return deliver_when_filled(environment, callback, result.take(), context);
  }
  const Napi::Function done = environment.take_callback(callback);
  if (result.is_ok()) {
    deliver(env, done, result.take());
  } else {
    call_back(env, done, {to_error(env, result.status(), context)});
  }
}

ClaimsUnderWay::Ticket begin(Environment& environment, Broker& broker, const ClaimArguments& arguments,
                             Environment::CallbackId callback) {
  const ClaimRequest& request = arguments.request;
  const ErrorContext& context = arguments.context;
  ClaimsUnderWay& claims = broker.claims();
  const auto done = [notifier = environment.notifier(), callback, context](Result<ReceivedClaim> claim) {
    auto result = std::make_shared<Result<ReceivedClaim>>(std::move(claim));
    notifier->post([result, callback, context](Napi::Env env) { conclude(env, callback, *result, context); });
  };
  if (claims.is_look_worthwhile()) {
    const ClaimsUnderWay::Ticket ticket =
        claims.ask(environment.claim_batch(broker), callback, request, arguments.timeout, done);
    if (ticket != 0) return environment.schedule_look(), ticket;
  }
  return claims.begin(request, arguments.timeout, done);
}

}  // namespace

Napi::Value claim_sync(const Napi::CallbackInfo& info) {
  const ErrorContext context{pid_argument(info, 0), address_argument(info, 1)};
  Result<ClaimArguments> arguments = read_arguments(info);
  if (!arguments.is_ok()) return throw_status(info.Env(), arguments.status(), context), Napi::Value();
  Result<Broker*> broker = Environment::of(info.Env()).runtime().broker();
  if (!broker.is_ok()) return throw_status(info.Env(), broker.status(), context), Napi::Value();
  Result<ReceivedClaim> claim =
      broker.value()->claims().claim_and_wait(arguments.value().request, arguments.value().timeout);
  if (!claim.is_ok()) return throw_status(info.Env(), claim.status(), context), Napi::Value();
  if (claim.value().is_to_be_filled) {
    const Status filled = fill_and_wait(claim.value().region);
    if (!filled.is_ok()) return throw_status(info.Env(), filled, context), Napi::Value();
  } else if (claim.value().paging == Paging::kEager) {
    // As in deliver(): an error does not fail the claim.
    [[maybe_unused]] const Status populated = claim.value().region->prefetch(0, claim.value().region->byte_length());
  }
  return RegionWrap::of_claim(info.Env(), claim.take());
}

Napi::Value claim_async(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const ErrorContext context{pid_argument(info, 0), address_argument(info, 1)};
  Result<ClaimArguments> arguments = read_arguments(info);
  if (!arguments.is_ok()) return throw_status(info.Env(), arguments.status(), context), Napi::Value();
  Result<Broker*> broker = environment.runtime().broker();
  if (!broker.is_ok()) return throw_status(info.Env(), broker.status(), context), Napi::Value();

  const Environment::CallbackId callback = environment.keep_callback(function_argument(info, 3));
  const ClaimsUnderWay::Ticket ticket = begin(environment, *broker.value(), arguments.value(), callback);
  const auto abandon = [broker = broker.value(), ticket] { broker->claims().abandon(ticket); };
  environment.on_close(callback, abandon);
  return Napi::Function::New(
      info.Env(), [callback](const Napi::CallbackInfo& call) { Environment::of(call.Env()).stop(callback); });
}

Napi::Value look_for_claims(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  for (ClaimBatch::Answered& answered : Environment::of(env).look_for_claims()) {
    const Napi::HandleScope scope(env);
    conclude(env, answered.key, answered.result, {answered.request.source_pid, answered.request.address});
  }
  return env.Undefined();
}

}  // namespace vmoffer
