#include "engine/transfer/held/held_survey.h"

#include <map>
#include <memory>
#include <utility>

#include "engine/transfer/asking/survey.h"

namespace vmoffer {
namespace {

// The limit for one broker: an endless answer must not fill the memory of the process that asks.
constexpr size_t kMaxHeldClaims = 65536;

using Reports = std::map<size_t, HeldReport>;

bool take_in(HeldReport& report, const wire::Message& answer) {
  if (std::holds_alternative<wire::Refused>(answer)) {
    const bool is_permission = std::get<wire::Refused>(answer).code == Code::kNotPermitted;
    report.outcome = is_permission ? HeldReport::Outcome::kRefused : HeldReport::Outcome::kNone;
    return false;
  }
  const auto* held = std::get_if<wire::Held>(&answer);
  if (held == nullptr || held->lines.size() > kMaxHeldClaims - report.claims.size()) return false;
  report.claims.insert(report.claims.end(), held->lines.begin(), held->lines.end());
  return true;
}

// An incomplete list counts as none: the missing claims would look as if they had been released.
std::vector<HeldReport> in_order(Reports reports, const std::vector<int>& pids) {
  std::vector<HeldReport> all;
  for (size_t broker = 0; broker < pids.size(); ++broker) {
    HeldReport report = std::move(reports[broker]);
    report.pid = pids[broker];
    if (report.outcome != HeldReport::Outcome::kTold) report.claims.clear();
    all.push_back(std::move(report));
  }
  return all;
}

}  // namespace

void ask_what_is_held(EventLoop& loop, SurveyPlaces& places, std::chrono::milliseconds timeout, HeldSurveyDone done) {
  auto reports = std::make_shared<Reports>();
  Survey::Callbacks callbacks;
  callbacks.on_answer = [reports](size_t broker, const ProcessIdentity&, const wire::Message& answer) {
    return take_in((*reports)[broker], answer);
  };
  callbacks.on_asked = [reports](size_t broker) { (*reports)[broker] = HeldReport(); };
  callbacks.on_over = [reports](size_t broker, bool is_whole) {
    if (is_whole) (*reports)[broker].outcome = HeldReport::Outcome::kTold;
  };
  callbacks.on_done = [reports, done = std::move(done)](const Result<Survey::Asked>& asked) {
    if (!asked.is_ok()) return done(asked.status());
    done(in_order(std::move(*reports), asked.value().pids));
  };
  Survey::start(loop, places, wire::Inspect{}, timeout, std::move(callbacks));
}

}  // namespace vmoffer
