// Collectables: native objects whose JavaScript objects may have been collected while their finalizers, which the event
// loop calls, have not run. A call that is short of descriptors cannot wait for the finalizers. JavaScript thread only.
#pragma once

#include <cstddef>
#include <set>

namespace vmoffer {

class Collectable {
 public:
  virtual ~Collectable() = default;
  // If the object has been collected, gives back what the finalizer would. True if there was something to give back.
  virtual bool give_back_if_collected() = 0;
};

// An environment and its objects share it, because some objects outlive the environment.
class Collectables {
 public:
  void add(Collectable& collectable) { all_.insert(&collectable); }
  void remove(Collectable& collectable) { all_.erase(&collectable); }

  // Returns how many gave something back.
  size_t give_back_collected() {
    size_t count = 0;
    for (Collectable* each : all_) count += each->give_back_if_collected() ? 1 : 0;
    return count;
  }

 private:
  std::set<Collectable*> all_;
};

}  // namespace vmoffer
