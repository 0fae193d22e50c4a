#include "native/node_functions.h"

#include <cstdlib>
#include <optional>
#include <string_view>

#include "engine/sys/program_symbol.h"

namespace vmoffer {
namespace {

template <typename Function>
bool find(const char* name, Function& function) {
  function = reinterpret_cast<Function>(find_program_symbol(name));
  return function != nullptr;
}

bool find_v8(NodeFunctions& node) {
  return find("_ZN2v87Isolate10GetCurrentEv", node.current_isolate) &&
         find("_ZN2v811ArrayBuffer15NewBackingStoreEPvmPFvS1_mS1_ES1_", node.new_backing_store) &&
         find("_ZN2v812BackingStore12EmptyDeleterEPvmS1_", node.empty_deleter) &&
         find("_ZN2v812BackingStoreD1Ev", node.destroy_backing_store) && find("_ZdlPv", node.operator_delete) &&
         find("_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE", node.new_array_buffer) &&
         find("_ZN2v811ArrayBuffer12SetDetachKeyENS_5LocalINS_5ValueEEE", node.set_detach_key);
}

bool find_uv(NodeFunctions& node) {
  return find("uv_poll_init", node.poll_init) && find("uv_poll_start", node.poll_start) &&
         find("uv_poll_stop", node.poll_stop) && find("uv_ref", node.ref) && find("uv_unref", node.unref) &&
         find("uv_close", node.close);
}

bool is_node_api_all_that_is_wanted() {
  const char* value = std::getenv("VMOFFER_NODE_API_ONLY");
  return value != nullptr && std::string_view(value) == "1";
}

std::optional<NodeFunctions> find_all() {
  NodeFunctions node = {};
  if (is_node_api_all_that_is_wanted() || !find_v8(node) || !find_uv(node)) return std::nullopt;
  return node;
}

}  // namespace

const NodeFunctions* NodeFunctions::get() {
  static const std::optional<NodeFunctions> found = find_all();
  return found ? &*found : nullptr;
}

}  // namespace vmoffer
