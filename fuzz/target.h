// What a fuzzer and its target agree on: libFuzzer's interface, which fuzz/driver.cc speaks where there is no clang.
#pragma once

#include <cstddef>
#include <cstdint>

// Ends the process when something does not hold for this input.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// Changes the input in place, to at most `max_size` bytes; returns its new size.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);
