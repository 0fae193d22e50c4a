// SurveyPlaces: how many brokers are asked at once by all surveys of this process together, so that looking around
// costs a fixed number of descriptors. A broker that is silent keeps its place until somebody else needs it. Loop
// thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>

#include "engine/sys/event_loop.h"

namespace vmoffer {

class SurveyPlaces {
 public:
  using Place = uint64_t;  // 0 is none

  class Tenant {
   public:
    virtual ~Tenant() = default;
    // There may be a place now.
    virtual void on_room() = 0;
    // The broker's place goes to another. Must not ask for one before it has returned.
    virtual void give_way(size_t broker) = 0;
  };

  explicit SurveyPlaces(EventLoop& loop) : loop_(loop) {}
  // For a broker that may be silent for so long before it has to give way. None: on_room will be called.
  Place take(const std::shared_ptr<Tenant>& tenant, size_t broker, std::chrono::milliseconds patience);
  void give_back(Place place);
  // Calls on_room when there may be a place.
  void want(const std::shared_ptr<Tenant>& tenant);

  SurveyPlaces(const SurveyPlaces&) = delete;
  SurveyPlaces& operator=(const SurveyPlaces&) = delete;

 private:
  struct Taken {
    std::weak_ptr<Tenant> tenant;
    size_t broker = 0;
    Clock::time_point gives_way_at;
  };

  std::map<Place, Taken>::iterator first_to_give_way();
  void look_again_at(Clock::time_point when);
  void tell_those_in_want();

  EventLoop& loop_;
  Place last_place_ = 0;
  std::map<Place, Taken> taken_;
  std::deque<std::weak_ptr<Tenant>> in_want_;
  EventLoop::Token next_look_ = 0;
  Clock::time_point next_look_at_;
};

}  // namespace vmoffer
