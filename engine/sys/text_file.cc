#include "engine/sys/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <string_view>

#include "engine/base/text.h"
#include "engine/sys/call.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {
namespace {

constexpr size_t kBytesPerRead = 4096;

}  // namespace

std::optional<std::string> read_text_file(const std::string& path) {
  const UniqueFd file(retry_on_eintr([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!file.is_open()) return std::nullopt;
  std::string text;
  for (;;) {
    const size_t had = text.size();
    text.resize(had + kBytesPerRead);
    const ssize_t got = retry_on_eintr([&] { return ::read(file.get(), text.data() + had, kBytesPerRead); });
    if (got < 0) return std::nullopt;
    text.resize(had + static_cast<size_t>(got));
    if (got == 0) return text;
  }
}

std::string first_line_of(const std::string& path) {
  const std::optional<std::string> text = read_text_file(path);
  if (!text) return "";
  std::string_view rest = *text;
  return std::string(take_line(rest).value_or(""));
}

std::optional<uint64_t> read_number_file(const std::string& path) {
  const std::optional<std::string> text = read_text_file(path);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  return take_number(rest);
}

}  // namespace vmoffer
