// A fuzzer for machines without libFuzzer: it mutates inputs, and keeps those that reach a new part of the target. The
// target is compiled with -fsanitize-coverage=trace-pc, this file is not.
//
//   driver FILE…                                       runs these once
//   driver --seconds N --seed S --current FILE FOLDER…  mutates the inputs in the folders
//
// While an input runs it is in the file `current`, behind its length: it can be found there however the process ends.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/target.h"

namespace {

using Input = std::vector<uint8_t>;

constexpr size_t kMaxInput = 8192;
constexpr size_t kPlaces = 1 << 16;
constexpr unsigned kLookAtClockEach = 1024;

uint8_t reached[kPlaces];
bool has_reached_new = false;
uintptr_t last_place = 0;

Input read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "fuzz: %s cannot be read\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

// Maps the file, so that its contents survive the process.
uint8_t* map_current(const char* path) {
  const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool is_there = fd >= 0 && ftruncate(fd, sizeof(uint64_t) + kMaxInput) == 0;
  void* memory =
      is_there ? mmap(nullptr, sizeof(uint64_t) + kMaxInput, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (memory == MAP_FAILED) {
    std::perror(path);
    std::exit(2);
  }
  return static_cast<uint8_t*>(memory);
}

class Fuzzer {
 public:
  Fuzzer(uint8_t* current, unsigned seed) : current_(current), random_(seed) {}

  void add(Input input) {
    input.resize(std::min(input.size(), kMaxInput));
    run(input);
    inputs_.push_back(std::move(input));
  }

  void step() {
    Input input = inputs_[random_() % inputs_.size()];
    if (random_() % 8 == 0) join(input, inputs_[random_() % inputs_.size()]);
    const size_t size = input.size();
    input.resize(kMaxInput);
    input.resize(LLVMFuzzerCustomMutator(input.data(), size, kMaxInput, static_cast<unsigned>(random_())));
    if (run(input)) inputs_.push_back(std::move(input));
  }

  size_t kept() const { return inputs_.size(); }
  uint64_t runs() const { return runs_; }

 private:
  // True if the input reached a new part.
  bool run(const Input& input) {
    const uint64_t size = input.size();
    std::memcpy(current_, &size, sizeof(size));
    std::memcpy(current_ + sizeof(size), input.data(), input.size());
    has_reached_new = false;
    last_place = 0;
    ++runs_;
    LLVMFuzzerTestOneInput(input.data(), input.size());
    return has_reached_new;
  }

  // Joins the front of one input and the back of the other.
  void join(Input& input, const Input& other) {
    input.resize(random_() % (input.size() + 1));
    const size_t from = random_() % (other.size() + 1);
    input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
    input.resize(std::min(input.size(), kMaxInput));
  }

  uint8_t* const current_;
  std::mt19937 random_;
  std::vector<Input> inputs_;
  uint64_t runs_ = 0;
};

int run_files(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const Input input = read_file(path);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    std::printf("%s: passed\n", path.c_str());
  }
  return 0;
}

int fuzz(double seconds, unsigned seed, const char* current, const std::vector<std::string>& folders) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  Fuzzer fuzzer(map_current(current), seed);
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) fuzzer.add(read_file(entry.path()));
  }
  const size_t given = fuzzer.kept();
  if (given == 0) {
    std::fprintf(stderr, "fuzz: there is no input to begin with\n");
    return 2;
  }
  do {
    for (unsigned i = 0; i < kLookAtClockEach; ++i) fuzzer.step();
  } while (Clock::now() < end);
  std::printf("%llu inputs, %zu of them reached something new, seed %u\n",
              static_cast<unsigned long long>(fuzzer.runs()), fuzzer.kept() - given, seed);
  return 0;
}

}  // namespace

// Called by the compiler's code at each branch of the target.
extern "C" void __sanitizer_cov_trace_pc() {
  const auto place = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  uint8_t& seen = reached[(place ^ (last_place >> 1)) % kPlaces];
  has_reached_new |= seen == 0;
  seen = 1;
  last_place = place;
}

int main(int argc, char** argv) {
  double seconds = 0;
  unsigned seed = 0;
  const char* current = nullptr;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (word.rfind("--", 0) == 0) ++i;
    if (word == "--seconds")
      seconds = std::atof(value);
    else if (word == "--seed")
      seed = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
    else if (word == "--current")
      current = value;
    else
      paths.push_back(word);
  }
  return current ? fuzz(seconds, seed, current, paths) : run_files(paths);
}
