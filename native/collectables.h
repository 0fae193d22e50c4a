// Collectables: what has a JavaScript object that the collector may have let go, while the finalizer, which the event
// loop calls, has not run. Whoever is short of descriptors cannot wait for it. JavaScript thread only.
#pragma once

#include <cstddef>
#include <set>

namespace vmoffer {

class Collectable {
 public:
  virtual ~Collectable() = default;
  // Where the object has been collected: gives back what the finalizer would. True when there was something.
  virtual bool give_back_if_collected() = 0;
};

// Shared by an environment and its objects, of which some outlive it.
class Collectables {
 public:
  void add(Collectable& collectable) { all_.insert(&collectable); }
  void remove(Collectable& collectable) { all_.erase(&collectable); }

  // How many gave something back.
  size_t give_back_collected() {
    size_t count = 0;
    for (Collectable* each : all_) count += each->give_back_if_collected() ? 1 : 0;
    return count;
  }

 private:
  std::set<Collectable*> all_;
};

}  // namespace vmoffer
