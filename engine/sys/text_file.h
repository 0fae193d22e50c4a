// text_file: reads files of /proc and /sys. Not with C++ streams, whose locales would add a third of a megabyte of
// code. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vmoffer {

// The whole file; nothing, with errno, if it cannot be opened or read.
std::optional<std::string> read_text_file(const std::string& path);
// The first line of the file; empty if it cannot be read.
std::string first_line_of(const std::string& path);
// The number with which the file begins.
std::optional<uint64_t> read_number_file(const std::string& path);

}  // namespace vmoffer
