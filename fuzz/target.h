// The interface between a fuzzer and its target: that of libFuzzer, which fuzz/driver.cc provides where there is no
// clang.
#pragma once

#include <cstddef>
#include <cstdint>

// Ends the process if a property does not hold for this input.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// Changes the input in place, to at most `max_size` bytes; returns its new size.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);
