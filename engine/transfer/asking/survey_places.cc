#include "engine/transfer/asking/survey_places.h"

#include <algorithm>
#include <utility>

#include "engine/sys/process.h"

namespace vmoffer {
namespace {

constexpr uint64_t kMostPlaces = 32;
constexpr uint64_t kFewestPlaces = 4;
// Places may take an eighth of this process's descriptors, one for each place.
constexpr uint64_t kShare = 8;

}  // namespace

SurveyPlaces::Place SurveyPlaces::take(const std::shared_ptr<Tenant>& tenant, size_t broker,
                                       std::chrono::milliseconds patience) {
  const auto now = Clock::now();
  if (taken_.size() >= std::clamp(max_descriptors() / kShare, kFewestPlaces, kMostPlaces)) {
    const auto first = first_to_give_way();
    if (first->second.gives_way_at > now) {
      want(tenant);
      return 0;
    }
    const Taken given = std::move(first->second);
    taken_.erase(first);
    if (const auto other = given.tenant.lock()) other->give_way(given.broker);
  }
  taken_.emplace(++last_place_, Taken{tenant, broker, now + patience});
  return last_place_;
}

void SurveyPlaces::give_back(Place place) {
  if (taken_.erase(place) > 0 && !in_want_.empty()) look_again_at(Clock::now());
}

std::map<SurveyPlaces::Place, SurveyPlaces::Taken>::iterator SurveyPlaces::first_to_give_way() {
  return std::min_element(taken_.begin(), taken_.end(), [](const auto& one, const auto& other) {
    return one.second.gives_way_at < other.second.gives_way_at;
  });
}

void SurveyPlaces::want(const std::shared_ptr<Tenant>& tenant) {
  const auto is_tenant = [&](const std::weak_ptr<Tenant>& entry) { return entry.lock() == tenant; };
  if (std::none_of(in_want_.begin(), in_want_.end(), is_tenant)) in_want_.push_back(tenant);
  look_again_at(taken_.empty() ? Clock::now() : first_to_give_way()->second.gives_way_at);
}

void SurveyPlaces::look_again_at(Clock::time_point when) {
  if (next_look_ != 0 && next_look_at_ <= when) return;
  loop_.cancel_call(next_look_);
  next_look_at_ = when;
  next_look_ = loop_.call_at(when, [this] {
    next_look_ = 0;
    tell_those_in_want();
  });
}

void SurveyPlaces::tell_those_in_want() {
  for (const auto& entry : std::exchange(in_want_, {})) {
    if (const auto tenant = entry.lock()) tenant->on_room();
  }
}

}  // namespace vmoffer
