// Status: why an operation of the engine failed, as a small value. Result<T>: a value, or the Status of a failure.
// Both are plain values. Any thread may make, move and read its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace vmoffer {

// Two failures have different codes if a caller would handle them differently. Names match the ERR_VMO_ codes of the
// public API. The numbers go over the wire and never change.
enum class Code : uint16_t {
  kOk = 0,
  kInvalidArgument = 1,
  kNoProcess = 2,
  kNotOffered = 3,
  kTooLate = 4,
  kNotPermitted = 5,
  kBusy = 6,
  kNotOwned = 7,
  kTimeout = 8,
  kPeerGone = 9,
  kProtocol = 10,
  kUnsupported = 11,
  kNoMemory = 12,
  kTooMany = 13,
  kSupply = 14,
};

inline constexpr uint16_t kLastCode = 14;

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}
  Status(Code code, std::string message, int error_number, const char* syscall)
      : code_(code), error_number_(error_number), syscall_(syscall), message_(std::move(message)) {}

  bool is_ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  // 0 if no system call failed.
  int error_number() const { return error_number_; }
  // A string literal, empty if no system call failed.
  const char* syscall() const { return syscall_; }
  const std::string& message() const { return message_; }
  // A copy with `more` behind the message.
  Status with(const std::string& more) const { return Status(code_, message_ + "; " + more, error_number_, syscall_); }

 private:
  Code code_ = Code::kOk;
  int error_number_ = 0;
  const char* syscall_ = "";
  std::string message_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  // REQUIRES: !status.is_ok()
  Result(Status status) : status_(std::move(status)) {}

  bool is_ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  // REQUIRES: is_ok()
  T& value() { return *value_; }
  const T& value() const { return *value_; }
  // REQUIRES: is_ok(). Leaves a moved-from value behind.
  T take() { return std::move(*value_); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace vmoffer
