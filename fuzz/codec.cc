// Fuzz target: gives any bytes to engine/wire/codec.h. It must refuse them with a reason, or decode a message that
// encodes and decodes to the same again.
#include "engine/wire/codec.h"

#include <cstdio>
#include <cstdlib>
#include <variant>
#include <vector>

#include "fuzz/target.h"

namespace {

using namespace vmoffer;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz/codec.cc: it does not hold that %s\n", what);
  std::abort();
}

// A truth value has several forms, for any number but 0 is true; and so has a code, for an unknown one counts as a
// protocol error.
bool has_one_form(const wire::Message& message) {
  const bool has_truth = std::holds_alternative<wire::List>(message) || std::holds_alternative<wire::Ask>(message);
  const bool has_code = std::holds_alternative<wire::Refused>(message) || std::holds_alternative<wire::Failed>(message);
  return !has_truth && !has_code;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> bytes(data, data + size);
  const Result<wire::Message> message = wire::decode(bytes);
  if (!message.is_ok()) {
    expect(message.status().code() == Code::kProtocol, "what is no message is a protocol error");
    expect(!message.status().message().empty(), "it has a reason");
    return 0;
  }
  const std::vector<uint8_t> encoded = wire::encode(message.value());
  expect(encoded.size() == bytes.size(), "a message has one length");
  expect(!has_one_form(message.value()) || encoded == bytes, "a message has one form");
  const Result<wire::Message> again = wire::decode(encoded);
  expect(again.is_ok(), "what was encoded can be decoded");
  expect(again.value().index() == message.value().index(), "it is of the same kind");
  expect(wire::encode(again.value()) == encoded, "it is the same");
  return 0;
}
