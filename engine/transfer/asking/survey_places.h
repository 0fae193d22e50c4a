// SurveyPlaces: limits how many brokers all surveys of this process ask at once, so that surveys cost a fixed number of
// descriptors. A silent broker keeps its place until another needs it. Loop thread only.
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
    // The broker's place goes to another. Must not ask for a place before it has returned.
    virtual void give_way(size_t broker) = 0;
  };

  explicit SurveyPlaces(EventLoop& loop) : loop_(loop) {}
  // Takes a place for a broker, which must give way if it is silent for longer than `patience`. 0 if there is none:
  // then on_room() will be called.
  Place take(const std::shared_ptr<Tenant>& tenant, size_t broker, std::chrono::milliseconds patience);
  void give_back(Place place);
  // Calls on_room() once there may be a place.
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
