// The limit of descriptors of this process.
#pragma once

#include <algorithm>
#include <cstddef>

#if !defined(_WIN32)
#include <sys/resource.h>
#endif

namespace brink::selftest {

// Raises the limit to `wanted` if possible, and returns the current one.
inline size_t raise_descriptor_limit(size_t wanted) {
#if defined(_WIN32)
  return wanted;  // there is no such limit
#else
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, std::min<rlim_t>(wanted, limit.rlim_max));
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<size_t>(limit.rlim_cur) : 0;
#endif
}

}  // namespace brink::selftest
