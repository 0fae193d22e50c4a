#include "native/bell_watch.h"

#include <utility>

#include "native/environment.h"
#include "native/node_functions.h"
#include "native/thread_bell_watch.h"
#include "native/uv_bell_watch.h"

namespace vmoffer {

BellWatch* BellWatch::start(Environment& environment, Bell bell, BellListener& listener) {
  const NodeFunctions* node = NodeFunctions::get();
  if (node == nullptr) return ThreadBellWatch::start(environment, std::move(bell), listener);
  return UvBellWatch::start(*node, environment.env(), std::move(bell), listener);
}

}  // namespace vmoffer
