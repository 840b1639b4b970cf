// A wall clock that jumps: to be loaded before the C library (LD_PRELOAD) into a program that is
// not set-id. Real clocks do what nobody may do to a machine that others use.
//
//   JUMP_AFTER_MILLISECONDS=N JUMP_SECONDS=S
//
// From N milliseconds behind the start on the time of day is S seconds later or, below 0, earlier.
// The clocks that never jump, CLOCK_MONOTONIC and the like, are left alone, as settimeofday(2)
// does.

#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

#include <cstdlib>

namespace {

using ClockGettime = int (*)(clockid_t, timespec*);

constexpr long milliseconds_per_second = 1000;
constexpr long nanoseconds_per_millisecond = 1000000;

long number_in(const char* variable) {
  const char* const value = getenv(variable);
  return value == nullptr ? 0 : std::strtol(value, nullptr, 10);
}

long milliseconds_of(const timespec& time) {
  return time.tv_sec * milliseconds_per_second + time.tv_nsec / nanoseconds_per_millisecond;
}

/// What the C library has: it needs no system call, which a sandbox might refuse.
class Clock {
 public:
  Clock()
      : real_(reinterpret_cast<ClockGettime>(dlsym(RTLD_NEXT, "clock_gettime"))),
        jump_(number_in("JUMP_SECONDS")) {
    jumps_at_ = uptime() + number_in("JUMP_AFTER_MILLISECONDS");
  }

  int read(clockid_t clock, timespec* time) const {
    const int status = real_(clock, time);
    const bool jumps = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (status == 0 && jumps && uptime() >= jumps_at_) time->tv_sec += jump_;
    return status;
  }

 private:
  [[nodiscard]] long uptime() const {
    timespec now{};
    real_(CLOCK_MONOTONIC, &now);
    return milliseconds_of(now);
  }

  ClockGettime real_;
  long jump_;
  long jumps_at_ = 0;
};

const Clock& clock_of_library() {
  static const Clock clock;
  return clock;
}

/// Before the program has emptied its environment.
[[gnu::constructor]] void begin() {
  static_cast<void>(clock_of_library());
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* result) noexcept {
  return clock_of_library().read(clock, result);
}

extern "C" int gettimeofday(timeval* result, void*) noexcept {
  timespec now{};
  const int status = clock_of_library().read(CLOCK_REALTIME, &now);
  result->tv_sec = now.tv_sec;
  result->tv_usec = now.tv_nsec / 1000;
  return status;
}

extern "C" time_t time(time_t* result) noexcept {
  timespec now{};
  clock_of_library().read(CLOCK_REALTIME, &now);
  if (result != nullptr) *result = now.tv_sec;
  return now.tv_sec;
}
