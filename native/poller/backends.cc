// The list of pollers, best first. To add one, write a file and add a line here.
#include "net/platform.h"
#include "poller/poller.h"

namespace brink::poller {

std::unique_ptr<Poller> open_epoll(int* error);
std::unique_ptr<Poller> open_epoll_level(int* error);
std::unique_ptr<Poller> open_kqueue(int* error);
std::unique_ptr<Poller> open_poll(int* error);
std::unique_ptr<Poller> open_select(int* error);

const std::vector<Backend>& backends() {
  static const std::vector<Backend> list = {
#if defined(BRINK_LINUX)
    {"epoll", open_epoll, true},
    {"epoll-level", open_epoll_level, true},
#endif
#if defined(BRINK_KQUEUE)
    {"kqueue", open_kqueue, true},
#endif
    {"poll", open_poll, false},
    {"select", open_select, false},
  };
  return list;
}

const Backend* find_backend(std::string_view name) {
  for (const Backend& backend : backends()) {
    if (name == "auto" || name == backend.name) return &backend;
  }
  return nullptr;
}

}  // namespace brink::poller
