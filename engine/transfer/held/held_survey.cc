#include "engine/transfer/held/held_survey.h"

#include <map>
#include <memory>
#include <utility>

#include "engine/transfer/asking/survey.h"

namespace vmoffer {
namespace {

// Of one broker: who tells without end must not fill the memory of whoever asks.
constexpr size_t kMaxHeldClaims = 65536;

using Holders = std::map<size_t, Holder>;

bool take_in(Holder& holder, const wire::Message& answer) {
  if (std::holds_alternative<wire::Refused>(answer)) {
    const bool is_permission = std::get<wire::Refused>(answer).code == Code::kNotPermitted;
    holder.answer = is_permission ? Holder::Answer::kRefused : Holder::Answer::kNone;
    return false;
  }
  const auto* held = std::get_if<wire::Held>(&answer);
  if (held == nullptr || held->lines.size() > kMaxHeldClaims - holder.claims.size()) return false;
  holder.claims.insert(holder.claims.end(), held->lines.begin(), held->lines.end());
  return true;
}

// Half a list is none: what is missing would look as if it had been released.
std::vector<Holder> in_order(Holders holders, const std::vector<int>& pids) {
  std::vector<Holder> all;
  for (size_t broker = 0; broker < pids.size(); ++broker) {
    Holder holder = std::move(holders[broker]);
    holder.pid = pids[broker];
    if (holder.answer != Holder::Answer::kTold) holder.claims.clear();
    all.push_back(std::move(holder));
  }
  return all;
}

}  // namespace

void ask_what_is_held(EventLoop& loop, SurveyPlaces& places, std::chrono::milliseconds timeout, HeldSurveyDone done) {
  auto holders = std::make_shared<Holders>();
  Survey::Callbacks callbacks;
  callbacks.on_answer = [holders](size_t broker, const ProcessIdentity&, const wire::Message& answer) {
    return take_in((*holders)[broker], answer);
  };
  callbacks.on_asked = [holders](size_t broker) { (*holders)[broker] = Holder(); };
  callbacks.on_over = [holders](size_t broker, bool is_whole) {
    if (is_whole) (*holders)[broker].answer = Holder::Answer::kTold;
  };
  callbacks.on_done = [holders, done = std::move(done)](const Result<Survey::Asked>& asked) {
    if (!asked.is_ok()) return done(asked.status());
    done(in_order(std::move(*holders), asked.value().pids));
  };
  Survey::start(loop, places, wire::Inspect{}, timeout, std::move(callbacks));
}

}  // namespace vmoffer
